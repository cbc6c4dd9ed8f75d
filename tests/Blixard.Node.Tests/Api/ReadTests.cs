using System.Text.Json;
using Blixard.Client.Contracts;
using Blixard.StateMachine.Commands;

namespace Blixard.Node.Tests.Api;

/// <summary>What all reads of /v1 have in common.</summary>
public class ReadTests
{
    [Theory]
    [InlineData("/v1/vms")]
    [InlineData("/v1/vms/web1")]
    [InlineData("/v1/nodes")]
    [InlineData("/v1/nodes/n1")]
    [InlineData("/v1/cluster")]
    public async Task A_cut_off_node_answers_stale_reads_with_their_age_and_refuses_linearizable_ones(string path)
    {
        await using var host = await ApiHost.StartClusterAsync();
        host.RegisterVm("web1", "n1");
        using var before = await host.GetAsync(path);
        host.Engine.CutOff();
        host.Time.Advance(TimeSpan.FromSeconds(12.5));

        using var linearizable = await host.GetAsync(path);
        using var stale = await host.GetAsync(path + "?consistency=stale");

        Assert.True(before.IsSuccessStatusCode);
        Assert.False(before.Headers.Contains(ApiRoutes.LastContactHeader));
        await ApiHost.ProblemAsync(linearizable, ProblemTypes.NoLeader, 503);
        Assert.True(stale.IsSuccessStatusCode);
        Assert.Equal("12.500", stale.Headers.GetValues(ApiRoutes.LastContactHeader).Single());
        Assert.Equal(ApiHost.IndexOf(before), ApiHost.IndexOf(stale));
    }

    [Fact]
    public async Task A_linearizable_read_waits_until_what_is_committed_is_applied_here()
    {
        await using var host = await ApiHost.StartClusterAsync();
        host.Engine.Behind = 1;

        var read = host.ReadAsync("/v1/vms", ApiJson.Default.IReadOnlyListVm);

        // Only then: what is committed before the index is asked for is part of what it waits for.
        await host.Engine.ReadConfirmed.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.False(read.IsCompleted);
        host.RegisterVm("web1", "n2");

        Assert.Equal("web1", Assert.Single(await read).Name);
    }

    [Fact]
    public async Task A_node_that_does_not_catch_up_in_time_says_so()
    {
        await using var host = await ApiHost.StartClusterAsync();
        host.Engine.Behind = 10;

        var read = host.GetAsync("/v1/vms");
        await host.Time.SomebodyWaitsAsync(TimeSpan.FromSeconds(5));
        host.Time.Advance(TimeSpan.FromSeconds(5));

        await ApiHost.ProblemAsync(await read, ProblemTypes.NotReady, 503);
    }

    [Fact]
    public async Task A_read_of_a_later_index_waits_for_it_and_then_tells_how_far_it_came()
    {
        await using var host = await ApiHost.StartClusterAsync();
        var index = host.Replica.State.Index;

        var reached = host.GetAsync($"/v1/vms?consistency=stale&min_index={index + 1}");
        await host.Time.SomebodyWaitsAsync(TimeSpan.FromSeconds(5));
        host.RegisterVm("web1", "n2");
        var missed = host.GetAsync($"/v1/vms?consistency=stale&min_index={index + 2}");
        Assert.Equal(index + 1, ApiHost.IndexOf(await reached));
        await host.Time.SomebodyWaitsAsync(TimeSpan.FromSeconds(5));
        host.Time.Advance(TimeSpan.FromSeconds(5));

        var problem = await ApiHost.ProblemAsync(await missed, ProblemTypes.StaleIndex, 503);
        Assert.Equal(index + 1, problem.Extensions!["index"].GetUInt64());
    }

    [Theory]
    [InlineData("?consistency=stale&min_index=1000")]
    [InlineData("?wait=30s&index=1000")]
    public async Task More_reads_than_may_wait_are_refused_and_served_again_when_one_ends(string query)
    {
        await using var host = await ApiHost.StartClusterAsync(new() { MaxWaitingReads = 1 });
        using var gone = new CancellationTokenSource();
        var waiting = host.Http.GetAsync($"/v1/vms{query}", gone.Token);
        await host.WaitsAsync(reads: 1);

        using var refused = await host.GetAsync("/v1/vms");
        using var named = await host.SendAsync(HttpMethod.Delete, "/v1/cluster/members/n3");
        using var local = await host.GetAsync("/vms");
        await ApiHost.ProblemAsync(refused, ProblemTypes.Overloaded, 503);
        await ApiHost.ProblemAsync(named, ProblemTypes.Overloaded, 503);
        Assert.Equal("1", refused.Headers.RetryAfter?.ToString());
        Assert.True(local.IsSuccessStatusCode);
        Assert.Contains("blixard_waiting_reads 1", await host.Http.GetStringAsync("/metrics"));

        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await host.WaitsAsync(reads: 0);
        using var served = await host.GetAsync("/v1/vms");
        Assert.True(served.IsSuccessStatusCode);
    }

