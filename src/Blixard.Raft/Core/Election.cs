namespace Blixard.Raft.Core;

/// <summary>
/// Leader election (section 5.2) with PreVote and CheckQuorum (thesis 9.6 and 6.2): a member that was cut off can't
/// depose a working leader when it returns, and a leader that lost its quorum stops being one.
/// </summary>
internal sealed class Election(MemberState state, Replication replication, ReadIndex reads, Transfer transfer)
{
    // Others campaign within two election timeouts, and again within two more if their votes were split.
    private const int LowStoragePatience = 4;

    private readonly SortedDictionary<MemberId, bool> _votes = [];
    private bool _triedToGiveWay;

    public void BecomeFollower(ulong term, MemberId leader)
    {
        if (term > state.Term)
        {
            state.EnterTerm(term);
        }

        var leaderChanged = state.Leader != leader;
        state.Role = state.RoleAtRest;
        state.Leader = leader;
        state.ElectionElapsed = 0;
        state.RandomizeElectionTimeout();
        _votes.Clear();
        state.Peers.Clear();
        transfer.Abort();
        if (leaderChanged)
        {
            reads.LeaderChanged();
            replication.LeaderChanged();
        }
    }

    public void LeaderDisconnected(MemberId member)
    {
        if (!state.IsLeader && state.Leader == member)
        {
            state.ElectionElapsed = Math.Max(state.ElectionElapsed, state.Options.ElectionTicks);
        }
    }

    /// <summary>The election clock of everyone but the leader.</summary>
    public void Tick(bool diskStalled)
    {
        state.ElectionElapsed++;

        // Those with space on their disks shall win: a leader without can't take any write.
        var timeout = state.ElectionTimeout * (state.StorageLow ? LowStoragePatience : 1);

        // With a disk that does not answer, a campaign could not even count its own vote.
        if (state.ElectionElapsed >= timeout && !diskStalled)
        {
            state.ElectionElapsed = 0;
            ForgetLeader();
            Campaign(preVote: true, transferred: false);
        }
    }

    /// <summary>
    /// Nothing came from it for an election timeout. Whoever may not campaign forgets it too: a learner loyal to a leader
    /// that is gone would refuse its vote for ever, and it may be needed, for it may just have been promoted without
    /// knowing so.
    /// </summary>
    private void ForgetLeader()
    {
        if (!state.Leader.IsNone)
        {
            state.Leader = MemberId.None;
            reads.LeaderChanged();
            replication.LeaderChanged();
        }
    }

    /// <summary>
    /// The leader's: without a majority heard of within an election timeout it may have been replaced, and steps down.
    /// </summary>
    public void CheckQuorum()
    {
        if (++state.ElectionElapsed < state.Options.ElectionTicks)
        {
            return;
        }

        state.ElectionElapsed = 0;
        var active = state.Configuration.HasQuorum(
            voter => voter == state.Options.Self || state.Peer(voter) is { RecentlyActive: true });
        foreach (var peer in state.Peers)
        {
            peer.RecentlyActive = false;
        }

        if (!active)
        {
            BecomeFollower(state.Term, MemberId.None);
        }
    }

    /// <summary>
    /// The leader's, once per tick: while its disk is nearly full it hands over to an up-to-date voter with space. If
    /// that does not come about within an election timeout it steps down; the others campaign first then
    /// (<see cref="Tick"/>). Where nobody has space it goes on, without taking writes.
    /// </summary>
    public void GiveWay()
    {
        if (!state.StorageLow)
        {
            _triedToGiveWay = false;
            return;
        }

        if (transfer.InProgress)
        {
            return;
        }

        PeerProgress? best = null;
        foreach (var peer in state.Peers)
        {
            if (peer is { InVoters: true, IsActive: true, StorageLow: false, IsRepairing: false }
                && peer.Match >= Math.Max(state.Log.Commit, best?.Match + 1 ?? 0))
            {
                best = peer;
            }
        }

        if (best is null)
        {
            _triedToGiveWay = false;
        }
        else if (_triedToGiveWay)
        {
            BecomeFollower(state.Term, MemberId.None);
        }
        else
        {
            _triedToGiveWay = transfer.Start(best.Member).Status == TransferStatus.Started;
        }
    }

    /// <summary>
    /// Entries that this member acknowledged are lost to its disk: neither its vote nor its log may decide who leads.
    /// </summary>
    private bool IsBarred =>
#if MUTANTS
        !Planted.Is(Mutant.DamagedMemberVotes) &&
#endif
        state.Repair is not null;

