using Blixard.Raft.Core;

namespace Blixard.Raft.Tests.Core;

/// <summary>Observers: nodes in no configuration that follow by asking.</summary>
public sealed class TailTests
{
    [Fact]
    public void An_observer_applies_what_is_committed_and_no_more()
    {
        var lab = Led();
        lab[1].Propose("a");
        var observer = lab.AddObserver(4);
        lab.Run(2);
        Assert.Equal(RaftRole.Observer, observer.Node.Role);
        Assert.Equal(["a"], observer.Applied);

        // Appended where the observer asks, but without a majority.
        lab.Cut(2, 1);
        lab.Cut(3, 1);
        lab[1].Propose("b");
        lab.Run(1);
        Assert.Equal(lab[1].Node.LastIndex, lab[2].Node.LastIndex);
        Assert.Equal(lab[1].Node.LastIndex - 1, observer.Node.LastIndex);
        Assert.Equal(["a"], observer.Applied);
    }

    [Fact]
    public void What_is_committed_comes_without_being_asked_for()
    {
        var lab = Led();
        var observer = lab.AddObserver(4);
        lab.Run(2);
        lab[1].Propose("a");
        lab.Settle(message => message is TailRequest);
        Assert.Equal(["a"], observer.Applied);
    }

    [Fact]
    public void An_observer_knows_the_leader_and_proposes_and_reads_through_it()
    {
        var lab = Led();
        var observer = lab.AddObserver(4);
        lab.Run(2);
        Assert.Equal(new MemberId(1), observer.Node.Leader);
        Assert.Equal(ProposeStatus.Forwarded, observer.Propose("through 4").Status);
        lab.Settle();
        Assert.Equal(["through 4"], observer.Applied);
        Assert.True(observer.Node.ReadIndex(7));
        lab.Settle();
        Assert.Equal(new ReadState(7, lab[1].Node.Commit), Assert.Single(observer.Reads));
    }

    [Fact]
    public void Who_leads_next_is_told_by_the_source()
    {
        var lab = Led();
        var observer = lab.AddObserver(4);
        lab.Run(2);
        Assert.Equal(TransferStatus.Started, lab[1].Node.TransferLeadership(new(3)).Status);
        lab.Run(1);
        Assert.Equal(new MemberId(3), observer.Node.Leader);
        Assert.Equal(lab[3].Node.Term, observer.Node.Term);
    }

    [Fact]
    public void When_its_source_falls_silent_it_turns_to_another()
    {
        var lab = Led();
        var observer = lab.AddObserver(4);
        lab.Run(2);

        // 4 % 3: it begins with the second.
        lab.Isolate(2);
        lab.Drive();
        lab[1].Propose("a");
        lab.Run(20);
        Assert.Equal(["a"], observer.Applied);
    }

    [Fact]
    public void A_source_that_is_cut_off_from_the_leader_is_left()
    {
        var lab = Led();
        var observer = lab.AddObserver(4);
        lab.Run(2);
        foreach (var other in (int[])[1, 3])
        {
            lab.Cut(2, other);
            lab.Cut(other, 2);
        }

        lab[1].Propose("a");
        lab.Run(60);
        Assert.Equal(["a"], observer.Applied);
        Assert.Equal(new MemberId(1), observer.Node.Leader);
    }

    [Fact]
    public void An_observer_that_hears_of_nobody_knows_no_leader()
    {
        var lab = Led();
        var observer = lab.AddObserver(4);
        lab.Run(2);
        lab.Isolate(4);
        lab.Run(20);
        Assert.True(observer.Node.Leader.IsNone);
        Assert.Equal(ProposeStatus.NoLeader, observer.Propose("x").Status);
    }

    [Fact]
    public void What_is_lost_on_the_way_is_sent_again()
    {
        var lab = Led(o => o with { MaxAppendEntries = 1 });
        var observer = lab.AddObserver(4);
        lab.Run(2);
        for (var lost = 0; lost < 6; lost++)
        {
            var left = lost;
            foreach (var text in (string[])["a", "b", "c"])
            {
                lab[1].Propose(text);
            }

            // Every one of them in turn, and also the last, after which nothing comes that would show it.
            lab.Settle(message => message is TailResponse { Entries.Count: > 0 } && left-- == 0);
            lab.Run(30);
            Assert.Equal(lab[1].Applied, observer.Applied);
        }
    }

    [Fact]
    public void What_was_lost_at_a_source_is_sent_again_with_its_next_tick_not_at_once()
    {
        var lab = Led(o => o with { MaxAppendEntries = 1 });
        var observer = lab.AddObserver(4);
        lab.Run(2);
        foreach (var text in (string[])["a", "b", "c"])
        {
            lab[1].Propose(text);
        }

        lab.Settle(message => message is TailResponse { Entries.Count: > 0 });
        Assert.Empty(observer.Applied);

        // Each of a window is reported by itself: were each answered with a window, of which some is lost again, that
        // would have no end.
        foreach (var source in lab.Members.Where(member => member != observer))
        {
            source.Node.Unreachable(new(4));
        }

        lab.Drive();
        Assert.DoesNotContain(lab.Wire, message => message is TailResponse { Entries.Count: > 0 });
        lab.Run(1);
        Assert.Equal(["a", "b", "c"], observer.Applied);
    }

