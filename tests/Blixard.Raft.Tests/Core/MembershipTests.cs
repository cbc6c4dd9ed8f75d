using Blixard.Raft.Core;

namespace Blixard.Raft.Tests.Core;

/// <summary>Section 6 and thesis chapter 4, on members with their logs.</summary>
public sealed class MembershipTests
{
    [Fact]
    public void A_new_member_catches_up_as_a_learner_and_is_promoted()
    {
        var lab = Led(voters: 1);
        Write(lab, 5);
        lab.Add(2);

        Assert.Equal(ChangeStatus.Appended, Change(lab, With(lab, learners: [2])));
        lab.Settle();
        Assert.Equal(RaftRole.Learner, lab[2].Node.Role);
        Assert.Equal(lab[1].Applied, lab[2].Applied);

        Assert.Equal(ChangeStatus.Appended, Change(lab, Lab.Voters(1, 2)));
        lab.Settle();
        Assert.Equal(RaftRole.Follower, lab[2].Node.Role);
        Assert.All([1, 2], id => AssertIn(Lab.Voters(1, 2), lab[id]));
    }

    [Fact]
    public void A_change_counts_from_the_moment_it_is_appended()
    {
        var lab = Led(voters: 3);
        lab.Isolate(3);
        lab.Cut(2, 1);
        Change(lab, Lab.Voters(1, 2));
        lab.Settle();

        // Two of three would be 1 and 3, or 2 and 3: with two voters it needs 2, whose answer does not come.
        Assert.True(lab[1].Node.Commit < lab[1].Node.ConfigurationIndex);
        Assert.Equal(Lab.Voters(1, 2), lab[2].Node.Configuration);
        lab.Heal();
        lab.Run(2);
        AssertIn(Lab.Voters(1, 2), lab[1]);
    }

    [Fact]
    public void Several_voters_change_through_a_joint_configuration_that_the_leader_leaves()
    {
        var lab = Led(voters: 3, learners: 2);
        var target = new Configuration([.. Lab.Ids(1, 4, 5)], [.. Lab.Ids(3)]);
        Assert.Equal(ChangeStatus.Appended, Change(lab, target));
        Assert.True(lab[1].Node.Configuration.IsJoint);
        Assert.Equal([.. Lab.Ids(1, 2, 3)], lab[1].Node.Configuration.Outgoing);
        Assert.Equal([.. Lab.Ids(3)], lab[1].Node.Configuration.LearnersNext);

        lab.Run(1);
        Assert.All([1, 3, 4, 5], id => AssertIn(target, lab[id]));
        Assert.Equal(RaftRole.Learner, lab[3].Node.Role);
    }

    [Fact]
    public void While_joint_both_halves_are_needed()
    {
        var lab = Led(voters: 3, learners: 2);
        lab.Isolate(2);
        lab.Isolate(3);
        Change(lab, Lab.Voters(1, 4, 5));
        lab.Settle();

        // The whole new half has it; of the old half only 1.
        Assert.True(lab[1].Node.Configuration.IsJoint);
        Assert.True(lab[1].Node.Commit < lab[1].Node.ConfigurationIndex);
        lab.Heal();
        lab.Run(2);
        AssertIn(Lab.Voters(1, 4, 5), lab[4]);
    }

    [Fact]
    public void Only_one_change_is_pending()
    {
        var lab = Led(voters: 3, learners: 1);
        Assert.Equal(ChangeStatus.Appended, Change(lab, Lab.Voters(1, 2, 3, 4)));
        Assert.Equal(ChangeStatus.ChangePending, Change(lab, Lab.Voters(1, 2, 3)));
        lab.Settle();
        Assert.Equal(ChangeStatus.Unchanged, Change(lab, Lab.Voters(1, 2, 3, 4)));
        Assert.Equal(ChangeStatus.Appended, Change(lab, Lab.Voters(1, 2, 3)));
    }

    [Fact]
    public void A_leader_changes_nothing_before_it_committed_in_its_own_term()
    {
        var lab = new Lab(3);
        lab.Elect(1, drop: message => message is AppendResponse);
        Assert.Equal(ChangeStatus.NoOwnTermCommit, Change(lab, Lab.Voters(1, 2)));
        lab.Run(2);
        Assert.Equal(ChangeStatus.Appended, Change(lab, Lab.Voters(1, 2)));
    }

    [Fact]
    public void Who_does_not_lead_changes_nothing()
    {
        var lab = Led(voters: 3);
        Assert.Equal(ChangeStatus.NoLeader, lab[2].Node.ChangeConfiguration(Lab.Voters(1, 2)).Status);
    }

