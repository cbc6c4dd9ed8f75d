using System.Net;
using System.Text.Json;
using Blixard.Client.Contracts;
using Blixard.StateMachine.Commands;
using VmState = Blixard.StateMachine.Commands.VmState;

namespace Blixard.Node.Tests.Api;

public class VmEndpointTests
{
    [Fact]
    public async Task A_registered_vm_is_created_and_read_at_the_index_of_the_answer()
    {
        await using var host = await ApiHost.StartClusterAsync();

        using var put = await host.SendAsync(HttpMethod.Put, "/v1/vms/web1", """{"node":"n2"}""");
        var created = JsonSerializer.Deserialize(await put.Content.ReadAsStringAsync(), ApiJson.Default.Vm)!;

        Assert.Equal(HttpStatusCode.Created, put.StatusCode);
        Assert.Equal("/v1/vms/web1", put.Headers.Location!.ToString());
        Assert.Equal(("web1", "microvm@web1.service"), (created.Name, created.Unit));
        Assert.Equal(["n2"], created.Candidates);
        Assert.Equal(host.Replica.State.Index, ApiHost.IndexOf(put));
        var read = await host.ReadAsync($"/v1/vms/web1?min_index={ApiHost.IndexOf(put)}", ApiJson.Default.Vm);
        Assert.Equal(created.Uuid, read.Uuid);
    }