    [Fact]
    public void What_comes_twice_is_answered_once()
    {
        var lab = Led();
        var observer = lab.AddObserver(4);
        lab.Run(2);
        TailResponse? news = null;
        lab[1].Propose("a");
        lab.Settle(message =>
        {
            news = message is TailResponse { Entries.Count: > 0 } response ? response : news;
            return false;
        });
        Assert.Equal(["a"], observer.Applied);

        // Were it answered, the answer would bring forth what it has already, and so on without end.
        observer.Node.Step(news!);
        lab.Drive();
        Assert.DoesNotContain(lab.Wire, message => message is TailRequest);
    }

    [Fact]
    public void A_long_log_is_sent_in_parts_ahead_of_the_answers_but_not_without_bound()
    {
        var lab = Led(o => o with { MaxAppendEntries = 2, MaxInflightRequests = 3 });
        for (var i = 0; i < 40; i++)
        {
            lab[1].Propose($"line {i}");
            lab.Settle();
        }

        var observer = lab.AddObserver(4);
        observer.Node.Tick();
        lab.Drive();
        lab[2].Node.Step(lab.Wire.OfType<TailRequest>().Single());
        lab.Wire.Clear();
        lab.Drive();
        Assert.Equal(3, lab.Wire.OfType<TailResponse>().Count(m => m.Entries.Count == 2));
        lab.Settle();
        Assert.Equal(lab[1].Applied, observer.Applied);
    }

    [Fact]
    public void Whose_entries_are_gone_gets_a_snapshot_and_goes_on_after_it()
    {
        var lab = Led();
        for (var i = 0; i < 10; i++)
        {
            lab[1].Propose($"line {i}");
        }

        lab.Settle();
        var source = lab[2].Node;
        var snapshot = new SnapshotMeta(8, source.TermAt(8)!.Value, lab.Configuration);
        source.Compact(snapshot, 8);
        var observer = lab.AddObserver(4);
        lab.Run(10);
        var request = Assert.Single(lab[2].SnapshotsToSend);
        Assert.True(request.ToObserver);
        Assert.Equal(snapshot, request.Snapshot);
        Assert.Equal(8ul, source.HeldByObservers);
        Assert.Empty(observer.Applied);

        observer.Node.Step(new SnapshotReceived(new(2), new(4), source.Term, snapshot));
        source.SnapshotDelivered(new(4), 8);
        lab.Settle();
        Assert.Equal(source.Commit, observer.Node.Commit);
        Assert.Equal(lab[1].Applied.Skip(7), observer.Applied);
    }

    [Fact]
    public void A_snapshot_that_did_not_arrive_is_asked_for_again()
    {
        var lab = Led();
        lab[1].Propose("a");
        lab.Settle();
        lab[2].Node.Compact(new(2, lab[2].Node.TermAt(2)!.Value, lab.Configuration), 2);
        lab.AddObserver(4);
        lab.Run(2);
        lab[2].Node.SnapshotFailed(new(4));
        lab.Run(5);
        Assert.Equal(2, lab[2].SnapshotsToSend.Count);
    }

    [Fact]
    public void Without_a_configuration_it_begins_with_a_snapshot_even_if_all_entries_are_there()
    {
        var lab = Led();
        lab[1].Propose("a");
        lab.Settle();
        var observer = lab.Add(4);
        lab.Run(5);
        Assert.Equal(RaftRole.Observer, observer.Node.Role);
        Assert.Empty(observer.Applied);

        // Not even when the snapshot did not arrive.
        lab.Members.ToList().ForEach(member => member.Node.SnapshotFailed(new(4)));
        lab.Settle();
        Assert.Empty(observer.Applied);
        Assert.All(lab.Members.SelectMany(m => m.SnapshotsToSend), request => Assert.True(request.ToObserver));
        Assert.NotEmpty(lab.Members.SelectMany(m => m.SnapshotsToSend));
    }

    [Fact]
    public void Committed_entries_that_differ_stop_the_observer_and_nobody_else()
    {
        var lab = Led();
        lab[1].Propose("a");
        var observer = lab.AddObserver(4);
        lab.Run(2);
        var (commit, term) = (observer.Node.Commit, observer.Node.TermAt(observer.Node.Commit)!.Value);
        lab[2].Node.Step(new TailRequest(new(4), new(2), 1, commit, term + 1, Rewind: true, NeedsSnapshot: false));
        lab.Drive();
        var answer = lab.Wire.OfType<TailResponse>().Last();
        Assert.Equal((commit, term), (answer.PrevLogIndex, answer.PrevLogTerm));
        Assert.Empty(answer.Entries);
        Assert.Throws<RaftInvariantException>(() => observer.Node.Step(answer with { PrevLogTerm = term + 1 }));
    }

