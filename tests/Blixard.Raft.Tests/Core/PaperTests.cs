using Blixard.Raft.Core;

namespace Blixard.Raft.Tests.Core;

/// <summary>
/// One test for each sentence of the paper's figure 2 and chapter 5 that says what a member must do; the list is that of
/// etcd's raft_paper_test.go. Messages are written by hand, so that nothing but the rule decides. What other classes
/// test already is not here: votes wait for the disk (ElectionTests), figure 8 (ReplicationTests).
/// </summary>
public sealed class PaperTests
{
    /// <summary>5.1: if one's current term is smaller than the other's, it updates to the larger value.</summary>
    [Theory]
    [InlineData(RaftRole.Follower)]
    [InlineData(RaftRole.PreCandidate)]
    [InlineData(RaftRole.Candidate)]
    [InlineData(RaftRole.Leader)]
    public void A_later_term_makes_anyone_a_follower_of_it(RaftRole role)
    {
        var node = In(role);
        node.Step(new AppendRequest(new(2), new(1), 5, 0, 0, 0, []));
        Assert.Equal((RaftRole.Follower, 5ul, new(2)), (node.Role, node.Term, node.Leader));
        Assert.Equal(MemberId.None, node.Vote);
    }

    /// <summary>5.1: a request with a stale term is rejected.</summary>
    [Fact]
    public void A_request_of_an_earlier_term_changes_nothing()
    {
        var node = Restored(term: 3, 1, 1);
        node.Step(new AppendRequest(new(2), new(1), 2, 2, 1, 2, [new(3, 2, EntryKind.Noop, default)]));
        Assert.Equal((2ul, 0ul, MemberId.None), (node.LastIndex, node.Commit, node.Leader));
        Assert.Equal(3ul, Assert.IsType<HeartbeatResponse>(Assert.Single(Sent(node))).Term);
    }

    /// <summary>5.2: when servers start up, they begin as followers.</summary>
    [Fact]
    public void A_member_starts_as_follower() => Assert.Equal(RaftRole.Follower, In(RaftRole.Follower).Role);

    /// <summary>5.2: leaders send periodic heartbeats to all followers.</summary>
    [Fact]
    public void A_leader_sends_heartbeats_to_all()
    {
        var node = In(RaftRole.Leader);
        Sent(node);
        node.Tick();
        Assert.Equal(
            [2ul, 3ul], Sent(node).OfType<HeartbeatRequest>().Select(heartbeat => heartbeat.To.Value));
    }

    /// <summary>
    /// 5.2: a follower that hears nothing begins an election, and a candidate that gets no answer begins another; here
    /// each with the question that thesis 9.6 puts before it.
    /// </summary>
    [Fact]
    public void Who_hears_nothing_asks_for_votes_again_and_again()
    {
        var node = In(RaftRole.Follower);
        for (var round = 0; round < 3; round++)
        {
            TickUntil(node, () => node.HasReady);
            var asked = Sent(node).OfType<VoteRequest>().ToArray();
            Assert.Equal([2ul, 3ul], asked.Select(request => request.To.Value));
            Assert.All(asked, request => Assert.Equal((true, 1ul), (request.PreVote, request.Term)));
            Assert.Equal(0ul, node.Term);
        }
    }

    /// <summary>5.2: a candidate wins with the votes of a majority in its term, and goes on waiting without.</summary>
    [Theory]
    [InlineData(1, "", RaftRole.Leader)]
    [InlineData(3, "2", RaftRole.Leader)]
    [InlineData(3, "23", RaftRole.Leader)]
    [InlineData(3, "", RaftRole.Candidate)]
    [InlineData(5, "23", RaftRole.Leader)]
    [InlineData(5, "2", RaftRole.Candidate)]
    [InlineData(4, "2", RaftRole.Candidate)]
    [InlineData(4, "23", RaftRole.Leader)]
    public void A_majority_elects(int voters, string grants, RaftRole expected)
    {
        var node = Candidate(voters);
        foreach (var voter in grants)
        {
            node.Step(new VoteResponse(new((ulong)(voter - '0')), new(1), node.Term, PreVote: false, Granted: true));
        }

        Assert.Equal(expected, node.Role);
    }

