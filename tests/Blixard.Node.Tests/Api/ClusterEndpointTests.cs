using System.Text.Json;
using Blixard.Client.Contracts;
using Blixard.Raft.Core;
using Blixard.StateMachine.Commands;
using VmState = Blixard.StateMachine.Commands.VmState;

namespace Blixard.Node.Tests.Api;

public class ClusterEndpointTests
{
    [Fact]
    public async Task The_leader_tells_of_its_peers_and_of_the_quorum()
    {
        await using var host = await ApiHost.StartClusterAsync();
        host.RegisterVm("web1", "n2");
        host.Report("n2", ApiHost.Seen("web1", VmState.Failed));
        var status = host.Engine.Status;
        host.Engine.Status = status with
        {
            Peers =
            [
                status.Peers[0] with { Match = status.Last },
                status.Peers[1] with { Match = status.Last - 2, SinceContact = TimeSpan.FromSeconds(3.05) },
            ],
        };

        var cluster = await host.ReadAsync("/v1/cluster", ApiJson.Default.ClusterStatus);

        Assert.Equal(("00000000000000c1", "trial"), (cluster.ClusterId, cluster.ClusterName));
        Assert.Equal(("n1", "n1", 3UL), (cluster.AnsweredBy, cluster.Leader, cluster.Term));
        Assert.Equal((status.Commit, status.Last), (cluster.CommitIndex, cluster.AppliedIndex));
        Assert.Equal(
            (3, 2, 2, true, 0),
            (cluster.Quorum.Voters, cluster.Quorum.Healthy, cluster.Quorum.Needed, cluster.Quorum.Safe,
                cluster.Quorum.Tolerates));
        Assert.Equal(["n1", "n2", "n3"], cluster.Members.Select(member => member.Name));
        Assert.Equal(
            [MemberRole.Leader, MemberRole.Follower, MemberRole.Follower], cluster.Members.Select(member => member.Role));
        Assert.Equal([0UL, 0UL, 2UL], cluster.Members.Select(member => member.Lag));
        Assert.Equal([0, 0.05, 3.05], cluster.Members.Select(member => member.LastContactSeconds));
        Assert.Equal(("n3:7481", "n3:7480"), (cluster.Members[2].RaftAddress, cluster.Members[2].ApiAddress));
        Assert.Equal((1, 1, 1), (cluster.Vms.Total, cluster.Vms.Failed, cluster.Vms.NeedAttention));
        Assert.Equal("web1", Assert.Single(cluster.Attention).Name);
        Assert.Equal((false, null), (cluster.Stale, cluster.AgeSeconds));
        Assert.Contains("No further voter may fail", Assert.Single(cluster.Warnings));
    }

    [Fact]
    public async Task A_survivor_without_a_quorum_says_so_when_asked_for_what_it_has()
    {
        await using var host = await ApiHost.StartClusterAsync();
        host.Engine.CutOff();
        host.Time.Advance(TimeSpan.FromSeconds(7));

        var cluster = await host.ReadAsync("/v1/cluster?consistency=stale", ApiJson.Default.ClusterStatus);

        Assert.Equal((null, false, 1), (cluster.Leader, cluster.Quorum.Safe, cluster.Quorum.Healthy));
        Assert.Equal((true, 7.0), (cluster.Stale, cluster.AgeSeconds));
        Assert.Equal(
            [MemberRole.Candidate, MemberRole.Unknown, MemberRole.Unknown], cluster.Members.Select(member => member.Role));
        Assert.Null(cluster.Members[1].Lag);
        Assert.Contains("knows no leader", cluster.Warnings[0]);
        Assert.Contains("2 of 3", cluster.Warnings[0]);
    }

