using System.Net;
using System.Text.Json;
using Blixard.Client.Contracts;
using Blixard.Node.Identity;
using Blixard.Raft.Core;
using Blixard.StateMachine.Commands;

namespace Blixard.Node.Tests.Api;

public class MemberEndpointTests
{
    private const string N4 = """{"name":"n4","raftAddress":"10.0.0.4:7481"}""";

    [Fact]
    public async Task An_added_node_gets_a_token_that_names_it_and_the_voters()
    {
        await using var host = await ApiHost.StartClusterAsync(changesMembers: true);

        using var answer = await host.SendAsync(HttpMethod.Post, "/v1/cluster/members", N4);

        var added = await ReadAsync(answer, HttpStatusCode.Created);
        Assert.Equal(("n4", MembershipKind.Learner), (added.Name, added.Membership));
        Assert.Equal("/v1/cluster/members/n4", answer.Headers.Location?.OriginalString);
        var token = JoinToken.Parse(added.Token);
        Assert.Equal((0xc1UL, added.Id, "n4"), (token.ClusterId, token.Member.ToString(), token.Name));
        Assert.Equal(("10.0.0.4:7481", "10.0.0.4:7480"), (token.RaftAddress, token.ApiAddress));
        Assert.Equal(["n1", "n2", "n3"], token.Voters.Select(voter => voter.Name));
        Assert.Equal("n2:7481", token.Voters[1].Address);
        Assert.Contains(token.Member, host.Engine.Status.Configuration.Learners);
    }

    [Fact]
    public async Task Adding_again_before_it_has_joined_gives_the_same_token()
    {
        await using var host = await ApiHost.StartClusterAsync(changesMembers: true);
        using var first = await host.SendAsync(HttpMethod.Post, "/v1/cluster/members", N4);
        using var again = await host.SendAsync(HttpMethod.Post, "/v1/cluster/members", N4);

        Assert.Equal(
            (await ReadAsync(first, HttpStatusCode.Created)).Token, (await ReadAsync(again, HttpStatusCode.OK)).Token);

        // Once it has spoken, its token is used.
        var member = host.Replica.State.Nodes["n4"].MemberId;
        host.RegisterNode("n4", member);
        using var late = await host.SendAsync(HttpMethod.Post, "/v1/cluster/members", N4);
        var problem = await ApiHost.ProblemAsync(late, ProblemTypes.Rejected, 409);
        Assert.Contains("remove it first", problem.Detail);
    }

    [Fact]
    public async Task Members_are_listed_with_their_part_and_what_is_under_way()
    {
        await using var host = await ApiHost.StartClusterAsync();
        host.Engine.Status = host.Engine.Status with
        {
            Configuration = new([FakeEngine.Members[0]], [FakeEngine.Members[1]]),
        };
        host.Do("n2", Command.Of(new ChangeMembership { Kind = MembershipChangeKind.Promote, Node = "n2" }));

        var members = await host.ReadAsync("/v1/cluster/members", ApiJson.Default.IReadOnlyListClusterMember);
        var cluster = await host.ReadAsync("/v1/cluster", ApiJson.Default.ClusterStatus);

        Assert.Equal(
            [MembershipKind.Voter, MembershipKind.Learner, MembershipKind.Observer], members.Select(member => member.Membership));
        Assert.Equal([true, false, false], members.Select(member => member.Leader));
        const string Pending = "the promotion of node n2, asked through n2 at index 4";
        Assert.Equal([null, Pending, null], members.Select(member => member.Pending));
        Assert.Equal(Pending, cluster.PendingChange);
        Assert.Contains(cluster.Warnings, warning => warning.Contains(Pending, StringComparison.Ordinal));
        Assert.Contains(cluster.Warnings, warning => warning.Contains("no automatic failover", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("n3")]
    [InlineData("00000000000000a3")]
    public async Task A_node_is_removed_by_name_or_id_and_by_id_twice(string member)
    {
        await using var host = await ApiHost.StartClusterAsync(changesMembers: true);

        using var answer = await host.SendAsync(HttpMethod.Delete, $"/v1/cluster/members/{member}");
        using var again = await host.SendAsync(HttpMethod.Delete, "/v1/cluster/members/00000000000000a3");

        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.NoContent), (answer.StatusCode, again.StatusCode));
        Assert.Equal(["n1", "n2"], host.Replica.State.Nodes.Keys);
        Assert.Equal(Configuration.Of(FakeEngine.Members[0], FakeEngine.Members[1]), host.Engine.Status.Configuration);
        Assert.Equal(host.Replica.State.Index, ApiHost.IndexOf(answer));
    }

