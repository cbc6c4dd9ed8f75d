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
