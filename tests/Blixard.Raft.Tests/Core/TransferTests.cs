using Blixard.Raft.Core;

namespace Blixard.Raft.Tests.Core;

/// <summary>Leadership transfer (thesis 3.10).</summary>
public sealed class TransferTests
{
    private readonly Lab _lab = new(voters: 3, learners: 1);

    public TransferTests()
    {
        _lab.Elect(1);
        _lab.Run(1);
    }

    [Theory]
    [InlineData(1, TransferStatus.Unchanged)]
    [InlineData(4, TransferStatus.NotVoter)]
    [InlineData(9, TransferStatus.NotVoter)]
    public void Leadership_goes_to_voters_alone(int target, TransferStatus expected)
    {
        Assert.Equal(expected, _lab[1].Node.TransferLeadership(new((ulong)target)).Status);
        Assert.Equal(MemberId.None, _lab[1].Node.TransferTarget);
        Assert.Equal(ProposeStatus.Appended, _lab[1].Propose("w").Status);
    }

    [Fact]
    public void Who_does_not_lead_hands_nothing_over() =>
        Assert.Equal(TransferStatus.NoLeader, _lab[2].Node.TransferLeadership(new(3)).Status);

    [Fact]
    public void A_member_alone_hands_nothing_over()
    {
        var lab = new Lab(voters: 1);
        lab.Elect(1);
        Assert.Equal(TransferStatus.NotVoter, lab[1].Node.TransferLeadership(MemberId.None).Status);
    }

    [Fact]
    public void A_target_that_is_silent_is_refused()
    {
        _lab.Isolate(2);
        _lab.Run(7);
        Assert.Equal(TransferStatus.Silent, _lab[1].Node.TransferLeadership(new(2)).Status);
    }

    [Fact]
    public void Without_a_target_the_voter_that_lacks_least_is_chosen()
    {
        _lab.Cut(1, 2);
        _lab[1].Propose("w");
        _lab.Settle();
        Assert.Equal(new(TransferStatus.Started, new(3)), _lab[1].Node.TransferLeadership(MemberId.None));
        _lab.Heal();
        _lab.Run(1);
        Assert.Equal(new(3), _lab.Leader.Node.Self);
    }

    [Fact]
    public void A_target_that_lacks_entries_gets_them_first()
    {
        _lab.Cut(1, 2);
        _lab[1].Propose("w");
        _lab.Settle();
        _lab.Heal();
        Assert.Equal(TransferStatus.Started, _lab[1].Node.TransferLeadership(new(2)).Status);
        _lab.Run(2);
        Assert.Equal(new(2), _lab.Leader.Node.Self);
        Assert.All(_lab.Members, member => Assert.Equal(["w"], member.Applied));
    }

    [Fact]
    public void Meanwhile_writes_reads_and_changes_are_refused()
    {
        _lab.Isolate(3);
        _lab[1].Node.ReadIndex(1);
        _lab[1].Node.TransferLeadership(new(2));
        _lab[1].Propose("w");
        Assert.Equal(ProposeStatus.NoLeader, _lab[1].Propose("w").Status);
        Assert.False(_lab[1].Node.ReadIndex(2));
        Assert.Equal(ChangeStatus.NoLeader, _lab[1].Node.ChangeConfiguration(Lab.Voters(1, 2)).Status);
        _lab[1].Node.Step(new ReadIndexRequest(new(2), new(1), 1, 3));
        _lab[1].Node.Step(new ForwardProposals(new(2), new(1), 1, ["w"u8.ToArray()]));
        _lab.Drive();
        Assert.Equal([1], _lab[1].DroppedReads);
        Assert.Equal(1ul, _lab[1].Node.LastIndex);
        Assert.Equal(TransferStatus.InProgress, _lab[1].Node.TransferLeadership(new(3)).Status);
        Assert.Equal(TransferStatus.Started, _lab[1].Node.TransferLeadership(new(2)).Status);
    }

    [Fact]
    public void One_that_comes_to_nothing_is_given_up_after_an_election_timeout_even_if_asked_for_again()
    {
        _lab[1].Node.TransferLeadership(new(2));
        for (var i = 0; i < 5; i++)
        {
            _lab.Drive();
            _lab.Wire.Clear();
            _lab[1].Node.TransferLeadership(new(2));
            _lab.Tick(1);
            Assert.Equal(new(2), _lab[1].Node.TransferTarget);
        }

        _lab.Tick(1);
        Assert.Equal(MemberId.None, _lab[1].Node.TransferTarget);
        _lab.Wire.Clear();
        _lab.Run(1);
        Assert.Equal(ProposeStatus.Appended, _lab[1].Propose("w").Status);
        Assert.True(_lab[1].Node.ReadIndex(1));
    }
}