    /// <summary>A candidate that too many refused waits for another to be elected.</summary>
    [Fact]
    public void A_candidate_that_can_not_win_any_more_follows()
    {
        var node = Candidate(voters: 4);
        node.Step(new VoteResponse(new(2), new(1), node.Term, PreVote: false, Granted: false));
        Assert.Equal(RaftRole.Candidate, node.Role);
        node.Step(new VoteResponse(new(3), new(1), node.Term, PreVote: false, Granted: false));
        Assert.Equal(RaftRole.Follower, node.Role);
    }

    /// <summary>5.2: each server votes for at most one candidate in a term, the first that asks.</summary>
    [Theory]
    [InlineData(0, 2, true)]
    [InlineData(2, 2, true)]
    [InlineData(3, 2, false)]
    public void A_vote_goes_to_the_first_who_asks(ulong votedFor, ulong asks, bool granted)
    {
        var node = Node(new(new(1, new(votedFor)), new(0, 0, Lab.Voters(1, 2, 3)), []));
        node.Step(new VoteRequest(new(asks), new(1), 1, 0, 0, PreVote: false, Transfer: false));
        Assert.Equal(granted, Assert.IsType<VoteResponse>(Assert.Single(Sent(node))).Granted);
    }

    /// <summary>5.2: a candidate that hears of a leader of its term returns to follower.</summary>
    [Fact]
    public void A_candidate_follows_a_leader_of_its_own_term()
    {
        var node = Candidate(voters: 3);
        node.Step(new HeartbeatRequest(new(2), new(1), node.Term, 0, 0));
        Assert.Equal((RaftRole.Follower, new MemberId(2)), (node.Role, node.Leader));
    }

    /// <summary>5.2: election timeouts are chosen randomly from a fixed interval.</summary>
    [Fact]
    public void Election_timeouts_cover_the_interval_from_one_to_two()
    {
        var seen = new SortedSet<int>();
        for (ulong seed = 1; seed <= 200; seed++)
        {
            seen.Add(TicksToCampaign(seed));
        }

        Assert.Equal([10, 11, 12, 13, 14, 15, 16, 17, 18, 19], seen);
    }

    /// <summary>5.2: so that in most cases only a single server times out.</summary>
    [Fact]
    public void Members_seldom_time_out_together()
    {
        var conflicts = 0;
        for (ulong cluster = 0; cluster < 200; cluster++)
        {
            var first = Enumerable.Range(1, 3)
                .Select(member => TicksToCampaign((cluster * 1_000) + (ulong)member))
                .Order()
                .ToArray();
            conflicts += first[0] == first[1] ? 1 : 0;
        }

        Assert.True(conflicts < 60, $"{conflicts} of 200 clusters");
    }

    /// <summary>5.3: the leader appends, sends to all, and commits what a majority stored.</summary>
    [Fact]
    public void A_leader_replicates_and_commits_with_a_majority()
    {
        var node = In(RaftRole.Leader);
        Persist(node);
        node.Propose("w"u8.ToArray());
        var requests = Persist(node).OfType<AppendRequest>().ToArray();
        node.Step(new AppendResponse(new(2), new(1), node.Term, Rejected: false, 1, 0, 0));
        Assert.Equal(1ul, node.Commit);
        requests = [.. requests, .. Persist(node).OfType<AppendRequest>()];
        Assert.Contains(requests, request => request.To == new MemberId(2) && request.Entries[^1].Index == 2);
        node.Step(new AppendResponse(new(2), new(1), node.Term, Rejected: false, 2, 0, 0));
        Assert.Equal(2ul, node.Commit);
    }