    [Fact]
    public async Task A_follower_goes_by_what_the_leader_replicated()
    {
        await using var host = await ApiHost.StartClusterAsync();
        host.Lose("n3");
        host.Engine.Follow();

        var cluster = await host.ReadAsync("/v1/cluster", ApiJson.Default.ClusterStatus);

        Assert.Equal(("n2", 2, true), (cluster.Leader, cluster.Quorum.Healthy, cluster.Quorum.Safe));
        Assert.Equal(
            [MemberRole.Follower, MemberRole.Leader, MemberRole.Unknown], cluster.Members.Select(member => member.Role));
        Assert.Equal(Client.Contracts.NodeStatus.Lost, cluster.Members[2].Status);
        Assert.Equal(
            "Node n3 is lost since 2026-05-31T16:29:09.477Z: no answer for 3001 ms.",
            Assert.Single(cluster.Warnings, warning => warning.StartsWith("Node", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Before_anybody_registered_members_are_called_as_configured()
    {
        await using var host = await ApiHost.StartAsync();

        var cluster = await host.ReadAsync("/v1/cluster", ApiJson.Default.ClusterStatus);

        Assert.Equal(["n1", "n2", "n3"], cluster.Members.Select(member => member.Name));
        Assert.All(cluster.Members, member => Assert.Equal(Client.Contracts.NodeStatus.Unknown, member.Status));
        Assert.Equal("n2:7481", cluster.Members[1].RaftAddress);
        Assert.Equal(3, cluster.Warnings.Count(warning => warning.Contains("never registered", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_single_node_is_no_cause_for_warnings()
    {
        await using var host = await ApiHost.StartAsync();
        host.RegisterNode("n1", FakeEngine.Members[0].Value);
        host.Engine.Status = host.Engine.Status with { Configuration = Configuration.Of(FakeEngine.Members[0]), Peers = [] };

        var cluster = await host.ReadAsync("/v1/cluster", ApiJson.Default.ClusterStatus);

        Assert.Equal((1, 1, 1, true, 0), (
            cluster.Quorum.Voters, cluster.Quorum.Healthy, cluster.Quorum.Needed, cluster.Quorum.Safe,
            cluster.Quorum.Tolerates));
        Assert.Empty(cluster.Warnings);
    }

    [Fact]
    public async Task A_vm_that_runs_twice_comes_before_all_other_warnings_of_a_working_cluster()
    {
        await using var host = await ApiHost.StartClusterAsync();
        host.RegisterVm("web1", "n1");
        host.RegisterVm("web1", "n2");
        host.Report("n1", ApiHost.Seen("web1", VmState.Running));
        host.Report("n2", ApiHost.Seen("web1", VmState.Running));
        host.Lose("n3");

        var cluster = await host.ReadAsync("/v1/cluster", ApiJson.Default.ClusterStatus);

        Assert.Contains("VM web1 runs on n1 and n2: stop all but one", cluster.Warnings[0]);
    }

    [Fact]
    public async Task The_leader_says_whose_disk_is_damaged_or_nearly_full()
    {
        await using var host = await ApiHost.StartClusterAsync();
        var status = host.Engine.Status;
        host.Engine.Status = status with
        {
            StorageLow = true,
            Peers =
            [
                status.Peers[0] with { IsRepairing = true },
                status.Peers[1] with { IsRepairing = true, StorageLow = true },
            ],
        };

        var cluster = await host.ReadAsync("/v1/cluster", ApiJson.Default.ClusterStatus);
        var members = await host.ReadAsync("/v1/cluster/members", ApiJson.Default.IReadOnlyListClusterMember);

        Assert.Equal(
            ["low on disk space", "repairing", "repairing, low on disk space"], members.Select(member => member.Trouble));
        Assert.Equal(
            ["n2", "n3"],
            cluster.Warnings.Where(warning => warning.Contains("damaged disk", StringComparison.Ordinal))
                .Select(warning => warning.Split(' ')[1]));
        Assert.Equal(
            ["n1", "n3"],
            cluster.Warnings.Where(warning => warning.Contains("nearly full", StringComparison.Ordinal))
                .Select(warning => warning.Split(' ')[4]));
    }

    [Fact]
    public async Task A_change_of_the_members_that_is_not_made_says_why()
    {
        await using var host = await ApiHost.StartClusterAsync(changesMembers: true);
        host.Engine.RefusesChange = new(
            ChangeStatus.ChangePending, 0, MemberId.None, "another change is not committed yet");
        host.Do("n2", Command.Of(new ChangeMembership { Kind = MembershipChangeKind.Remove, Node = "n3" }));
        await host.Time.SomebodyWaitsAsync(Node.Coordinator.MembershipLoop.LookEvery);

        var cluster = await host.ReadAsync("/v1/cluster", ApiJson.Default.ClusterStatus);

        Assert.Contains(
            "Not done yet: the removal of node n3, asked through n2 at index 4: another change is not committed yet.",
            cluster.Warnings);
    }

    [Fact]
    public async Task Nodes_show_their_part_in_the_cluster()
    {
        await using var host = await ApiHost.StartClusterAsync();
        host.RegisterVm("web1", "n2");
        host.Report("n2", ApiHost.Seen("web1", VmState.Running));
        host.Do("n1", StateMachine.Commands.Command.Of(new StateMachine.Commands.UpdateMonitoringAssignments
        {
            Assignments = { new StateMachine.Commands.UpdateMonitoringAssignments.Types.Assignment { Vm = "web1", Node = "n3" } },
        }));

        var nodes = await host.ReadAsync("/v1/nodes", ApiJson.Default.IReadOnlyListNodeInfo);
        var one = await host.ReadAsync("/v1/nodes/n2", ApiJson.Default.NodeInfo);
        using var none = await host.GetAsync("/v1/nodes/n9");

        Assert.Equal(["n1", "n2", "n3"], nodes.Select(node => node.Name));
        Assert.Equal([0, 1, 0], nodes.Select(node => node.Vms.Running));
        Assert.Equal([0, 0, 1], nodes.Select(node => node.Monitoring));
        Assert.Equal(JsonSerializer.Serialize(one, ApiJson.Default.NodeInfo), JsonSerializer.Serialize(nodes[1], ApiJson.Default.NodeInfo));
        Assert.Equal(("00000000000000a2", "z1", 8), (one.Id, one.Labels["zone"], one.Capacity!.Cpus));
        Assert.Equal(0.05, one.LastContactSeconds);
        await ApiHost.ProblemAsync(none, ProblemTypes.NodeNotFound, 404);
    }
}
