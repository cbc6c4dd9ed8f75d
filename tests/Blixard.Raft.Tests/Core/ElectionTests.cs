using Blixard.Raft.Core;

namespace Blixard.Raft.Tests.Core;

public sealed class ElectionTests
{
    [Fact]
    public void A_single_voter_elects_itself_once_its_vote_is_durable()
    {
        var lab = new Lab(1);
        lab[1].DiskHeld = true;
        lab.Tick(1, 12);
        Assert.Equal(RaftRole.Candidate, lab[1].Node.Role);

        lab[1].FinishWrites();
        lab.Drive();
        Assert.Equal(RaftRole.Leader, lab[1].Node.Role);
    }

    [Fact]
    public void Three_voters_elect_one_leader_and_commit_its_noop()
    {
        var lab = new Lab(3);
        lab.Run(20);
        var leader = lab.Leader;
        Assert.All(lab.Members, m => Assert.Equal(leader.Node.Self, m.Node.Leader));
        Assert.All(lab.Members, m => Assert.Equal(1ul, m.Node.Commit));
    }

    [Fact]
    public void A_leader_whose_connections_end_is_replaced_without_waiting_for_its_silence()
    {
        var lab = new Lab(3);
        lab.Elect(1);
        lab.Run(2);
        lab.Isolate(1);
        lab[2].Node.Disconnected(new(1));
        lab[3].Node.Disconnected(new(1));

        // Less than a whole election timeout: by silence alone nobody would campaign yet.
        for (var tick = 0; tick < new RaftOptions { Self = new(1), Seed = 1 }.ElectionTicks - 1; tick++)
        {
            lab[2].Node.Tick();
            lab.Settle();
            lab[3].Node.Tick();
            lab.Settle();
        }

        Assert.Contains(lab.Members, member => member.Node.Self != new MemberId(1) && member.Node.Role == RaftRole.Leader);
    }

    [Fact]
    public void A_leader_that_one_follower_lost_and_another_hears_stays()
    {
        var lab = new Lab(3);
        var term = lab.Elect(1).Node.Term;
        lab.Run(2);
        lab.Cut(1, 2);
        for (var tick = 0; tick < 40; tick++)
        {
            lab[2].Node.Disconnected(new(1));
            lab.Run(1);
        }

        Assert.Equal(RaftRole.Leader, lab[1].Node.Role);
        Assert.Equal(term, lab[1].Node.Term);
    }

    [Fact]
    public void The_end_of_a_connection_to_another_than_the_leader_means_nothing()
    {
        var lab = new Lab(3);
        lab.Elect(1);
        lab.Run(2);
        lab.Isolate(1);
        lab[2].Node.Disconnected(new(3));
        lab.Tick(2);
        Assert.Equal(new MemberId(1), lab[2].Node.Leader);
    }

    [Fact]
    public void A_vote_leaves_only_after_it_is_durable()
    {
        var lab = new Lab(3);
        lab[2].DiskHeld = true;
        lab[2].Node.Step(new VoteRequest(new(1), new(2), 5, 0, 0, PreVote: false, Transfer: false));
        Assert.DoesNotContain(lab[2].Drive(), m => m is VoteResponse);

        var answer = Assert.IsType<VoteResponse>(Assert.Single(lab[2].FinishWrites()));
        Assert.True(answer.Granted);
        Assert.Equal(5ul, answer.Term);
    }

    [Fact]
    public void A_member_votes_once_per_term_also_after_a_restart()
    {
        var lab = new Lab(3);
        lab[2].Node.Step(new VoteRequest(new(1), new(2), 5, 0, 0, PreVote: false, Transfer: false));
        lab[2].Drive();
        lab[2].Restart();
        lab[2].Node.Step(new VoteRequest(new(3), new(2), 5, 9, 4, PreVote: false, Transfer: false));
        var answer = Assert.IsType<VoteResponse>(Assert.Single(lab[2].Drive()));
        Assert.False(answer.Granted);

        lab[2].Node.Step(new VoteRequest(new(1), new(2), 5, 0, 0, PreVote: false, Transfer: false));
        Assert.True(Assert.IsType<VoteResponse>(Assert.Single(lab[2].Drive())).Granted);
    }

    [Theory]
    [InlineData(1, 1, false)] // shorter log of the same term
    [InlineData(2, 1, true)] // as long
    [InlineData(9, 0, false)] // longer, of an earlier term
    [InlineData(1, 3, true)] // shorter, of a later term
    public void A_vote_needs_a_log_at_least_as_up_to_date(ulong lastIndex, ulong lastTerm, bool granted)
    {
        var lab = new Lab(3);
        lab[2].Node.Step(new AppendRequest(
            new(1), new(2), 1, 0, 0, 0, [new(1, 1, EntryKind.Noop, default), new(2, 1, EntryKind.Command, default)]));
        lab[2].Drive();
        lab[2].Restart();
        lab[2].Node.Step(new VoteRequest(new(3), new(2), 7, lastIndex, lastTerm, PreVote: false, Transfer: false));
        Assert.Equal(granted, lab[2].Drive().OfType<VoteResponse>().Single().Granted);
    }

    [Fact]
    public void A_member_that_was_cut_off_does_not_depose_the_leader_when_it_returns()
    {
        var lab = new Lab(3);
        var leader = lab.Elect(1);
        var term = leader.Node.Term;
        lab.Isolate(3);
        lab.Run(100);
        lab.Heal();
        lab.Run(20);
        Assert.Equal(term, lab.Leader.Node.Term);
        Assert.Same(leader, lab.Leader);
    }

