using Blixard.StateMachine.Commands;
using Blixard.StateMachine.Planning;
using Blixard.StateMachine.State;

namespace Blixard.StateMachine.Tests.State;

/// <summary>Which commands a cluster may use, and when that changes.</summary>
public sealed class ClusterVersionTests
{
    [Fact]
    public void Every_command_has_a_version_that_this_code_knows()
    {
        foreach (var body in Enum.GetValues<Command.BodyOneofCase>().Except([Command.BodyOneofCase.None]))
        {
            Assert.InRange(
                CommandVersions.Needed(Commands.Samples.Of(body)), CommandVersions.Oldest, CommandVersions.Newest);
        }

        Assert.Equal(CommandVersions.Newest, ClusterState.SupportedClusterVersion);
    }

    [Fact]
    public void The_version_follows_the_oldest_node_and_is_never_lowered()
    {
        var replica = With(("n1", 2), ("n2", 1));
        Assert.Null(Plan(replica));
        replica.Refuses(
            Make.Raise(2),
            RejectionReason.ClusterVersionUnfit,
            "node n2 knows cluster versions up to 1, not 2");

        replica.Do(Registered("n2", 2));
        Assert.Equal(2U, Plan(replica)!.Version);
        replica.Do(Make.Raise(2));

        Assert.Equal(2U, replica.State.ClusterVersion);
        Assert.Null(Plan(replica));
        replica.Refuses(
            Make.Raise(1),
            RejectionReason.ClusterVersionUnfit,
            "the cluster has version 2, which is never lowered to 1");
        replica.Do(Make.Raise(2));
    }

    [Fact]
    public void A_report_needs_the_version_of_what_it_tells()
    {
        var plain = Make.Report("n1", 1, Make.Seen("web"), Make.Seen("db"));
        Assert.Equal(CommandVersions.Oldest, CommandVersions.Needed(plain));

        var facts = plain.Clone();
        facts.UpdateState.Vms[1].Facts = new VmFacts();
        Assert.Equal(CommandVersions.FullObservations, CommandVersions.Needed(facts));

        var usage = plain.Clone();
        usage.UpdateState.Vms[1].Resources = new ResourceUsage { Pids = 1 };
        Assert.Equal(CommandVersions.Oldest, CommandVersions.Needed(usage));
        usage.UpdateState.Vms[1].Resources.IoPressureFullMillipercent = 0;
        Assert.Equal(CommandVersions.FullObservations, CommandVersions.Needed(usage));

        var unseen = plain.Clone();
        unseen.UpdateState.Vms[1].Unseen = true;
        Assert.Equal(CommandVersions.FullObservations, CommandVersions.Needed(unseen));
    }

    [Fact]
    public void A_node_of_before_there_were_versions_counts_as_the_oldest()
    {
        var replica = With(("n1", 2), ("n2", 0));

        Assert.Null(Plan(replica));
        Assert.Equal(["n2"], ClusterVersions.Behind(replica.State, 2));
    }

    [Fact]
    public void A_newer_node_does_not_raise_it_beyond_what_the_leader_knows()
    {
        var replica = With(("n1", CommandVersions.Newest), ("n2", CommandVersions.Newest + 7));

        Assert.Equal(ClusterState.SupportedClusterVersion, Plan(replica)!.Version);
    }

    [Fact]
    public void A_member_without_a_node_and_a_node_that_is_no_member_both_hold_it_back()
    {
        var replica = With(("n1", 2), ("n2", 2));

        Assert.Null(ClusterVersions.Plan(replica.State, [Make.Member("n1"), Make.Member("n2"), Make.Member("n3")]));
        replica.Do(Registered("n4", 1));
        Assert.Null(Plan(replica));
    }

    [Fact]
    public void A_node_that_is_only_announced_does_not_count_until_it_joins()
    {
        var replica = With(("n1", 2));
        replica.Do(Make.Add("n2"));

        Assert.Equal(2U, Plan(replica)!.Version);
        replica.Do(Make.Raise(2));
        replica.Refuses(
            Registered("n2", 1),
            RejectionReason.ClusterVersionUnfit,
            "node n2 knows cluster versions up to 1, the cluster has 2: start a newer blixard-node there");
    }

    [Fact]
    public void A_version_that_this_code_does_not_know_stops_the_node()
    {
        var replica = With(("n1", 9));
        var before = replica.State;

        var stop = Assert.Throws<UndecodableCommandException>(() => replica.Apply(Make.Raise(CommandVersions.Newest + 1)));

        Assert.Contains(
            $"it raises the cluster to version {CommandVersions.Newest + 1}, this blixard-node knows up to "
                + $"{CommandVersions.Newest}",
            stop.Message);
        Assert.Same(before, replica.State);
    }

    [Fact]
    public void A_raise_that_is_rejected_for_another_node_does_not_stop_one_that_does_not_know_the_version()
    {
        With(("n1", 9), ("n2", 2)).Refuses(
            Make.Raise(CommandVersions.Newest + 1),
            RejectionReason.ClusterVersionUnfit,
            $"node n2 knows cluster versions up to 2, not {CommandVersions.Newest + 1}");
    }

    [Fact]
    public void A_snapshot_of_a_later_version_is_refused_with_what_to_do()
    {
        var later = ClusterState.Empty with { ClusterVersion = CommandVersions.Newest + 1 };
        later = later with { Hash = StateHash.Recompute(later) };

        var refused = Assert.Throws<SnapshotUnreadableException>(() => SnapshotTests.Copy(later));

        Assert.Contains(
            $"it is of cluster version {CommandVersions.Newest + 1}, this blixard-node knows up to "
                + $"{CommandVersions.Newest}: start a newer one",
            refused.Message);
    }

    [Fact]
    public void Only_the_leader_decides_it()
    {
        var replica = With(("n1", 2));

        replica.Refuses(
            Make.Raise(2).Term(0),
            RejectionReason.Invalid,
            "the cluster version is decided by the leader: decided_term is missing");
        replica.Refuses(
            Make.Raise(2).Term(4),
            RejectionReason.TermChanged,
            "decided by the leader of term 4, committed in term 5",
            term: 5);
    }

    private static SetClusterVersion? Plan(Replica replica) =>
        ClusterVersions.Plan(replica.State, [Make.Member("n1")]);

    private static Replica With(params (string Node, uint Version)[] nodes)
    {
        var replica = new Replica();
        foreach (var (node, version) in nodes)
        {
            replica.Do(Registered(node, version));
        }

        return replica;
    }

    private static Command Registered(string node, uint version)
    {
        var command = Make.RegisterNode(node);
        command.RegisterNode.ClusterVersion = version;
        return command;
    }
}