    public void Campaign(bool preVote, bool transferred)
    {
        if (!state.MayCampaign || IsBarred)
        {
            return;
        }

        ForgetLeader();
        state.RandomizeElectionTimeout();
        state.ElectionElapsed = 0;
        _votes.Clear();
        if (preVote)
        {
            state.Role = RaftRole.PreCandidate;
            RequestVotes(state.Term + 1, preVote: true, transferred: false);
            Count(state.Options.Self, granted: true);
        }
        else
        {
            state.EnterTerm(state.Term + 1);
            state.VoteFor(state.Options.Self);
            state.Role = RaftRole.Candidate;
#if MUTANTS
            if (Planted.Is(Mutant.OwnVoteCountedBeforeDurable))
            {
                Count(state.Options.Self, granted: true);
                if (state.Role != RaftRole.Candidate)
                {
                    return;
                }
            }
#endif

            // Our own vote is counted only when it is durable (OwnVoteDurable).
            RequestVotes(state.Term, preVote: false, transferred);
        }
    }

    /// <summary>
    /// Called when a batch became durable: our own vote counts from here on. Before, a crash could make us forget it
    /// and vote for another in the same term.
    /// </summary>
    public void OwnVoteDurable()
    {
        if (state.Role == RaftRole.Candidate
            && !_votes.ContainsKey(state.Options.Self)
            && state.DurableVote == new HardState(state.Term, state.Options.Self))
        {
            Count(state.Options.Self, granted: true);
        }
    }

    /// <summary>
    /// True: ignore the request. A leader was heard of less than an election timeout ago, so whoever asks was cut off
    /// from it or left out of the configuration (section 6, end).
    /// </summary>
    public bool IsLoyal(VoteRequest request) =>
        !request.Transfer && !state.Leader.IsNone && state.ElectionElapsed < state.Options.ElectionTicks;

    public void Receive(VoteRequest request)
    {
        var upToDate = state.Log.IsUpToDate(request.LastLogIndex, request.LastLogTerm);
#if MUTANTS
        upToDate |= Planted.Is(Mutant.NoLogUpToDateCheck);
#endif
        if (request.PreVote)
        {
            // "Would you?": nothing is remembered, so the answer may leave at once.
            var would = request.Term > state.Term && upToDate && !IsBarred;
            state.Send(new VoteResponse(
                state.Options.Self, request.From, would ? request.Term : state.Term, PreVote: true, would));
            return;
        }

        var free = state.Vote == request.From || (state.Vote.IsNone && state.Leader.IsNone);
#if MUTANTS
        free |= Planted.Is(Mutant.SecondVoteInTerm);
#endif
        var granted = free && upToDate && !IsBarred;
        if (granted)
        {
            state.VoteFor(request.From);
            state.ElectionElapsed = 0;
        }

        var answer = new VoteResponse(state.Options.Self, request.From, state.Term, PreVote: false, granted);
#if MUTANTS
        if (Planted.Is(Mutant.VoteAnsweredBeforeDurable))
        {
            state.Send(answer);
            return;
        }
#endif
        state.SendAfterDurable(answer);
    }

    public void Receive(VoteResponse response)
    {
#if MUTANTS
        if (Planted.Is(Mutant.PreVoteCountedAsVote) && response.PreVote && state.Role == RaftRole.Candidate)
        {
            Count(response.From, response.Granted);
            return;
        }
#endif

        // A late grant of an earlier round says nothing about the term asked for now.
        if (response is { PreVote: true, Granted: true } && response.Term != state.Term + 1)
        {
            return;
        }

        var asked = response.PreVote ? RaftRole.PreCandidate : RaftRole.Candidate;
        if (state.Role == asked)
        {
            Count(response.From, response.Granted);
        }
    }

    private void RequestVotes(ulong term, bool preVote, bool transferred)
    {
        foreach (var voter in state.Configuration.AllVoters)
        {
            if (voter != state.Options.Self)
            {
                var request = new VoteRequest(
                    state.Options.Self, voter, term, state.Log.LastIndex, state.Log.LastTerm, preVote, transferred);
#if MUTANTS
                if (Planted.Is(Mutant.VoteRequestedBeforeDurable))
                {
                    state.Send(request);
                    continue;
                }
#endif
                if (preVote)
                {
                    state.Send(request);
                }
                else
                {
                    // A request says "I voted for myself in this term, with this log". Were it sent before that is
                    // durable, a loss of power could let us ask again in the same term with a shorter log, and win with
                    // votes that were given to the longer one.
                    state.SendAfterDurable(request);
                }
            }
        }
    }

    private void Count(MemberId voter, bool granted)
    {
        _votes.TryAdd(voter, granted);
        if (state.Configuration.HasQuorum(v => _votes.TryGetValue(v, out var yes) && yes))
        {
            if (state.Role == RaftRole.PreCandidate)
            {
                Campaign(preVote: false, transferred: false);
            }
            else
            {
                BecomeLeader();
            }
        }
        else if (!state.Configuration.HasQuorum(v => !_votes.TryGetValue(v, out var yes) || yes))
        {
            // Not even if all who have not answered said yes.
            BecomeFollower(state.Term, MemberId.None);
        }
    }

    private void BecomeLeader()
    {
        state.Role = RaftRole.Leader;
        state.Leader = state.Options.Self;
        state.ElectionElapsed = 0;
        _votes.Clear();
        _triedToGiveWay = false;
        replication.StartLeading();
    }
}