    [Fact]
    public async Task A_node_is_not_removed_with_VMs_that_only_it_defines_unless_one_insists()
    {
        await using var host = await ApiHost.StartClusterAsync(changesMembers: true);
        host.RegisterVm("web1", "n3");
        host.RegisterVm("web2", "n3");
        host.RegisterVm("shared", "n3");
        host.RegisterVm("shared", "n1");

        using var refused = await host.SendAsync(HttpMethod.Delete, "/v1/cluster/members/n3");
        using var unsure = await host.SendAsync(HttpMethod.Delete, "/v1/cluster/members/n3?force=false");
        using var wrong = await host.SendAsync(HttpMethod.Delete, "/v1/cluster/members/n3?force=yes");

        var problem = await ApiHost.ProblemAsync(refused, ProblemTypes.VmsWouldGo, 409);
        Assert.Equal(
            ["web1", "web2"], problem.Extensions!["vms"].EnumerateArray().Select(vm => vm.GetString()));
        await ApiHost.ProblemAsync(unsure, ProblemTypes.VmsWouldGo, 409);
        await ApiHost.ProblemAsync(wrong, ProblemTypes.InvalidRequest, 400);
        Assert.Contains("n3", host.Replica.State.Nodes.Keys);

        using var forced = await host.SendAsync(HttpMethod.Delete, "/v1/cluster/members/n3?force=true");
        Assert.Equal(HttpStatusCode.NoContent, forced.StatusCode);
        Assert.Equal(["shared"], host.Replica.State.Vms.Keys);
    }

    [Fact]
    public async Task A_node_that_is_told_of_its_removal_by_nothing_but_a_closed_door_answers_that_it_is_done()
    {
        await using var host = await ApiHost.StartClusterAsync();
        var removing = host.SendAsync(HttpMethod.Delete, "/v1/cluster/members/n1");
        await PendingAsync(host);

        host.Removal.Notice();

        using var answer = await removing;
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
    }

    [Fact]
    public async Task Of_another_change_a_removed_node_says_at_once_that_it_will_not_hear()
    {
        await using var host = await ApiHost.StartClusterAsync();
        var removing = host.SendAsync(HttpMethod.Delete, "/v1/cluster/members/n3");
        await PendingAsync(host);

        host.Removal.Notice();

        using var answer = await removing;
        var problem = await ApiHost.ProblemAsync(answer, ProblemTypes.OutcomeUnknown, 504);
        Assert.Contains("this node was removed", problem.Detail);
    }

    [Fact]
    public async Task A_change_that_is_not_made_yet_can_be_withdrawn_and_one_that_is_none_can_not()
    {
        await using var host = await ApiHost.StartClusterAsync(changesMembers: true, knowsKeys: true);
        using var none = await host.SendAsync(HttpMethod.Post, "/v1/cluster/cancel");
        host.Engine.RefusesChange = new(ChangeStatus.ChangePending, 0, MemberId.None, "not now");
        host.Do("n2", Command.Of(new ChangeMembership { Kind = MembershipChangeKind.Remove, Node = "n3" }));

        using var cancelled = await host.SendAsync(HttpMethod.Post, "/v1/cluster/cancel");

        await ApiHost.ProblemAsync(none, ProblemTypes.ChangeRefused, 409);
        Assert.Equal(HttpStatusCode.NoContent, cancelled.StatusCode);
        Assert.Null(host.Replica.State.Membership.Pending);
        Assert.Contains("n3", host.Replica.State.Nodes.Keys);
    }