    [Theory]
    [InlineData("no voters")]
    [InlineData("joint")]
    [InlineData("voter and learner")]
    [InlineData("nobody")]
    [InlineData("too many voters")]
    [InlineData("too many learners")]
    public void A_target_that_makes_no_sense_is_invalid(string what)
    {
        var lab = Led(voters: 3);
        var three = Lab.Voters(1, 2, 3);
        var target = what switch
        {
            "no voters" => new([], [.. Lab.Ids(1, 2, 3)]),
            "joint" => three with { Outgoing = [.. Lab.Ids(1, 2)] },
            "voter and learner" => three with { Learners = [.. Lab.Ids(3)] },
            "nobody" => three with { Learners = [MemberId.None] },
            "too many voters" => Lab.Voters(Enumerable.Range(1, 8)),
            _ => three with { Learners = [.. Lab.Ids(Enumerable.Range(4, 17))] },
        };
        var last = lab[1].Node.LastIndex;
        var result = lab[1].Node.ChangeConfiguration(target);
        Assert.Equal(ChangeStatus.Invalid, result.Status);
        Assert.NotNull(result.Reason);
        Assert.Equal(last, lab[1].Node.LastIndex);
    }

    [Fact]
    public void A_refused_change_says_whom_it_waits_for()
    {
        var lab = Led(voters: 3, learners: 1, options => options with { MaxPromotionLag = 3 });
        lab.Isolate(4);
        Write(lab, 4);
        var refused = lab[1].Node.ChangeConfiguration(Lab.Voters(1, 2, 3, 4));
        Assert.Equal((ChangeStatus.LearnerBehind, new(4)), (refused.Status, refused.Member));
        Assert.Contains("lacks 4 entries", refused.Reason, StringComparison.Ordinal);

        var stranger = lab[1].Node.ChangeConfiguration(Lab.Voters(1, 2, 3, 9));
        Assert.Equal((ChangeStatus.LearnerBehind, new(9)), (stranger.Status, stranger.Member));
        Assert.Contains("add it as one first", stranger.Reason, StringComparison.Ordinal);

        lab.Heal();
        lab.Run(3);
        Assert.Equal(ChangeStatus.Appended, Change(lab, Lab.Voters(1, 2, 3, 4)));
    }

    [Fact]
    public void A_change_into_a_quorum_that_does_not_answer_is_refused()
    {
        var lab = Led(voters: 3, learners: 1);
        lab.Isolate(3);
        lab.Run(8);
        Assert.Equal(ChangeStatus.QuorumAtRisk, Change(lab, Lab.Voters(1, 3)));
        Assert.Equal(ChangeStatus.Appended, Change(lab, Lab.Voters(1, 2, 4)));
        lab.Run(2);
        AssertIn(Lab.Voters(1, 2, 4), lab[4]);
    }

    [Fact]
    public void A_restarted_member_has_the_configuration_of_its_log_committed_or_not()
    {
        var lab = Led(voters: 3, learners: 2);
        lab.Isolate(3);
        lab.Isolate(2);
        Change(lab, Lab.Voters(1, 4, 5));
        lab.Settle();
        var joint = lab[1].Node.Configuration;
        Assert.True(joint.IsJoint);
        lab[4].Restart();
        Assert.Equal(joint, lab[4].Node.Configuration);
        Assert.True(lab[4].Node.IsChangePending);
        Assert.Equal(RaftRole.Follower, lab[4].Node.Role);
    }

    [Fact]
    public void A_snapshot_carries_the_configuration_of_its_index()
    {
        var lab = Led(voters: 3);
        Write(lab, 3);
        Change(lab, Lab.Voters(1, 2));
        lab.Settle();
        var node = lab[1].Node;
        var before = node.ConfigurationIndex - 1;
        Assert.Equal(Lab.Voters(1, 2, 3), node.ConfigurationAt(before));
        Assert.Equal(Lab.Voters(1, 2), node.ConfigurationAt(before + 1));
        Assert.Throws<RaftInvariantException>(
            () => node.Compact(new(before, node.TermAt(before)!.Value, Lab.Voters(1, 2)), before));
        node.Compact(new(before, node.TermAt(before)!.Value, Lab.Voters(1, 2, 3)), before);
        Assert.Equal(Lab.Voters(1, 2), node.Configuration);
    }

    [Fact]
    public void A_joint_configuration_survives_in_a_snapshot()
    {
        var lab = Led(voters: 3, learners: 2);
        lab.Isolate(3);
        var target = Lab.Voters(1, 4, 5);

        // Committed on 1, which is stopped before it can leave it.
        Change(lab, target);
        var node = lab[1].Node;
        var at = node.ConfigurationIndex;
        lab.Settle(drop: message => message is AppendRequest { Entries: [.., { Index: var last }] } && last > at);
        Assert.True(node.Commit >= at);
        var joint = node.ConfigurationAt(at);
        Assert.True(joint.IsJoint);
        node.Compact(new(at, node.TermAt(at)!.Value, joint), at);

        lab.Heal();
        lab[3].Node.Step(new SnapshotReceived(new(1), new(3), node.Term, node.Snapshot));
        Assert.Equal(joint, lab[3].Node.Configuration);
        Assert.True(lab[3].Node.IsChangePending);
        lab.Run(8);
        Assert.All([1, 4, 5], id => AssertIn(target, lab[id]));
    }