    [Fact]
    public async Task Registering_again_keeps_the_vm_and_a_second_node_becomes_a_candidate()
    {
        await using var host = await ApiHost.StartClusterAsync();
        using var first = await host.SendAsync(HttpMethod.Put, "/v1/vms/web1", """{"node":"n1"}""");
        var uuid = host.Replica.State.Vms["web1"].Uuid;

        using var again = await host.SendAsync(HttpMethod.Put, "/v1/vms/web1", """{"node":"n1"}""");
        using var second = await host.SendAsync(HttpMethod.Put, "/v1/vms/web1", """{"node":"n3"}""");

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (again.StatusCode, second.StatusCode));
        var vm = await host.ReadAsync("/v1/vms/web1", ApiJson.Default.Vm);
        Assert.Equal(uuid, vm.Uuid);
        Assert.Equal(["n1", "n3"], vm.Candidates);
    }

    [Fact]
    public async Task An_empty_body_registers_the_vm_on_the_node_that_answers()
    {
        await using var host = await ApiHost.StartClusterAsync();

        using var put = await host.SendAsync(HttpMethod.Put, "/v1/vms/web1");

        Assert.Equal(HttpStatusCode.Created, put.StatusCode);
        Assert.Equal(["n1"], host.Replica.State.Vms["web1"].Observations.Keys);
    }

    [Fact]
    public async Task A_user_service_has_the_other_form_of_unit()
    {
        await using var host = await ApiHost.StartClusterAsync();

        using var put = await host.SendAsync(HttpMethod.Put, "/v1/vms/web1", """{"userService":true}""");

        var vm = await host.ReadAsync("/v1/vms/web1", ApiJson.Default.Vm);
        Assert.Equal(("microvm-web1.service", true), (vm.Unit, vm.UserService));
    }

    [Fact]
    public async Task A_node_that_is_not_known_is_not_found()
    {
        await using var host = await ApiHost.StartClusterAsync();

        using var put = await host.SendAsync(HttpMethod.Put, "/v1/vms/web1", """{"node":"n9"}""");

        var problem = await ApiHost.ProblemAsync(put, ProblemTypes.NodeNotFound, 404);
        Assert.Contains("n9", problem.Detail);
        Assert.Empty(host.Replica.State.Vms);
    }

    [Theory]
    [InlineData("""{"unit":"microvm@other.service"}""", "microvm@other.service")]
    [InlineData("""{"unit":"microvm-virtiofsd@web1.service"}""", "microvm-virtiofsd@web1.service")]
    [InlineData("""{"nod":"n1"}""", "nod")]
    [InlineData("""{"node":"n1","node":"n2"}""", "node")]
    [InlineData("""{"node":1}""", "$.node")]
    [InlineData("""{"node":"n1" """, "body")]
    [InlineData("null", "null")]
    [InlineData("[]", "body")]
    public async Task A_body_that_is_wrong_is_refused_by_what_is_wrong_with_it(string body, string named)
    {
        await using var host = await ApiHost.StartClusterAsync();

        using var put = await host.SendAsync(HttpMethod.Put, "/v1/vms/web1", body);

        var problem = await ApiHost.ProblemAsync(put, ProblemTypes.InvalidRequest, 400);
        Assert.Contains(named, problem.Detail, StringComparison.OrdinalIgnoreCase);
        Assert.Empty(host.Replica.State.Vms);
    }

    [Theory]
    [InlineData("PUT", "/v1/vms/-web", null)]
    [InlineData("PUT", "/v1/vms/a..b", null)]
    [InlineData("PUT", "/v1/vms/web%5Cx2d1", null)]
    [InlineData("PUT", "/v1/vms/web1", """{"node":"../etc"}""")]
    [InlineData("GET", "/v1/vms/a%2Fb", null)]
    [InlineData("DELETE", "/v1/vms/.hidden", null)]
    [InlineData("GET", "/v1/nodes/n1%0Ax", null)]
    public async Task A_name_that_nothing_can_have_is_refused(string method, string path, string? body)
    {
        await using var host = await ApiHost.StartClusterAsync();
        var before = host.Replica.State.Index;

        using var answer = await host.SendAsync(new HttpMethod(method), path, body);

        var text = await answer.Content.ReadAsStringAsync();
        var problem = JsonSerializer.Deserialize(text, ApiJson.Default.Problem)!;
        Assert.Equal((ProblemTypes.InvalidName, 400), (problem.Type, (int)answer.StatusCode));
        Assert.DoesNotContain(problem.Detail!, char.IsControl);
        Assert.Equal(before, host.Replica.State.Index);
    }

    [Fact]
    public async Task A_body_above_the_limit_is_too_large_with_and_without_a_declared_length()
    {
        await using var host = await ApiHost.StartClusterAsync();
        var body = $$"""{"unit":"{{new string('x', 70_000)}}"}""";

        using var declared = await host.SendAsync(HttpMethod.Put, "/v1/vms/web1", body);
        using var request = new HttpRequestMessage(HttpMethod.Put, "/v1/vms/web1") { Content = new StringContent(body) };
        request.Headers.TransferEncodingChunked = true;
        using var chunked = await host.Http.SendAsync(request);

        await ApiHost.ProblemAsync(declared, ProblemTypes.TooLarge, 413);
        await ApiHost.ProblemAsync(chunked, ProblemTypes.TooLarge, 413);
    }

    [Fact]
    public async Task Removing_is_done_as_well_when_there_is_nothing_to_remove()
    {
        await using var host = await ApiHost.StartClusterAsync();
        host.RegisterVm("web1", "n1");

        using var first = await host.SendAsync(HttpMethod.Delete, "/v1/vms/web1");
        using var second = await host.SendAsync(HttpMethod.Delete, "/v1/vms/web1");
        using var gone = await host.GetAsync("/v1/vms/web1");

        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.NoContent), (first.StatusCode, second.StatusCode));
        Assert.True(ApiHost.IndexOf(second) > ApiHost.IndexOf(first));
        await ApiHost.ProblemAsync(gone, ProblemTypes.VmNotFound, 404);
        Assert.Equal(ApiHost.IndexOf(second), ApiHost.IndexOf(gone));
    }

    [Fact]
    public async Task The_list_is_by_name()
    {
        await using var host = await ApiHost.StartClusterAsync();
        host.RegisterVm("web2", "n2");
        host.RegisterVm("db1", "n1");
        host.Report("n1", ApiHost.Seen("db1", StateMachine.Commands.VmState.Running));

        var vms = await host.ReadAsync("/v1/vms", ApiJson.Default.IReadOnlyListVm);

        Assert.Equal(["db1", "web2"], vms.Select(vm => vm.Name));
        Assert.Equal(Client.Contracts.VmState.Running, vms[0].State);
    }

    [Fact]
    public async Task Without_a_leader_a_write_is_refused_as_safe_to_repeat()
    {
        await using var host = await ApiHost.StartClusterAsync();
        host.Engine.CutOff();

        var put = host.SendAsync(HttpMethod.Put, "/v1/vms/web1");
        await host.Time.SomebodyWaitsAsync(Node.Replication.Proposer.LeaderlessPatience);
        host.Time.Advance(Node.Replication.Proposer.LeaderlessPatience);
        using var answer = await put;

        await ApiHost.ProblemAsync(answer, ProblemTypes.NoLeader, 503);
        Assert.Equal("1", answer.Headers.RetryAfter?.ToString());
    }

    [Fact]
    public async Task Once_forwarded_a_write_without_an_answer_has_an_unknown_outcome()
    {
        await using var host = await ApiHost.StartClusterAsync();
        using var opened = await host.SendAsync(HttpMethod.Delete, "/v1/vms/none");
        host.Engine.Follow();
        host.Engine.Loses = true;

        var put = host.SendAsync(HttpMethod.Put, "/v1/vms/web1");
        await host.Engine.Lost;
        host.Time.Advance(Node.Replication.Proposer.Deadline);
        using var answer = await put;

        await ApiHost.ProblemAsync(answer, ProblemTypes.OutcomeUnknown, 504);
    }

    [Fact]
    public async Task An_overloaded_leader_is_said_to_be_overloaded()
    {
        await using var host = await ApiHost.StartClusterAsync();
        using var opened = await host.SendAsync(HttpMethod.Delete, "/v1/vms/none");
        host.Engine.Overloaded = true;

        var put = host.SendAsync(HttpMethod.Put, "/v1/vms/web1");
        await host.Time.SomebodyWaitsAsync(TimeSpan.FromMilliseconds(50));
        host.Time.Advance(Node.Replication.Proposer.Deadline);
        using var answer = await put;

        await ApiHost.ProblemAsync(answer, ProblemTypes.Overloaded, 503);
        Assert.Equal("1", answer.Headers.RetryAfter?.ToString());
    }

    [Fact]
    public async Task A_vm_that_a_node_has_still_or_that_is_annotated_is_forgotten_only_if_that_is_insisted_on()
    {
        await using var host = await ApiHost.StartClusterAsync();
        host.RegisterVm("web1", "n1");
        host.RegisterVm("web1", "n2");
        host.RegisterVm("web1", "n3");
        host.Report("n1", ApiHost.Seen("web1", VmState.Running));
        host.Report("n2", ApiHost.Seen("web1", VmState.Failed));
        host.Report("n3", ApiHost.Seen("web1", VmState.Running));
        host.Lose("n3");
        using var noted = await host.SendAsync(HttpMethod.Put, "/v1/vms/web1/annotations/owner", "me");

        using var refused = await host.SendAsync(HttpMethod.Delete, "/v1/vms/web1");
        var problem = await ApiHost.ProblemAsync(refused, ProblemTypes.VmInUse, 409);
        Assert.Equal(
            "VM web1 is not forgotten: it runs on n1; it may still run on n3; it is defined on n2; its annotation owner goes "
                + "with it. A unit that is still there makes it a new VM, with another uuid. Insist: force=true, blixard vm "
                + "remove --force.",
            problem.Detail);
        Assert.Contains("web1", host.Replica.State.Vms.Keys);
        using var wrong = await host.SendAsync(HttpMethod.Delete, "/v1/vms/web1?force=yes");
        await ApiHost.ProblemAsync(wrong, ProblemTypes.InvalidRequest, 400);

        using var forced = await host.SendAsync(HttpMethod.Delete, "/v1/vms/web1?force=true");
        Assert.Equal(HttpStatusCode.NoContent, forced.StatusCode);
        Assert.Empty(host.Replica.State.Vms);
    }

    [Fact]
    public async Task A_vm_that_its_nodes_have_no_more_or_never_saw_is_forgotten_without_a_question()
    {
        await using var host = await ApiHost.StartClusterAsync();
        host.RegisterVm("gone", "n1");
        host.Report("n1", ApiHost.Seen("gone", VmState.Running));
        host.ReportAll("n1");
        host.RegisterVm("typo", "n2");

        using var gone = await host.SendAsync(HttpMethod.Delete, "/v1/vms/gone");
        using var typo = await host.SendAsync(HttpMethod.Delete, "/v1/vms/typo");

        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.NoContent), (gone.StatusCode, typo.StatusCode));
        Assert.Empty(host.Replica.State.Vms);
    }

    [Fact]
    public async Task Whoever_claims_to_run_it_counts_and_many_annotations_are_not_all_named()
    {
        await using var host = await ApiHost.StartClusterAsync();
        host.RegisterVm("web1", "n1");
        host.Report("n1", ApiHost.Seen("web1", VmState.Running));
        host.Claim("web1", "n3");
        for (var i = 0; i < 10; i++)
        {
            using var noted = await host.SendAsync(HttpMethod.Put, $"/v1/vms/web1/annotations/k{i}", "x");
        }

        using var refused = await host.SendAsync(HttpMethod.Delete, "/v1/vms/web1");

        var problem = await ApiHost.ProblemAsync(refused, ProblemTypes.VmInUse, 409);
        Assert.Contains(
            ": it runs on n1 and n3; its 10 annotations (k0, k1, k2, k3, k4, k5, k6, k7, …) go with it.", problem.Detail);
    }
}
