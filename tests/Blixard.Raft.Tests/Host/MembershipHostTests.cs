using Blixard.Raft.Core;
using Blixard.Raft.Host;
using Blixard.Raft.Tests.Core;

namespace Blixard.Raft.Tests.Host;

/// <summary>Members come and go while whole members run.</summary>
public sealed class MembershipHostTests
{
    [Fact]
    public async Task A_cluster_grows_from_one_to_three_and_shrinks_again()
    {
        await using var bench = new HostBench(1);
        await bench.WriteAsync(1, "one");
        bench.Start(2, joining: true);
        bench.Start(3, joining: true);

        Assert.Equal(
            MembershipOutcome.Committed,
            await ChangeAsync(bench, 1, Lab.Voters(1) with { Learners = [.. Lab.Ids(2, 3)] }));
        await bench.Machine(3).UntilAsync(lines => lines.Contains("one"), bench.Limit);
        Assert.Equal(MembershipOutcome.Committed, await ChangeAsync(bench, 1, Lab.Voters(1, 2, 3)));
        await bench.WriteAsync(3, "three");

        // The leader itself goes; it hands over.
        Assert.Equal(MembershipOutcome.Committed, await ChangeAsync(bench, 1, Lab.Voters(2, 3)));
        await bench.WriteAsync(2, "two");
        await bench.Machine(3).UntilAsync(lines => lines.Contains("two"), bench.Limit);
        Assert.Equal(["one", "three", "two"], bench.Machine(3).Lines);
        Assert.NotEqual(1, await bench.LeaderAsync());
        await bench.StopAsync(1);
        await bench.WriteAsync(3, "without the first");
    }

    [Fact]
    public async Task All_voters_are_replaced_at_once()
    {
        await using var bench = new HostBench(2);
        var leader = await bench.LeaderAsync();
        bench.Start(3, joining: true);
        bench.Start(4, joining: true);
        await ChangeAsync(bench, leader, Lab.Voters(1, 2) with { Learners = [.. Lab.Ids(3, 4)] });
        await bench.WriteAsync(leader, "before");
        await bench.Machine(3).UntilAsync(lines => lines.Contains("before"), bench.Limit);
        await bench.Machine(4).UntilAsync(lines => lines.Contains("before"), bench.Limit);

        Assert.Equal(
            MembershipOutcome.Committed,
            await ChangeAsync(bench, leader, Lab.Voters(3, 4) with { Learners = [.. Lab.Ids(1)] }));
        await bench.WriteAsync(3, "after");
        Assert.Equal(Lab.Voters(3, 4) with { Learners = [.. Lab.Ids(1)] }, bench[4].Status.Configuration);
        await bench.Machine(1).UntilAsync(lines => lines.Contains("after"), bench.Limit);
    }

    [Fact]
    public async Task Members_know_after_a_restart_who_counts_also_from_a_snapshot()
    {
        await using var bench = new HostBench(
            1, options => options with { SnapshotEntries = 5, TrailingEntries = 0 });
        await bench.WriteAsync(1, "first");
        bench.Start(2, joining: true);
        await ChangeAsync(bench, 1, Lab.Voters(1) with { Learners = [.. Lab.Ids(2)] });
        for (var i = 0; i < 20; i++)
        {
            await bench.WriteAsync(2, $"line {i}");
        }

        var expected = bench[1].Status.Configuration;
        foreach (var id in new[] { 1, 2 })
        {
            await bench.StopAsync(id);
            bench.Start(id, joining: true);
            Assert.Equal(expected, bench[id].Status.Configuration);
        }

        await bench.WriteAsync(2, "last");
        await bench.Machine(1).UntilAsync(lines => lines.Contains("last"), bench.Limit);
    }

    [Fact]
    public async Task Who_may_not_change_members_says_why()
    {
        await using var bench = new HostBench(3);
        var leader = await bench.LeaderAsync();
        var follower = (leader % 3) + 1;
        var term = bench[leader].Status.Term;

        var elsewhere = await bench[follower].ChangeMembersAsync(Lab.Voters(1, 2), term, bench.Limit);
        Assert.Equal((MembershipOutcome.Refused, ChangeStatus.NoLeader), (elsewhere.Outcome, elsewhere.Change.Status));

        var later = await bench[leader].ChangeMembersAsync(Lab.Voters(1, 2), term + 1, bench.Limit);
        Assert.Equal((MembershipOutcome.Refused, ChangeStatus.NoLeader), (later.Outcome, later.Change.Status));

        var nobody = await bench[leader].ChangeMembersAsync(Lab.Voters([]), term, bench.Limit);
        Assert.Equal((MembershipOutcome.Refused, ChangeStatus.Invalid), (nobody.Outcome, nobody.Change.Status));

        var stranger = await bench[leader].ChangeMembersAsync(Lab.Voters(1, 2, 3, 9), term, bench.Limit);
        Assert.Equal(
            (MembershipOutcome.Refused, ChangeStatus.LearnerBehind, new(9)),
            (stranger.Outcome, stranger.Change.Status, stranger.Change.Member));

        var same = await bench[leader].ChangeMembersAsync(Lab.Voters(1, 2, 3), term, bench.Limit);
        Assert.Equal((MembershipOutcome.Committed, ChangeStatus.Unchanged), (same.Outcome, same.Change.Status));
    }