    [Fact]
    public void A_committed_entry_is_never_replaced()
    {
        var lab = Led();
        lab[1].Propose("a");
        var observer = lab.AddObserver(4);
        lab.Run(2);
        var node = observer.Node;
        Assert.Throws<RaftInvariantException>(() => node.Step(new TailResponse(
            new(2), new(4), 9, new(2), 9, 0, 0, [new(1, 9, EntryKind.Noop, default)])));
    }

    [Fact]
    public void An_observer_gives_no_vote()
    {
        var lab = Led();
        var observer = lab.AddObserver(4);
        lab.Run(2);
        var term = observer.Node.Term;
        observer.Node.Step(new VoteRequest(new(3), new(4), term + 5, 99, term + 4, PreVote: false, Transfer: true));
        lab.Drive();
        Assert.Empty(lab.Wire);
        Assert.Equal(term, observer.Node.Term);
    }

    [Fact]
    public void An_observer_never_campaigns()
    {
        var lab = Led();
        var observer = lab.AddObserver(4);
        lab.Run(2);
        lab.Isolate(4);
        lab.Tick(4, 200);
        Assert.Equal(RaftRole.Observer, observer.Node.Role);
        Assert.DoesNotContain(lab.Wire, message => message is VoteRequest);
    }

    [Fact]
    public void Made_a_learner_it_is_sent_the_log_by_the_leader_and_asks_no_more()
    {
        var lab = Led();
        var observer = lab.AddObserver(4);
        lab.Run(2);
        Assert.Equal(
            ChangeStatus.Appended,
            lab[1].Node.ChangeConfiguration(lab.Configuration with { Learners = [new(4)] }).Status);
        lab.Run(2);
        Assert.Equal(RaftRole.Learner, observer.Node.Role);
        Assert.Equal(lab[1].Node.LastIndex, lab[1].Node.Peers.Single(peer => peer.Member == new MemberId(4)).Match);
        lab[1].Propose("a");
        lab.Settle(message => message is TailRequest or TailResponse);
        lab.Run(2);
        Assert.Equal(["a"], observer.Applied);
    }

    [Fact]
    public void A_learner_that_is_removed_goes_on_as_an_observer_with_what_was_committed()
    {
        var lab = new Lab(3, learners: 1, Tailing);
        lab.Elect(1);
        lab.Settle();

        // Member 4 alone has it, and it will never be committed.
        lab.Cut(1, 2);
        lab.Cut(1, 3);
        lab[1].Propose("lost");
        lab.Settle();
        Assert.Equal(lab[1].Node.LastIndex, lab[4].Node.LastIndex);
        lab.Isolate(1);
        lab.Run(40);
        var leader = lab.Leader;
        Assert.Equal(
            ChangeStatus.Appended, leader.Node.ChangeConfiguration(lab.Configuration with { Learners = [] }).Status);
        lab.Run(1);
        leader.Propose("kept");
        lab.Run(40);
        Assert.Equal(RaftRole.Observer, lab[4].Node.Role);
        Assert.Equal(["kept"], lab[4].Applied);
    }

    [Fact]
    public void A_restart_goes_on_with_what_was_stored()
    {
        var lab = Led();
        lab[1].Propose("a");
        var observer = lab.AddObserver(4);
        lab.Run(2);
        var term = observer.Node.Term;
        observer.Restart();
        Assert.Equal(lab[1].Node.LastIndex, observer.Node.LastIndex);
        Assert.Equal(term, observer.Node.Term);
        lab[1].Propose("b");
        lab.Run(5);
        Assert.Equal(["a", "b"], observer.Applied);
    }

    [Fact]
    public void Who_does_not_ask_again_is_sent_nothing_more()
    {
        var lab = Led();
        lab.AddObserver(4);
        lab.Run(2);
        lab.Isolate(4);
        foreach (var id in (int[])[1, 2, 3])
        {
            lab.Tick(id, 40);
        }

        lab.Settle();
        Assert.All(lab.Members, member => Assert.Equal(ulong.MaxValue, member.Node.HeldByObservers));
        lab[1].Propose("a");
        lab.Drive();
        Assert.DoesNotContain(lab.Wire, message => message is TailResponse);
    }

    [Fact]
    public void More_observers_than_one_member_serves_turn_to_others()
    {
        var lab = Led(o => o with { MaxObservers = 1 });
        lab[1].Propose("a");
        foreach (var id in (int[])[4, 7, 10])
        {
            // They all begin with the second member.
            lab.AddObserver(id);
        }

        lab.Run(120);
        Assert.All((int[])[4, 7, 10], id => Assert.Equal(["a"], lab[id].Applied));
    }

    private static RaftOptions Tailing(RaftOptions options) =>
        options with { Observer = true, Sources = [.. Lab.Ids(1, 2, 3)] };

    private static Lab Led(Func<RaftOptions, RaftOptions>? configure = null)
    {
        var lab = new Lab(3, configure: options => Tailing(configure?.Invoke(options) ?? options));
        lab.Elect(1);
        lab.Settle();
        return lab;
    }
}
