using System.Text.Json;
using Blixard.Client.Contracts;

namespace Blixard.Node.Tests.Api;

/// <summary>vminfod's surface.</summary>
public class LocalEndpointTests
{
    [Fact]
    public async Task Ping_is_printed_with_two_spaces_of_indent()
    {
        await using var host = await ApiHost.StartAsync();

        using var answer = await host.GetAsync("/ping");

        Assert.Equal("{\n  \"ping\": \"pong\"\n}", await answer.Content.ReadAsStringAsync());
        Assert.Equal("application/json", answer.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task The_local_replica_is_answered_in_a_partition_too()
    {
        await using var host = await ApiHost.StartClusterAsync();
        host.RegisterVm("web1", "n2");
        host.Engine.CutOff();

        var vms = await host.ReadAsync("/vms", ApiJson.Default.IReadOnlyListVm);
        var byUuid = await host.ReadAsync("/vms/" + ApiHost.UuidOf("web1").ToUpperInvariant(), ApiJson.Default.Vm);
        var byName = await host.ReadAsync("/vms/web1", ApiJson.Default.Vm);

        Assert.Equal("web1", Assert.Single(vms).Name);
        Assert.Equal(("web1", "web1"), (byUuid.Name, byName.Name));
    }

    [Fact]
    public async Task A_vm_that_is_not_there_is_answered_as_ever()
    {
        await using var host = await ApiHost.StartClusterAsync();

        using var answer = await host.GetAsync("/vms/0d2b6f80-1111-4222-8333-944445555666");

        var problem = await ApiHost.ProblemAsync(answer, ProblemTypes.VmNotFound, 404);
        Assert.Equal("VM Not Found", problem.Title);
    }

    [Theory]
    [InlineData("POST", "/ping")]
    [InlineData("PUT", "/vms")]
    [InlineData("DELETE", "/vms/web1")]
    [InlineData("POST", "/events")]
    [InlineData("PATCH", "/status")]
    public async Task Whatever_is_not_get_is_a_bad_request_here(string method, string path)
    {
        await using var host = await ApiHost.StartAsync();

        using var answer = await host.SendAsync(new HttpMethod(method), path, "{}");

        await ApiHost.ProblemAsync(answer, ProblemTypes.InvalidRequest, 400);
    }

    [Fact]
    public async Task In_v1_a_wrong_method_is_not_allowed_and_the_right_ones_are_named()
    {
        await using var host = await ApiHost.StartAsync();

        using var answer = await host.SendAsync(HttpMethod.Post, "/v1/vms/web1", "{}");

        await ApiHost.ProblemAsync(answer, ProblemTypes.MethodNotAllowed, 405);
        Assert.Equal(["DELETE", "GET", "PUT"], answer.Content.Headers.Allow.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/vm")]
    [InlineData("/v1")]
    [InlineData("/v1/vms/web1/nothing")]
    [InlineData("/vms/web1/x")]
    public async Task A_path_that_is_not_known_is_not_found(string path)
    {
        await using var host = await ApiHost.StartAsync();

        using var get = await host.GetAsync(path);
        using var post = await host.SendAsync(HttpMethod.Post, path, "{}");

        await ApiHost.ProblemAsync(get, ProblemTypes.NotFound, 404);
        await ApiHost.ProblemAsync(post, ProblemTypes.NotFound, 404);
    }

    [Fact]
    public async Task Status_tells_of_the_daemon_and_full_adds_its_history()
    {
        await using var host = await ApiHost.StartClusterAsync();
        host.RegisterVm("web1", "n2");
        host.Agent.Next = host.Agent.Next with
        {
            Queue = host.Agent.Next.Queue with { Working = 1 },
            LastRefresh = FakeTime.Start,
            RefreshErrors =
                [.. Enumerable.Range(1, 7).Select(n => new LocalRefreshError { Date = FakeTime.Start, Message = $"e{n}" })],
            RefreshLog = [new LocalRefresh { Date = FakeTime.Start, Seconds = 0.005, Units = 3, Differences = 1 }],
            Watchers = ["system bus"],
        };
        host.Time.Advance(TimeSpan.FromSeconds(90.9));

        var text = await (await host.GetAsync("/status")).Content.ReadAsStringAsync();
        var full = await host.ReadAsync("/status?full", ApiJson.Default.LocalStatus);

        var status = JsonSerializer.Deserialize(text, ApiJson.Default.LocalStatus)!;
        Assert.Equal((Environment.ProcessId, 90L, 1), (status.Pid, status.Uptime, status.NumVms));
        Assert.Equal(("running", "working"), (status.State, status.Status));
        Assert.Equal(["e3", "e4", "e5", "e6", "e7"], status.RefreshErrors.Select(error => error.Message));
        Assert.True(status.Memory is { Rss: > 0, HeapUsed: > 0 });
        Assert.Contains("\"max_jobs\": 1", text);
        Assert.DoesNotContain("refreshLog", text);
        Assert.Equal((1, "system bus"), (Assert.Single(full.RefreshLog!).Differences, Assert.Single(full.Watchers!)));
    }

    [Fact]
    public async Task A_bug_is_an_internal_error_that_gives_nothing_away()
    {
        await using var host = await ApiHost.StartAsync();
        host.Agent.Broken = true;

        using var answer = await host.GetAsync("/status");

        await ApiHost.ProblemAsync(answer, ProblemTypes.Internal, 500);
        Assert.DoesNotContain("secret", await answer.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData(false, false, "starting")]
    [InlineData(true, true, "degraded")]
    [InlineData(true, false, "running")]
    public async Task The_state_follows_the_agent(bool started, bool degraded, string state)
    {
        await using var host = await ApiHost.StartAsync();
        host.Agent.Next = host.Agent.Next with { Started = started, Degraded = degraded };

        Assert.Equal(state, (await host.ReadAsync("/status", ApiJson.Default.LocalStatus)).State);
    }
}