    [Fact]
    public void A_new_member_that_needs_a_snapshot_gets_one()
    {
        var lab = Led(voters: 1);
        Write(lab, 5);
        var node = lab[1].Node;
        node.Compact(new(node.Commit, node.Term, node.Configuration), node.Commit);
        lab.Add(2);
        Change(lab, With(lab, learners: [2]));
        lab.Settle();
        Assert.Equal(node.Snapshot, Assert.Single(lab[1].SnapshotsToSend).Snapshot);
        lab[2].Node.Step(new SnapshotReceived(new(1), new(2), node.Term, node.Snapshot));
        lab.Run(2);
        AssertIn(With(lab, learners: [2]), lab[2]);
    }

    [Fact]
    public void Sixteen_learners_follow()
    {
        var lab = Led(voters: 3, learners: 16);
        Write(lab, 3);
        lab.Run(2);
        Assert.All(lab.Members, member => Assert.Equal(["w0", "w1", "w2"], member.Applied));
    }

    [Fact]
    public void A_member_that_joins_asks_for_nothing_until_it_is_in_the_configuration()
    {
        var lab = Led(voters: 1);
        lab.Add(2);
        lab.Run(50);
        Assert.Equal(0ul, lab[2].Node.Term);
        Assert.Equal(RaftRole.Learner, lab[2].Node.Role);
        Assert.Equal(0ul, lab[2].Node.LastIndex);
    }

    [Fact]
    public void Reads_while_joint_need_both_halves()
    {
        var lab = Led(voters: 3, learners: 2);
        lab.Isolate(2);
        lab.Isolate(3);
        Change(lab, Lab.Voters(1, 4, 5));
        lab[1].Node.ReadIndex(7);
        lab.Settle();
        Assert.Empty(lab[1].Reads);
        lab.Heal();
        lab.Run(2);
        Assert.Equal(7ul, Assert.Single(lab[1].Reads).Context);
    }

    [Fact]
    public void A_leader_whose_old_half_is_silent_steps_down()
    {
        var lab = Led(voters: 3, learners: 2);
        lab.Isolate(2);
        lab.Isolate(3);
        Change(lab, Lab.Voters(1, 4, 5));
        lab.Run(13);
        Assert.NotEqual(RaftRole.Leader, lab[1].Node.Role);
    }

    [Fact]
    public void Growing_from_one_to_five_and_back_to_three_loses_nothing()
    {
        var lab = Led(voters: 1);
        foreach (var id in Enumerable.Range(2, 4))
        {
            lab.Add(id);
        }

        foreach (var target in new[]
        {
            Lab.Voters(1) with { Learners = [.. Lab.Ids(2, 3, 4, 5)] },
            Lab.Voters(1, 2, 3) with { Learners = [.. Lab.Ids(4, 5)] },
            Lab.Voters(1, 2, 3, 4, 5),
            Lab.Voters(3, 4, 5) with { Learners = [.. Lab.Ids(1)] },
            Lab.Voters(3, 4, 5),
        })
        {
            var leader = lab.Leader;
            leader.Propose($"before {target}");
            Assert.Equal(ChangeStatus.Appended, leader.Node.ChangeConfiguration(target).Status);
            leader.Propose($"after {target}");
            lab.Run(15);
            Assert.All(target.Members, member => AssertIn(target, lab[(int)member.Value]));
        }

        Assert.Contains(lab.Leader.Node.Self, Lab.Ids(3, 4, 5));
        Assert.Equal(10, lab[3].Applied.Count);
        Assert.All([4, 5], id => Assert.Equal(lab[3].Applied, lab[id].Applied));
    }

    private static Lab Led(int voters, int learners = 0, Func<RaftOptions, RaftOptions>? configure = null)
    {
        var lab = new Lab(voters, learners, configure);
        lab.Elect(1);
        lab.Run(1);
        return lab;
    }

    private static void Write(Lab lab, int entries)
    {
        for (var i = 0; i < entries; i++)
        {
            lab[1].Propose($"w{i}");
        }

        lab.Settle();
    }

    private static Configuration With(Lab lab, IEnumerable<int> learners) =>
        lab[1].Node.Configuration with { Learners = [.. Lab.Ids(learners)] };

    private static ChangeStatus Change(Lab lab, Configuration target) =>
        lab[1].Node.ChangeConfiguration(target).Status;

    private static void AssertIn(Configuration configuration, LabMember member)
    {
        Assert.Equal(configuration, member.Node.Configuration);
        Assert.False(member.Node.IsChangePending);
    }
}
