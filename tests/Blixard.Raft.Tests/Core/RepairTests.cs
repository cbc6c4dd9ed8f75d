using Blixard.Raft.Core;

namespace Blixard.Raft.Tests.Core;

/// <summary>A member that lost entries which it had acknowledged.</summary>
public sealed class RepairTests
{
    [Fact]
    public void It_gives_no_vote_and_does_not_campaign()
    {
        var lab = Written(3, "a", "b");
        lab.Isolate(1);
        lab[2].RestartDamaged(intact: 1);
        Assert.True(lab[2].Node.IsRepairing);

        lab.Run(100);

        // Member 3 is healthy but would need the vote of member 2, which forgot what it may have helped to commit.
        Assert.All(lab.Members.Skip(1), member => Assert.NotEqual(RaftRole.Leader, member.Node.Role));
        Assert.Equal(RaftRole.Follower, lab[2].Node.Role);
        lab.Wire.Clear();
        lab[2].Node.Step(new TimeoutNow(new(1), new(2), lab[2].Node.Term));
        Assert.DoesNotContain(lab[2].Drive(), message => message is VoteRequest);
    }

    [Fact]
    public void What_it_helped_to_commit_is_not_forgotten_by_the_cluster()
    {
        var lab = Written(3, "a");

        // Committed by 1 and 2 alone; then 2 loses it, and 1 is gone.
        lab.Isolate(3);
        lab[1].Propose("only on two");
        lab.Settle();
        Assert.Contains("only on two", lab[1].Applied);
        lab[2].RestartDamaged(intact: 2);
        lab.Heal();
        lab.Isolate(1);
        lab.Run(100);
        Assert.DoesNotContain(lab.Members.Skip(1), member => member.Node.Role == RaftRole.Leader);

        lab.Heal();
        lab.Run(100);
        Assert.Contains("only on two", lab[3].Applied);
        Assert.Contains("only on two", lab[2].Applied);
        Assert.False(lab[2].Node.IsRepairing);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void The_leader_it_had_gives_it_back_what_it_lost_although_nothing_new_is_proposed(int voters)
    {
        var lab = Written(voters, "a", "b", "c");
        for (var intact = 0; intact <= 3; intact++)
        {
            lab[2].RestartDamaged(intact);
            lab.Run(3);

            Assert.False(lab[2].Node.IsRepairing, $"{intact} entries left");
            Assert.Equal(["a", "b", "c"], lab[2].Applied);
            Assert.Equal(lab[1].Node.LastIndex, lab[1].Node.Peers[0].Match);
        }
    }

    [Fact]
    public void A_leader_of_a_later_term_makes_it_whole_with_a_log_shorter_than_it_had()
    {
        var lab = Written(3, "a");

        // Member 2 alone stored what nobody else has: never committed, and never to be found again.
        lab.Cut(3, 1);
        lab.Cut(1, 3);
        lab[1].Propose("lost one");
        lab[1].Propose("lost two");
        lab[1].DiskHeld = true;
        lab.Settle();
        var through = lab[2].Stored[^1].Index;
        lab[2].RestartDamaged(intact: 1);
        lab[1].Restart();
        lab[1].DiskHeld = false;
        lab.Heal();
        lab.Elect(3);
        lab.Run(2);

        Assert.True(lab[3].Node.LastIndex < through);
        Assert.False(lab[2].Node.IsRepairing);
        Assert.Equal(lab[3].Node.LastIndex, lab[2].Node.LastIndex);
    }

    [Fact]
    public void It_is_whole_only_when_what_came_is_on_its_disk()
    {
        var lab = Written(3, "a", "b");
        lab[2].RestartDamaged(intact: 1);
        lab[2].DiskHeld = true;
        lab.Run(3);
        Assert.Equal(lab[1].Node.LastIndex, lab[2].Node.LastIndex);
        Assert.True(lab[2].Node.IsRepairing);

        lab.Wire.AddRange(lab[2].FinishWrites());
        lab[2].DiskHeld = false;
        lab.Settle();
        Assert.False(lab[2].Node.IsRepairing);
    }

    [Fact]
    public void It_believes_no_commit_index_that_rests_on_what_it_lost()
    {
        var lab = Written(3, "a", "b", "c");
        var leader = lab[1].Node;
        lab[2].RestartDamaged(intact: 1);

        lab[2].Node.Step(new HeartbeatRequest(new(1), new(2), leader.Term, leader.Commit, ReadSequence: 0));

        Assert.Equal(0ul, lab[2].Node.Commit);
        var answer = Assert.IsType<HeartbeatResponse>(Assert.Single(lab[2].Drive()));
        Assert.Equal(0ul, answer.RepairedThrough);
    }

    [Fact]
    public void A_second_loss_before_the_first_is_made_good_ends_well()
    {
        var lab = Written(3, "a", "b", "c");
        lab[2].RestartDamaged(intact: 1);
        lab[2].DiskHeld = true;
        lab.Run(1);
        lab[2].RestartDamaged(intact: 0);
        lab[2].DiskHeld = false;
        lab.Run(3);

        Assert.False(lab[2].Node.IsRepairing);
        Assert.Equal(["a", "b", "c"], lab[2].Applied);
    }

    [Fact]
    public void A_snapshot_of_an_earlier_term_does_not_make_it_whole_alone()
    {
        var lab = Written(3, "a", "b");
        lab[2].RestartRepairing(new(100, 1));
        lab[2].Node.Step(new SnapshotReceived(new(1), new(2), 5, new(120, 4, lab.Configuration)));
        lab[2].Drive();
        Assert.True(lab[2].Node.IsRepairing);

        lab[2].Node.Step(new AppendRequest(
            new(1), new(2), 5, 120, 4, 121, [new(121, 5, EntryKind.Noop, default)]));
        lab[2].Drive();
        Assert.False(lab[2].Node.IsRepairing);
    }

    /// <summary>Member 1 leads, and all hold its first entry and these.</summary>
    private static Lab Written(int voters, params string[] lines)
    {
        var lab = new Lab(voters);
        var leader = lab.Elect(1);
        foreach (var line in lines)
        {
            leader.Propose(line);
        }

        lab.Run(2);
        Assert.All(lab.Members, member => Assert.Equal(lines, member.Applied));
        return lab;
    }
}