    [Fact]
    public async Task A_waiting_read_ends_when_its_resource_changed_and_not_before()
    {
        await using var host = await ApiHost.StartClusterAsync();
        host.RegisterVm("web1", "n1");
        var seen = host.RegisterVm("web2", "n1");

        var waiting = host.GetAsync($"/v1/vms/web1?wait=30s&index={seen}");
        await host.Time.SomebodyWaitsAsync(TimeSpan.FromSeconds(30));
        host.Report("n1", ApiHost.Seen("web2", StateMachine.Commands.VmState.Running));
        Assert.False(waiting.IsCompleted);
        var changed = host.Report("n1", ApiHost.Seen("web1", StateMachine.Commands.VmState.Failed));

        using var answer = await waiting;
        Assert.Equal(changed, ApiHost.IndexOf(answer));
        var vm = JsonSerializer.Deserialize(await answer.Content.ReadAsStringAsync(), ApiJson.Default.Vm)!;
        Assert.Equal(Client.Contracts.VmState.Failed, vm.State);
    }

    [Theory]
    [InlineData("/v1/vms")]
    [InlineData("/v1/nodes")]
    [InlineData("/v1/cluster")]
    public async Task A_wait_that_is_over_answers_what_there_is(string path)
    {
        await using var host = await ApiHost.StartClusterAsync();

        var waiting = host.GetAsync($"{path}?wait=250ms&index={host.Replica.State.Index}");
        await host.Time.SomebodyWaitsAsync(TimeSpan.FromMilliseconds(250));
        host.Time.Advance(TimeSpan.FromMilliseconds(250));

        Assert.Equal(host.Replica.State.Index, ApiHost.IndexOf(await waiting));
    }

    [Fact]
    public async Task A_change_that_came_before_the_wait_is_answered_at_once()
    {
        await using var host = await ApiHost.StartClusterAsync();
        var seen = host.RegisterVm("web1", "n1");
        host.Report("n1", ApiHost.Seen("web1", StateMachine.Commands.VmState.Running));

        using var answer = await host.GetAsync($"/v1/vms/web1?wait=5m&index={seen}");

        Assert.Equal(host.Replica.State.Index, ApiHost.IndexOf(answer));
    }

    [Fact]
    public async Task A_wait_for_the_cluster_ends_when_its_leader_changes()
    {
        await using var host = await ApiHost.StartClusterAsync();

        var waiting = host.GetAsync($"/v1/cluster?wait=1m&index={host.Replica.State.Index}");
        await host.Time.SomebodyWaitsAsync(TimeSpan.FromMinutes(1));
        host.Engine.Follow();

        var text = await (await waiting).Content.ReadAsStringAsync();
        Assert.Equal("n2", JsonSerializer.Deserialize(text, ApiJson.Default.ClusterStatus)!.Leader);
    }

    [Fact]
    public async Task A_node_that_stops_answers_those_who_wait()
    {
        await using var host = await ApiHost.StartClusterAsync();

        var waiting = host.GetAsync($"/v1/vms?wait=5m&index={host.Replica.State.Index}");
        await host.Time.SomebodyWaitsAsync(TimeSpan.FromMinutes(5));
        await host.StopAsync();

        Assert.True((await waiting).IsSuccessStatusCode);
    }

    [Theory]
    [InlineData("consistancy=stale", "consistancy")]
    [InlineData("consistency=eventual", "eventual")]
    [InlineData("consistency=stale&consistency=stale", "consistency")]
    [InlineData("min_index=-1", "min_index=-1")]
    [InlineData("min_index=1e3", "min_index=1e3")]
    [InlineData("min_index=18446744073709551616", "18446744073709551616")]
    [InlineData("min_index=", "min_index=")]
    [InlineData("wait=30s", "index")]
    [InlineData("index=4", "wait")]
    [InlineData("wait=30&index=4", "wait=30 ")]
    [InlineData("wait=6m&index=4", "5 minutes")]
    [InlineData("wait=-1s&index=4", "wait=-1s")]
    [InlineData("wait=9223372036854775807m&index=4", "longer")]
    [InlineData("wait=s&index=4", "wait=s")]
    public async Task A_query_that_is_wrong_is_refused_by_what_is_wrong_with_it(string query, string named)
    {
        await using var host = await ApiHost.StartClusterAsync();

        using var answer = await host.GetAsync("/v1/vms?" + query);

        var problem = await ApiHost.ProblemAsync(answer, ProblemTypes.InvalidRequest, 400);
        Assert.Contains(named, problem.Detail);
    }

    [Fact]
    public async Task An_endpoint_without_parameters_refuses_any()
    {
        await using var host = await ApiHost.StartClusterAsync();

        using var answer = await host.SendAsync(HttpMethod.Put, "/v1/vms/web1?wait=3s");

        await ApiHost.ProblemAsync(answer, ProblemTypes.InvalidRequest, 400);
    }
}
