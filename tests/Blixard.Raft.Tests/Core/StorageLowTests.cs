using Blixard.Raft.Core;

namespace Blixard.Raft.Tests.Core;

/// <summary>Members whose disks are nearly full.</summary>
public sealed class StorageLowTests
{
    [Fact]
    public void A_leader_hands_over_to_a_voter_with_space_and_refuses_what_is_proposed()
    {
        var lab = new Lab(3);
        var leader = lab.Elect(1);
        lab.Run(2);
        leader.Node.SetStorageLow(true);
        Assert.Equal(ProposeStatus.NoSpace, leader.Propose("no").Status);
        Assert.Equal(ProposeStatus.NoSpace, leader.Node.ProposeAsLeader(Lab.Bytes("no"), leader.Node.Term).Status);

        lab.Run(2);

        Assert.NotEqual(RaftRole.Leader, leader.Node.Role);
        Assert.Equal(ProposeStatus.Appended, lab.Leader.Propose("yes").Status);
        lab.Run(2);
        Assert.Contains("yes", lab.Leader.Applied);
        Assert.Equal(ProposeStatus.NoSpace, leader.Propose("not through it either").Status);
    }

    [Fact]
    public void A_leader_that_can_not_hand_over_steps_down()
    {
        var lab = new Lab(3);
        var leader = lab.Elect(1);
        lab.Run(2);
        leader.Node.SetStorageLow(true);
        for (var i = 0; i < 20 && leader.Node.Role == RaftRole.Leader; i++)
        {
            lab.Tick(1);
            lab.Settle(message => message is TimeoutNow);
        }

        Assert.Equal(RaftRole.Follower, leader.Node.Role);
        lab.Run(40);
        Assert.NotEqual(1ul, lab.Leader.Node.Self.Value);
    }

    [Fact]
    public void One_without_space_leads_if_nobody_has_any_commits_its_first_entry_and_serves_reads()
    {
        var lab = new Lab(3);
        foreach (var member in lab.Members)
        {
            member.Node.SetStorageLow(true);
        }

        lab.Run(150);

        var leader = lab.Leader;
        Assert.True(leader.Node.LeadsWithCommit);
        Assert.True(leader.Node.ReadIndex(1));
        lab.Settle();
        Assert.Single(leader.Reads);
        Assert.Equal(ProposeStatus.NoSpace, leader.Propose("no").Status);
        var term = leader.Node.Term;
        lab.Run(100);
        Assert.Equal(term, lab.Leader.Node.Term);
    }

    [Fact]
    public void One_with_space_campaigns_before_one_without()
    {
        for (var low = 1; low <= 3; low++)
        {
            var lab = new Lab(3);
            lab[low].Node.SetStorageLow(true);
            lab.Run(60);
            Assert.NotEqual((ulong)low, lab.Leader.Node.Self.Value);
        }
    }

    [Fact]
    public void A_follower_drops_entries_but_votes_and_stays_alive()
    {
        var lab = new Lab(3, configure: options => options with { LowStorageBytes = 10 });
        var leader = lab.Elect(1);
        lab.Run(2);
        lab[3].Node.SetStorageLow(true);
        lab.Run(1);
        leader.Propose("12345");
        leader.Propose("123456");
        lab.Settle();
        lab.Run(20);

        // The first was still taken, as part of what was under way.
        Assert.Equal(["12345", "123456"], leader.Applied);
        Assert.True(lab[3].Node.LastIndex <= 2);
        Assert.All(leader.Node.Peers, peer => Assert.InRange(peer.SilentTicks, 0, 1));

        lab.Isolate(1);
        lab.Run(100);
        Assert.Equal(RaftRole.Leader, lab[2].Node.Role);
        Assert.Equal(lab[2].Node.Term, lab[3].Node.Term);
    }

    [Fact]
    public void Back_to_normal_it_catches_up()
    {
        var lab = new Lab(3, configure: options => options with { LowStorageBytes = 10 });
        var leader = lab.Elect(1);
        lab[3].Node.SetStorageLow(true);
        lab.Run(1);
        for (var i = 0; i < 50; i++)
        {
            leader.Propose($"line {i}");
            lab.Settle();
        }

        lab[3].Node.SetStorageLow(false);
        lab.Run(20);

        Assert.Equal(leader.Applied, lab[3].Applied);
        Assert.Equal(50, lab[3].Applied.Count);
    }

    [Fact]
    public void A_leader_refuses_what_too_few_voters_could_store()
    {
        var lab = new Lab(3);
        var leader = lab.Elect(1);
        lab.Run(2);
        lab[2].Node.SetStorageLow(true);
        lab.Run(1);
        Assert.Equal(ProposeStatus.Appended, leader.Propose("two have space").Status);
        lab[3].Node.SetStorageLow(true);
        lab.Run(1);
        Assert.Equal(ProposeStatus.NoSpace, leader.Propose("one has").Status);
        lab[2].Node.SetStorageLow(false);
        lab.Run(1);
        Assert.Equal(ProposeStatus.Appended, leader.Propose("two again").Status);
    }
}