    [Fact]
    public async Task A_change_whose_leader_is_cut_off_has_an_unknown_end()
    {
        await using var bench = new HostBench(3, Patient);
        var leader = await bench.LeaderAsync();
        var term = bench[leader].Status.Term;
        bench.Network.Isolate(bench.Ids[leader - 1], bench.Ids);
        var kept = Lab.Voters(leader, (leader % 3) + 1);
        var result = await bench[leader].ChangeMembersAsync(kept, term, bench.Limit);
        Assert.Equal((MembershipOutcome.Unknown, ChangeStatus.Appended), (result.Outcome, result.Change.Status));

        // Nobody else had it: it is rolled back.
        bench.Network.Heal();
        await bench.WriteAsync(leader, "again");
        Assert.Equal(Lab.Voters(1, 2, 3), bench[leader].Status.Configuration);
    }

    [Fact]
    public async Task Leadership_goes_to_the_member_that_was_named()
    {
        await using var bench = new HostBench(3, Patient);
        for (var i = 0; i < 3; i++)
        {
            LeadershipTransfer moved;
            MemberId target;
            do
            {
                // On a busy machine the one that led may have just been replaced, and whoever leads now may have been
                // elected without this member, which it has not heard of yet.
                var leader = await bench.LeaderAsync();
                target = bench.Ids[leader % 3];
                moved = await bench[leader].TransferLeadershipAsync(target, bench.Limit);
            }
            while (moved.Transfer.Status is TransferStatus.NoLeader or TransferStatus.Silent);

            Assert.Equal(
                (TransferOutcome.Moved, target, target), (moved.Outcome, moved.Transfer.Target, moved.Leader));
        }
    }

    [Fact]
    public async Task A_transfer_that_can_not_begin_says_why()
    {
        await using var bench = new HostBench(3);
        var leader = await bench.LeaderAsync();
        var stranger = await bench[leader].TransferLeadershipAsync(new MemberId(9), bench.Limit);
        Assert.Equal(
            (TransferOutcome.Refused, TransferStatus.NotVoter), (stranger.Outcome, stranger.Transfer.Status));
        var elsewhere = await bench[(leader % 3) + 1].TransferLeadershipAsync(null, bench.Limit);
        Assert.Equal((TransferOutcome.Refused, TransferStatus.NoLeader), (elsewhere.Outcome, elsewhere.Transfer.Status));
        var itself = await bench[leader].TransferLeadershipAsync(bench.Ids[leader - 1], bench.Limit);
        Assert.Equal((TransferOutcome.Moved, TransferStatus.Unchanged), (itself.Outcome, itself.Transfer.Status));
    }

    [Fact]
    public async Task A_transfer_to_a_member_that_does_not_take_over_is_given_up()
    {
        await using var bench = new HostBench(3, Patient);
        var leader = await bench.LeaderAsync();
        var target = (leader % 3) + 1;
        bench.Network.Isolate(bench.Ids[target - 1], bench.Ids);
        var result = await bench[leader].TransferLeadershipAsync(bench.Ids[target - 1], bench.Limit);
        Assert.Equal(TransferOutcome.Aborted, result.Outcome);
        await bench.WriteAsync(leader, "goes on");
    }

    [Fact]
    public async Task Who_waits_for_a_change_when_the_member_stops_is_told()
    {
        await using var bench = new HostBench(3, Patient);
        var leader = await bench.LeaderAsync();
        bench.Network.Isolate(bench.Ids[leader - 1], bench.Ids);
        var kept = Lab.Voters(leader, (leader % 3) + 1);
        var change = bench[leader].ChangeMembersAsync(kept, bench[leader].Status.Term, bench.Limit);
        await bench.StopAsync(leader);
        Assert.NotEqual(MembershipOutcome.Committed, (await change).Outcome);
    }

    /// <summary>Half a second: a machine with other things to do does not look like a member that is gone.</summary>
    private static RaftHostOptions Patient(RaftHostOptions options) =>
        options with { Core = options.Core with { ElectionTicks = 50 } };

    /// <summary>Asks until it is taken: a leader must have committed first, and learners have caught up.</summary>
    private static async Task<MembershipOutcome> ChangeAsync(HostBench bench, int leader, Configuration target)
    {
        while (true)
        {
            var result = await bench[leader].ChangeMembersAsync(target, bench[leader].Status.Term, bench.Limit);
            if (result.Change.Status is not (ChangeStatus.NoOwnTermCommit or ChangeStatus.QuorumAtRisk))
            {
                return result.Outcome;
            }

            await Task.Delay(5, bench.Limit);
        }
    }
}