    /// <summary>5.3: a leader commits once the entry is on a majority.</summary>
    [Theory]
    [InlineData(3, "", false)]
    [InlineData(3, "2", true)]
    [InlineData(3, "23", true)]
    [InlineData(5, "2", false)]
    [InlineData(5, "23", true)]
    [InlineData(4, "2", false)]
    [InlineData(4, "23", true)]
    public void An_entry_is_committed_by_a_majority(int voters, string acknowledge, bool committed)
    {
        var node = Leader(voters);
        Persist(node);
        foreach (var peer in acknowledge)
        {
            node.Step(new AppendResponse(new((ulong)(peer - '0')), new(1), node.Term, Rejected: false, 1, 0, 0));
        }

        Assert.Equal(committed, node.Commit == 1);
    }

    /// <summary>5.3: committing an entry commits all before it, those of earlier leaders too.</summary>
    [Theory]
    [InlineData()]
    [InlineData(2ul)]
    [InlineData(1ul, 2ul)]
    public void What_is_before_a_committed_entry_is_committed(params ulong[] terms)
    {
        var node = Restored(term: 3, terms);
        Win(node, 3);
        var last = Persist(node).OfType<AppendRequest>().Last();
        node.Step(new AppendResponse(new(2), new(1), node.Term, Rejected: false, last.PrevLogIndex + 1, 0, 0));
        Assert.Equal((ulong)terms.Length + 1, node.Commit);
        Assert.Equal(node.Commit, (ulong)node.TakeReady().Committed.Count);
    }

    /// <summary>5.3: once a follower learns that an entry is committed, it applies it, in order.</summary>
    [Fact]
    public void A_follower_applies_what_it_learns_is_committed()
    {
        var node = In(RaftRole.Follower);
        node.Step(new AppendRequest(new(2), new(1), 1, 0, 0, 1, [Entry(1, 1), Entry(2, 1)]));
        Persist(node, out var applied);
        Assert.Equal([1ul], applied);
        node.Step(new HeartbeatRequest(new(2), new(1), 1, 2, 0));
        Persist(node, out applied);
        Assert.Equal([2ul], applied);
    }

    /// <summary>5.3: no entry at prevLogIndex with prevLogTerm: refused, with where the logs may still agree.</summary>
    [Theory]
    [InlineData(0, 0, false, 0, 0)]
    [InlineData(1, 1, false, 0, 0)]
    [InlineData(2, 2, false, 0, 0)]
    [InlineData(1, 2, true, 1, 1)]
    [InlineData(3, 3, true, 2, 2)]
    [InlineData(2, 1, true, 1, 1)]
    public void A_follower_takes_only_what_follows_its_log(
        ulong prevIndex, ulong prevTerm, bool rejected, ulong hint, ulong hintTerm)
    {
        var node = Restored(term: 2, 1, 2);
        node.Step(new AppendRequest(new(2), new(1), 3, prevIndex, prevTerm, 0, []));
        var answer = Persist(node).OfType<AppendResponse>().Single();
        Assert.Equal((rejected, prevIndex), (answer.Rejected, answer.Index));
        Assert.Equal((hint, hintTerm), (answer.HintIndex, answer.HintTerm));
    }

    /// <summary>5.3: a conflicting entry is deleted with all that follow it; new ones are appended.</summary>
    [Theory]
    [InlineData(2, 2, "3", "123")]
    [InlineData(1, 1, "34", "134")]
    [InlineData(0, 0, "1", "12")]
    [InlineData(0, 0, "3", "3")]
    public void A_followers_log_becomes_the_leaders(ulong prevIndex, ulong prevTerm, string sent, string expected)
    {
        var node = Restored(term: 4, 1, 2);
        var entries = sent.Select((term, i) => Entry(prevIndex + 1 + (ulong)i, (ulong)(term - '0'))).ToArray();
        node.Step(new AppendRequest(new(2), new(1), 4, prevIndex, prevTerm, 0, entries));
        Assert.Equal(
            expected,
            string.Concat(Enumerable.Range(1, (int)node.LastIndex).Select(index => node.TermAt((ulong)index))));
    }

