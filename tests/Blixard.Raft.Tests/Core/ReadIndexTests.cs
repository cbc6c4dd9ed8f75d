using Blixard.Raft.Core;

namespace Blixard.Raft.Tests.Core;

public sealed class ReadIndexTests
{
    [Fact]
    public void A_read_is_confirmed_at_the_commit_index_by_a_majority()
    {
        var lab = new Lab(3);
        var leader = lab.Elect(1);
        leader.Propose("seen");
        lab.Settle();
        Assert.True(leader.Node.ReadIndex(7));
        lab.Drive();
        Assert.Empty(leader.Reads);
        lab.Settle();
        Assert.Equal([new ReadState(7, leader.Node.Commit)], leader.Reads);
    }

    [Fact]
    public void A_leader_cut_off_from_its_majority_confirms_nothing()
    {
        var lab = new Lab(3);
        var leader = lab.Elect(1);
        lab.Isolate(1);
        Assert.True(leader.Node.ReadIndex(7));
        lab.Run(20);
        Assert.Empty(leader.Reads);
        Assert.Equal([7ul], leader.DroppedReads);
    }

    [Fact]
    public void A_new_leader_serves_reads_only_after_it_committed_in_its_own_term()
    {
        var lab = new Lab(3);
        lab.Elect(1).Propose("committed");
        lab.Settle();
        lab.Isolate(1);

        // The next leader's own entry does not get through, its heartbeats do.
        var drop = (Message m) => m is AppendRequest { Entries.Count: > 0 };
        for (var i = 0; i < 40 && !lab.Members.Skip(1).Any(m => m.Node.Role == RaftRole.Leader); i++)
        {
            lab.Tick(2);
            lab.Tick(3);
            lab.Settle(drop);
        }

        var leader = lab.Members.Skip(1).Single(m => m.Node.Role == RaftRole.Leader);
        leader.Node.ReadIndex(7);
        leader.Node.Tick();
        lab.Settle(drop);
        Assert.Empty(leader.Reads);

        lab.Run(5);
        var read = Assert.Single(leader.Reads);
        Assert.Equal(leader.Node.Commit, read.Index);
    }

    [Fact]
    public void A_follower_reads_at_the_leaders_index()
    {
        var lab = new Lab(3);
        var leader = lab.Elect(1);
        leader.Propose("seen");
        lab.Settle();
        Assert.True(lab[2].Node.ReadIndex(9));
        lab.Settle();
        Assert.Equal([new ReadState(9, leader.Node.Commit)], lab[2].Reads);
    }

    [Fact]
    public void Reads_that_wait_together_share_one_confirmation()
    {
        var lab = new Lab(3);
        var leader = lab.Elect(1);
        for (ulong context = 1; context <= 100; context++)
        {
            leader.Node.ReadIndex(context);
        }

        lab.Drive();
        Assert.Equal(2, lab.Wire.OfType<HeartbeatRequest>().Count());
        lab.Settle();
        Assert.Equal(100, leader.Reads.Count);
    }

    [Fact]
    public void A_read_asked_of_a_leader_that_is_gone_is_given_back()
    {
        var lab = new Lab(3);
        lab.Elect(1);
        lab.Isolate(1);
        Assert.True(lab[2].Node.ReadIndex(9));
        lab.Run(40);
        Assert.Equal([9ul], lab[2].DroppedReads);
    }

    [Fact]
    public void A_single_voter_confirms_by_itself()
    {
        var lab = new Lab(1);
        lab.Run(20);
        lab[1].Node.ReadIndex(3);
        lab.Settle();
        Assert.Equal([3ul], lab[1].Reads.Select(r => r.Context));
    }
}