    [Fact]
    public async Task A_change_that_is_in_the_log_already_is_not_withdrawn()
    {
        await using var host = await ApiHost.StartClusterAsync(changesMembers: true, knowsKeys: true);
        host.Engine.Status = host.Engine.Status with { IsChangePending = true };
        host.Do("n2", Command.Of(new ChangeMembership { Kind = MembershipChangeKind.Remove, Node = "n3" }));
        var cancelling = host.SendAsync(HttpMethod.Post, "/v1/cluster/cancel");
        while (host.Replica.State.Membership.Pending is not { CancelledBy: "n1" })
        {
            await Task.Yield();
        }

        // As if it had been in the log, and is committed now.
        host.Engine.Status = host.Engine.Status with
        {
            IsChangePending = false,
            Configuration = Configuration.Of(FakeEngine.Members[0], FakeEngine.Members[1]),
        };
        using var answer = await cancelling;

        var problem = await ApiHost.ProblemAsync(answer, ProblemTypes.ChangeRefused, 409);
        Assert.Equal("The removal of node n3 is done already.", problem.Detail);
        Assert.DoesNotContain("n3", host.Replica.State.Nodes.Keys);
    }

    [Fact]
    public async Task A_learner_is_promoted()
    {
        await using var host = await ApiHost.StartClusterAsync(changesMembers: true);
        host.Engine.Status = host.Engine.Status with
        {
            Configuration = new([FakeEngine.Members[0]], [FakeEngine.Members[1], FakeEngine.Members[2]]),
        };

        using var answer = await host.SendAsync(HttpMethod.Post, "/v1/cluster/members/n2/promote");

        var text = await answer.Content.ReadAsStringAsync();
        var member = JsonSerializer.Deserialize(text, ApiJson.Default.ClusterMember)!;
        Assert.Equal((HttpStatusCode.OK, "n2", MembershipKind.Voter), (answer.StatusCode, member.Name, member.Membership));
    }

    [Fact]
    public async Task What_the_leader_refuses_is_told_with_its_reason()
    {
        await using var host = await ApiHost.StartClusterAsync(changesMembers: true);
        host.Engine.RefusesChange = new(
            ChangeStatus.QuorumAtRisk, 0, MemberId.None, "fewer voters than a majority answer");
        using var remove = await host.SendAsync(HttpMethod.Delete, "/v1/cluster/members/n3");
        using var transfer = await host.SendAsync(HttpMethod.Post, "/v1/cluster/transfer", """{"to":"n2"}""");

        var problem = await ApiHost.ProblemAsync(remove, ProblemTypes.ChangeRefused, 409);
        Assert.Equal("Fewer voters than a majority answer.", problem.Detail);
        problem = await ApiHost.ProblemAsync(transfer, ProblemTypes.ChangeRefused, 409);
        Assert.Equal("N2 is no voter.", problem.Detail);
    }

    [Fact]
    public async Task Another_change_is_refused_while_one_is_under_way()
    {
        await using var host = await ApiHost.StartClusterAsync();
        host.Do("n2", Command.Of(new ChangeMembership { Kind = MembershipChangeKind.Remove, Node = "n3" }));

        using var answer = await host.SendAsync(HttpMethod.Post, "/v1/cluster/members", N4);

        var problem = await ApiHost.ProblemAsync(answer, ProblemTypes.ChangePending, 409);
        Assert.Contains("The removal of node n3", problem.Detail);
    }

    [Fact]
    public async Task Without_a_leader_nothing_is_asked_for()
    {
        await using var host = await ApiHost.StartClusterAsync();
        host.Engine.CutOff();

        using var answer = await host.SendAsync(HttpMethod.Delete, "/v1/cluster/members/n3");

        await ApiHost.ProblemAsync(answer, ProblemTypes.NoLeader, 503);
        Assert.Null(host.Replica.State.Membership.Pending);
    }