    /// <summary>5.4.1: a vote is refused if the voter's own log is more up to date.</summary>
    [Theory]
    [InlineData("1", 1, 1, true)]
    [InlineData("1", 2, 1, true)]
    [InlineData("11", 1, 1, false)]
    [InlineData("1", 1, 2, true)]
    [InlineData("11", 1, 2, true)]
    [InlineData("2", 2, 1, false)]
    [InlineData("2", 1, 1, false)]
    public void A_voter_has_the_last_word_on_logs(string log, ulong lastIndex, ulong lastTerm, bool granted)
    {
        var node = Restored(term: 2, [.. log.Select(term => (ulong)(term - '0'))]);
        node.Step(new VoteRequest(new(2), new(1), 3, lastIndex, lastTerm, PreVote: false, Transfer: false));
        Assert.Equal(granted, Persist(node).OfType<VoteResponse>().Single().Granted);
    }

    private static LogEntry Entry(ulong index, ulong term) => new(index, term, EntryKind.Command, new byte[] { 1 });

    private static RaftNode Node(RestoredState restored, ulong seed = 1) =>
        new(new() { Self = new(1), Seed = seed, ElectionTicks = 10 }, restored);

    private static RaftNode Restored(ulong term, params ulong[] terms) => Node(new(
        new(term, MemberId.None),
        new(0, 0, Lab.Voters(1, 2, 3)),
        [.. terms.Select((of, i) => Entry((ulong)i + 1, of))]));

    private static RaftNode In(RaftRole role)
    {
        var node = Node(new(default, new(0, 0, Lab.Voters(1, 2, 3)), []));
        if (role == RaftRole.PreCandidate)
        {
            TickUntil(node, () => node.Role == role);
        }

        return role switch
        {
            RaftRole.Candidate => Candidate(3),
            RaftRole.Leader => Leader(3),
            _ => node,
        };
    }

    private static RaftNode Candidate(int voters)
    {
        var node = Node(new(default, new(0, 0, Lab.Voters(Enumerable.Range(1, voters))), []));
        Stand(node, voters);
        return node;
    }

    private static RaftNode Leader(int voters)
    {
        var node = Candidate(voters);
        Win(node, voters);
        return node;
    }

    /// <summary>Its own vote is on stable storage, and the others were asked.</summary>
    private static void Stand(RaftNode node, int voters)
    {
        TickUntil(node, () => node.Role != RaftRole.Follower);
        for (var peer = 2; peer <= (voters / 2) + 1; peer++)
        {
            node.Step(new VoteResponse(new((ulong)peer), new(1), node.Term + 1, PreVote: true, Granted: true));
        }

        Persist(node);
    }

    private static void Win(RaftNode node, int voters)
    {
        if (node.Role == RaftRole.Follower)
        {
            Stand(node, voters);
        }

        for (var peer = 2; peer <= (voters / 2) + 1 && node.Role != RaftRole.Leader; peer++)
        {
            node.Step(new VoteResponse(new((ulong)peer), new(1), node.Term, PreVote: false, Granted: true));
        }

        Assert.Equal(RaftRole.Leader, node.Role);
    }

    private static int TicksToCampaign(ulong seed)
    {
        var node = Node(new(default, new(0, 0, Lab.Voters(1, 2, 3)), []), seed);
        return TickUntil(node, () => node.Role != RaftRole.Follower);
    }

    private static int TickUntil(RaftNode node, Func<bool> done)
    {
        var ticks = 0;
        for (; !done(); ticks++)
        {
            Assert.True(ticks < 100, "nothing happens");
            node.Tick();
        }

        return ticks;
    }

    private static List<Message> Sent(RaftNode node) => Persist(node);

    private static List<Message> Persist(RaftNode node) => Persist(node, out _);

    /// <summary>All that it wants written is on stable storage at once; returns what it sends.</summary>
    private static List<Message> Persist(RaftNode node, out List<ulong> applied)
    {
        var sent = new List<Message>();
        applied = [];
        while (node.HasReady)
        {
            var ready = node.TakeReady();
            sent.AddRange(ready.Messages);
            applied.AddRange(ready.Committed.Select(entry => entry.Index));
            if (ready.Batch != 0)
            {
                node.Persisted(ready.Batch);
            }

            sent.AddRange(ready.AfterDurable);
        }

        return sent;
    }
}