    [Fact]
    public void A_leader_without_its_quorum_steps_down()
    {
        var lab = new Lab(3);
        lab.Elect(1);
        lab.Isolate(1);
        lab.Run(20);
        Assert.NotEqual(RaftRole.Leader, lab[1].Node.Role);
        Assert.True(lab[1].Node.Leader.IsNone);
        Assert.Contains(lab.Leader.Node.Self.Value, new ulong[] { 2, 3 });
    }

    [Fact]
    public void A_leader_of_an_earlier_term_learns_that_it_is_over()
    {
        var lab = new Lab(3);
        lab.Elect(1);
        lab.Isolate(1);

        // Both were cut off long enough to forget it, and move on.
        lab.Tick(2, 30);
        lab.Tick(3, 30);
        lab.Settle();
        lab.Run(30);
        lab.Heal();
        lab.Tick(1);
        lab.Settle();
        Assert.NotEqual(RaftRole.Leader, lab[1].Node.Role);
    }

    [Fact]
    public void A_leader_that_did_not_run_for_long_trusts_nobody_until_they_answer_again()
    {
        var lab = new Lab(3);
        lab.Elect(1);
        lab.Run(1);
        lab[1].Node.TransferLeadership(new(2));
        lab.Isolate(1);
        lab[1].Node.TicksMissed(1_000);
        Assert.Equal(MemberId.None, lab[1].Node.TransferTarget);
        Assert.All(lab[1].Node.Peers, peer => Assert.False(peer.IsActive));
        Assert.Equal(RaftRole.Leader, lab[1].Node.Role);

        // The check is due at once; the next finds that nobody answered since.
        lab.Tick(1, 7);
        Assert.NotEqual(RaftRole.Leader, lab[1].Node.Role);
    }

    [Fact]
    public void A_leader_that_did_not_run_for_long_leads_on_if_they_still_follow()
    {
        var lab = new Lab(3);
        lab.Elect(1);
        lab.Run(1);
        lab[1].Node.TicksMissed(int.MaxValue);
        lab.Run(20);
        Assert.Equal((RaftRole.Leader, 1ul), (lab[1].Node.Role, lab[1].Node.Term));
        Assert.All(lab[1].Node.Peers, peer => Assert.True(peer.IsActive));
    }

    [Fact]
    public void A_follower_that_did_not_run_for_long_listens_once_more_before_it_campaigns()
    {
        var lab = new Lab(3);
        lab.Elect(1);
        lab.Run(1);
        lab[2].Node.TicksMissed(1_000);
        Assert.Equal(RaftRole.Follower, lab[2].Node.Role);
        lab.Tick(1);
        lab.Settle();
        lab.Tick(2);
        Assert.Equal(RaftRole.Follower, lab[2].Node.Role);

        // It is no longer bound to a leader that it did not hear for so long.
        lab[2].Node.TicksMissed(1_000);
        lab[2].Node.Step(new VoteRequest(new(3), new(2), 2, 1, 1, PreVote: false, Transfer: false));
        Assert.Equal((2ul, new(3)), (lab[2].Node.Term, lab[2].Node.Vote));
    }

    [Fact]
    public void A_learner_never_campaigns()
    {
        var lab = new Lab(1, learners: 1);
        lab.Tick(2, 200);
        Assert.Equal(RaftRole.Learner, lab[2].Node.Role);
        Assert.Equal(0ul, lab[2].Node.Term);
    }

    [Fact]
    public void A_leader_whose_disk_hangs_steps_down_and_does_not_campaign()
    {
        var lab = new Lab(3);
        var leader = lab.Elect(1);
        leader.DiskHeld = true;
        leader.Propose("stuck");
        lab.Run(40);
        Assert.NotEqual(RaftRole.Leader, lab[1].Node.Role);
        Assert.NotEqual(new MemberId(1), lab.Leader.Node.Self);
    }

    [Fact]
    public void Leadership_goes_to_the_target_of_a_transfer_without_an_election_timeout()
    {
        var lab = new Lab(3);
        var leader = lab.Elect(1);
        Assert.Equal(TransferStatus.Started, leader.Node.TransferLeadership(new(2)).Status);
        Assert.Equal(ProposeStatus.NoLeader, leader.Propose("refused").Status);
        Assert.False(leader.Node.ReadIndex(1));
        lab.Settle();
        Assert.Equal(new MemberId(2), lab.Leader.Node.Self);
    }

    [Fact]
    public void A_transfer_that_gets_no_answer_is_given_up()
    {
        var lab = new Lab(3);
        var leader = lab.Elect(1);
        lab.Cut(1, 2);
        Assert.Equal(TransferStatus.Started, leader.Node.TransferLeadership(new(2)).Status);
        lab.Run(12);
        Assert.Equal(ProposeStatus.Appended, leader.Propose("accepted again").Status);
    }

    [Fact]
    public void A_learner_that_is_promoted_while_it_is_cut_off_votes_for_the_leader_that_comes_back()
    {
        var lab = new Lab(1, learners: 1);
        var leader = lab.Elect(1);
        lab.Run(2);
        lab.Isolate(2);
        Assert.Equal(ChangeStatus.Appended, leader.Node.ChangeConfiguration(Lab.Voters(1, 2)).Status);
        lab.Run(20);
        Assert.NotEqual(RaftRole.Leader, leader.Node.Role);
        Assert.Equal(MemberId.None, lab[2].Node.Leader);

        lab.Heal();
        lab.Run(40);

        Assert.Equal(Lab.Voters(1, 2), lab.Leader.Node.Configuration);
        Assert.False(lab.Leader.Node.IsChangePending);
    }
}