    [Theory]
    [InlineData("POST", "/v1/cluster/members", "", 400, ProblemTypes.InvalidRequest)]
    [InlineData("POST", "/v1/cluster/members", "{", 400, ProblemTypes.InvalidRequest)]
    [InlineData("POST", "/v1/cluster/members", "{}", 400, ProblemTypes.InvalidRequest)]
    [InlineData("POST", "/v1/cluster/members", """{"name":"n4"}""", 400, ProblemTypes.InvalidRequest)]
    [InlineData("POST", "/v1/cluster/members", """{"name":"..","raftAddress":"a:1"}""", 400, ProblemTypes.InvalidName)]
    [InlineData("POST", "/v1/cluster/members", """{"name":"n4","raftAddress":"a"}""", 400, ProblemTypes.InvalidRequest)]
    [InlineData(
        "POST", "/v1/cluster/members", """{"name":"n4","raftAddress":"a:1","apiAddress":"a:0"}""", 400, ProblemTypes.InvalidRequest)]
    [InlineData(
        "POST", "/v1/cluster/members", """{"name":"n4","raftAddress":"a:1","voter":true}""", 400, ProblemTypes.InvalidRequest)]
    [InlineData("POST", "/v1/cluster/members", """{"name":"n4","raftAddress":"n2:7481"}""", 409, ProblemTypes.Rejected)]
    [InlineData("DELETE", "/v1/cluster/members/n9", null, 404, ProblemTypes.NodeNotFound)]
    [InlineData("DELETE", "/v1/cluster/members/-x", null, 400, ProblemTypes.InvalidName)]
    [InlineData("POST", "/v1/cluster/members/n9/promote", null, 404, ProblemTypes.NodeNotFound)]
    [InlineData("POST", "/v1/cluster/transfer", """{"to":"n9"}""", 404, ProblemTypes.NodeNotFound)]
    [InlineData("POST", "/v1/cluster/transfer", """{"too":"n2"}""", 400, ProblemTypes.InvalidRequest)]
    [InlineData("PUT", "/v1/cluster/members", "{}", 405, ProblemTypes.MethodNotAllowed)]
    public async Task What_can_not_be_is_refused_and_changes_nothing(
        string method, string path, string? body, int status, string type)
    {
        await using var host = await ApiHost.StartClusterAsync(changesMembers: true);

        using var answer = await host.SendAsync(new HttpMethod(method), path, body);

        await ApiHost.ProblemAsync(answer, type, status);
        Assert.Equal(["n1", "n2", "n3"], host.Replica.State.Nodes.Keys);
        Assert.Null(host.Replica.State.Membership.Pending);
    }

    [Fact]
    public async Task A_node_that_was_removed_says_so_wherever_it_is_asked()
    {
        await using var host = await ApiHost.StartClusterAsync();
        host.Removal.Notice();

        var cluster = await host.ReadAsync("/v1/cluster?consistency=stale", ApiJson.Default.ClusterStatus);
        var status = await host.ReadAsync("/status", ApiJson.Default.LocalStatus);
        using var ready = await host.GetAsync("/healthz/ready");

        Assert.Contains("was removed from its cluster", cluster.Warnings[0]);
        Assert.Equal("removed", status.State);
        await ApiHost.ProblemAsync(ready, ProblemTypes.NotReady, 503);
    }

    private static async Task PendingAsync(ApiHost host)
    {
        while (host.Replica.State.Membership.Pending is null)
        {
            await Task.Yield();
        }
    }

    private static async Task<AddedMember> ReadAsync(HttpResponseMessage answer, HttpStatusCode status)
    {
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == status, text);
        return JsonSerializer.Deserialize(text, ApiJson.Default.AddedMember)!;
    }
}
