using static Blixard.Raft.Core.RaftInvariantException;

namespace Blixard.Raft.Core;

/// <summary>
/// Log replication (section 5.3) and the commitment rule (5.4.2): both sides of AppendEntries and of heartbeats.
/// </summary>
internal sealed class Replication(MemberState state, ReadIndex reads, Transfer transfer)
{
    private readonly List<ReadOnlyMemory<byte>> _toForward = [];
    private ulong _firstForward;
    private int _heartbeatElapsed;
    private ulong _verified;
    private ulong _verifiedIn;
    private long _takenWhileLow;
    private long _uncommittedBytes;
    private ulong _uncommittedFrom;

    /// <summary>Something may have to be sent to peers at the next <see cref="Flush"/>.</summary>
    public bool IsDirty { get; private set; }

    // ---- leader ----

    public void StartLeading()
    {
        state.Peers.Clear();

        // Those too whom a configuration that is not committed leaves out: it may yet be rolled back, and they have to
        // be told if it is not.
        foreach (var member in state.Log.Configurations.MembersSince(state.Log.Commit))
        {
            AddPeer(member, state.Log.LastIndex + 1);
        }

        _heartbeatElapsed = 0;
        _uncommittedBytes = 0;
        _uncommittedFrom = state.Log.LastIndex + 1;
#if MUTANTS
        if (Planted.Is(Mutant.NoNoopOnElection))
        {
            IsDirty = true;
            return;
        }
#endif

        // An entry of our own term: only with it may those of earlier terms be counted as committed (figure 8).
        state.Log.Append(new(state.Log.LastIndex + 1, state.Term, EntryKind.Noop, default));
        IsDirty = true;
    }

    /// <summary>The configuration in force is another.</summary>
    public void Reconfigure()
    {
        foreach (var peer in state.Peers)
        {
            peer.Configure(state.Configuration);
        }

        // The last entry is the configuration itself: whether a new member has what is before it is to be found out.
        foreach (var member in state.Configuration.Members)
        {
            AddPeer(member, state.Log.LastIndex);
        }

        IsDirty = true;
    }

    public ProposeResult Propose(ReadOnlyMemory<byte> data)
    {
        if (data.Length > state.Options.MaxEntryBytes)
        {
            return new(ProposeStatus.TooLarge, 0, 0);
        }

        if (state.StorageLow || !MajorityHasSpace())
        {
            return new(ProposeStatus.NoSpace, 0, 0);
        }

        // A single proposal is always accepted when nothing is waiting.
        if (_uncommittedBytes > 0 && _uncommittedBytes + data.Length > state.Options.MaxUncommittedBytes)
        {
            return new(ProposeStatus.Overloaded, 0, 0);
        }

        return new(ProposeStatus.Appended, Append(EntryKind.Command, data), state.Term);
    }

    /// <summary>As leader, whatever is waiting; returns its index.</summary>
    public ulong Append(EntryKind kind, ReadOnlyMemory<byte> data)
    {
        var entry = new LogEntry(state.Log.LastIndex + 1, state.Term, kind, data);
        state.Log.Append(entry);
        _uncommittedBytes += entry.Size;
        IsDirty = true;
        return entry.Index;
    }

    /// <summary>Enough voters take entries that one could be committed.</summary>
    private bool MajorityHasSpace()
    {
        foreach (var peer in state.Peers)
        {
            if (peer.StorageLow == true)
            {
                return state.Configuration.HasQuorum(
                    voter => voter == state.Options.Self || state.Peer(voter) is not { StorageLow: true });
            }
        }

        return true;
    }

    public void Tick()
    {
        if (++_heartbeatElapsed < state.Options.HeartbeatTicks)
        {
            return;
        }

        _heartbeatElapsed = 0;
        foreach (var peer in state.Peers)
        {
            peer.AcknowledgedSinceHeartbeat = false;
            SendHeartbeat(peer);
        }
    }

    /// <summary>Sends what peers lack; once per Ready, so that proposals made in between share requests.</summary>
    public void Flush()
    {
        if (state.IsLeader)
        {
            if (reads.NeedsConfirmation)
            {
                reads.StartConfirmation();
                foreach (var peer in state.Peers)
                {
                    SendHeartbeat(peer);
                }
            }

            foreach (var peer in state.Peers)
            {
                while (peer.Next <= state.Log.LastIndex && peer.CanSend)
                {
                    if (!SendEntries(peer))
                    {
                        break;
                    }
                }

                // A follower serves reads and shows changes only when it knows that they are committed.
                if (peer.CommitSent < Math.Min(peer.Match, state.Log.Commit))
                {
                    SendHeartbeat(peer);
                }
            }
        }
        else if (_toForward.Count > 0 && !state.Leader.IsNone)
        {
            SendForwards();
        }

        IsDirty = false;
    }

    /// <summary>In messages no larger than a request with entries: whoever carries them has a bound.</summary>
    private void SendForwards()
    {
        var start = 0;
        long bytes = 0;
        for (var i = 0; i <= _toForward.Count; i++)
        {
            if (i == _toForward.Count || (i > start && bytes + _toForward[i].Length > state.Options.MaxAppendBytes))
            {
                state.Send(new ForwardProposals(
                    state.Options.Self, state.Leader, state.Term, _toForward.GetRange(start, i - start))
                {
                    FirstContext = _firstForward == 0 ? 0 : _firstForward + (ulong)start,
                });
                (start, bytes) = (i, 0);
            }

            bytes += i < _toForward.Count ? _toForward[i].Length : 0;
        }

        _toForward.Clear();
    }

    /// <summary>
    /// Figure 2, leaders, last rule: a majority holds it on stable storage, and it is of the current term. The leader
    /// counts itself only up to what its own disk has confirmed.
    /// </summary>
    public void AdvanceCommit()
    {
        if (!state.IsLeader)
        {
            return;
        }

        var own = state.Log.Durable;
#if MUTANTS
        own = Planted.Is(Mutant.LeaderCountsItselfBeforeDurable) ? state.Log.LastIndex : own;
#endif
        var reached = state.QuorumReached(own, static peer => peer.Match);
#if MUTANTS
        reached = Math.Min(reached, state.Log.LastIndex);
        if (Planted.Is(Mutant.CommitOldTermByCounting) && !state.Log.Matches(reached, state.Term))
        {
            state.Log.CommitTo(reached);
            return;
        }
#endif
        if (reached > state.Log.Commit && state.Log.Matches(reached, state.Term))
        {
            for (var index = Math.Max(state.Log.Commit + 1, _uncommittedFrom); index <= reached; index++)
            {
                _uncommittedBytes -= state.Log.At(index).Size;
            }

            state.Log.CommitTo(reached);
            _uncommittedFrom = reached + 1;
            IsDirty = true;
            reads.TermCommitted();
        }
    }

    public void Receive(AppendResponse response)
    {
        if (Heard(response.From) is not { } peer)
        {
            return;
        }

        if (response.Rejected)
        {
            var (possible, _) = state.Log.LastPossibleMatch(response.HintIndex, response.HintTerm);
            if (peer.Rejected(response.Index, possible))
            {
                IsDirty = true;
            }

            return;
        }

        Require(
            response.Index <= state.Log.LastIndex,
            $"{response.From} acknowledged {response.Index}, after the leader's last entry {state.Log.LastIndex}");
        var news = peer.Acknowledged(response.Index);
        if (peer.State == ProgressState.Probe
            || (peer.State == ProgressState.Snapshot && peer.Match + 1 >= state.Log.FirstIndex))
        {
            peer.BecomeReplicate();
        }

        IsDirty = true;
        if (news)
        {
            AdvanceCommit();
            transfer.CaughtUp(peer);
        }
    }

    public void Receive(HeartbeatResponse response)
    {
        if (Heard(response.From) is not { } peer)
        {
            return;
        }

        peer.LinkWorks();
        peer.StorageLow = response.StorageLow;
        peer.IsRepairing = response.RepairedThrough is not null;
        if (response.RepairedThrough < peer.Match)
        {
            // If this answer is older than an acknowledgement, one probe too many is sent.
            peer.Lost(response.RepairedThrough.Value);
            SendEntries(peer);
        }
        else if (peer.Match < state.Log.LastIndex
            && peer.Next > state.Log.LastIndex
            && peer.CanSend
            && !peer.AcknowledgedSinceHeartbeat)
        {
            // All was sent, nothing came back: an empty request, once per heartbeat, finds out whether it was lost.
            SendEntries(peer);
            peer.AcknowledgedSinceHeartbeat = true;
        }

        IsDirty = true;
        reads.Acknowledged(peer, response.ReadSequence);
    }

    public void SnapshotFailed(MemberId member)
    {
        if (state.Peer(member) is { State: ProgressState.Snapshot } peer)
        {
            // Probing finds the log gone again and asks for another snapshot; the next heartbeat's answer paces that.
            peer.BecomeProbe(after: peer.Match, paused: true);
        }
    }

    public void SnapshotDelivered(MemberId member, ulong index)
    {
        if (state.Peer(member) is { State: ProgressState.Snapshot } peer)
        {
            // Its own acknowledgement may be lost on the way: ask from there on.
            peer.BecomeProbe(after: Math.Max(peer.Match, Math.Min(index, state.Log.LastIndex)), paused: false);
            IsDirty = true;
        }
    }

    public void Unreachable(MemberId member)
    {
        if (state.Peer(member) is { State: ProgressState.Replicate } peer)
        {
            peer.BecomeProbe(after: peer.Match, paused: false);
        }
    }

    // ---- follower ----

    public void Forward(ReadOnlyMemory<byte> data, ulong context)
    {
        _firstForward = _toForward.Count == 0 ? context : _firstForward;
        _toForward.Add(data);
        IsDirty = true;
    }

    public void LeaderChanged() => _toForward.Clear();

    public void Receive(AppendRequest request)
    {
        if (request.PrevLogIndex < state.Log.Commit)
        {
            // What is committed here is in every leader's log: nothing to compare.
            Acknowledge(request, state.Log.Commit);
            return;
        }

        var matches = state.Log.Matches(request.PrevLogIndex, request.PrevLogTerm);
#if MUTANTS
        matches |= Planted.Is(Mutant.NoPrevTermCheck) && request.PrevLogIndex <= state.Log.LastIndex;
#endif
        if (!matches)
        {
            var (hint, hintTerm) = state.Log.LastPossibleMatch(request.PrevLogIndex, request.PrevLogTerm);
            state.SendAfterDurable(new AppendResponse(
                state.Options.Self, request.From, state.Term, Rejected: true, request.PrevLogIndex, hint, hintTerm));
            return;
        }

        if (MustDrop(request))
        {
            // No answer: the leader asks again with every heartbeat, whose answer says why.
            return;
        }

        state.Log.Merge(request.Entries);

        // Not beyond the last entry this request vouches for: what follows here may be another leader's.
        var last = request.PrevLogIndex + (ulong)request.Entries.Count;
#if MUTANTS
        if (Planted.Is(Mutant.FollowerCommitNotCapped))
        {
            state.Log.CommitTo(Math.Min(request.LeaderCommit, state.Log.LastIndex));
        }
#endif
        state.Log.CommitTo(Math.Min(request.LeaderCommit, last));
        Acknowledge(request, last);
    }

    public void Receive(HeartbeatRequest request)
    {
#if MUTANTS
        if (Planted.Is(Mutant.HeartbeatCommitNotCapped))
        {
            request = request with { Commit = Math.Min(request.Commit, state.Log.LastIndex) };
        }
#endif

        var commit = request.Commit;
        if (state.Repair is not null)
        {
            // The leader may rest it on an acknowledgement of what is lost.
            commit = Math.Min(commit, Verified);
        }

        // The leader caps it at what it knows this member to hold.
        Require(
            commit <= state.Log.LastIndex,
            $"leader {request.From} claims {commit} is held here; the log ends at {state.Log.LastIndex}");
        state.Log.CommitTo(commit);
        state.Send(new HeartbeatResponse(state.Options.Self, request.From, state.Term, request.ReadSequence)
        {
            StorageLow = state.StorageLow,
            RepairedThrough = state.Repair is null ? null : Verified,
        });
    }

    /// <summary>
    /// Little space is left, and these entries would take more of it than may be spent on entries: the rest is for
    /// votes and terms. What is known to be committed is known none the less.
    /// </summary>
    private bool MustDrop(AppendRequest request)
    {
        if (!state.StorageLow)
        {
            _takenWhileLow = 0;
            return false;
        }

        long bytes = 0;
        var held = request.PrevLogIndex;
        foreach (var entry in request.Entries)
        {
            if (bytes == 0 && (entry.Index <= state.Log.Commit || state.Log.Matches(entry.Index, entry.Term)))
            {
                held = entry.Index;
            }
            else
            {
                bytes += entry.Size;
            }
        }

        if (bytes == 0 || _takenWhileLow + bytes <= state.Options.LowStorageBytes)
        {
            _takenWhileLow += bytes;
            return false;
        }

        state.Log.CommitTo(Math.Min(request.LeaderCommit, held));
        return true;
    }

    /// <summary>True: it replaced the log, and must replace the state machine's state.</summary>
    public bool Receive(SnapshotReceived received)
    {
        var snapshot = received.Snapshot;
        var replaces = snapshot.Index > state.Log.Commit && !state.Log.Matches(snapshot.Index, snapshot.Term);
#if MUTANTS
        replaces |= snapshot.Index > state.Log.Commit && Planted.Is(Mutant.SnapshotDropsAcknowledgedEntries);
#endif
        if (replaces)
        {
            state.Log.Reset(snapshot);
        }
        else
        {
            // Figure 13, step 6: the log has all of it, and keeps what follows, which may have been acknowledged.
            state.Log.CommitTo(snapshot.Index);
        }

        if (received.Term == state.Term && received.From == state.Leader)
        {
            state.SendAfterDurable(new AppendResponse(
                state.Options.Self, received.From, state.Term, Rejected: false, state.Log.Commit, 0, 0));
        }

        return replaces;
    }

    private void Acknowledge(AppendRequest request, ulong index)
    {
        (_verified, _verifiedIn) = (Math.Max(Verified, index), state.Term);
        var answer = new AppendResponse(state.Options.Self, request.From, state.Term, Rejected: false, index, 0, 0);
#if MUTANTS
        if (Planted.Is(Mutant.AckBeforeDurable))
        {
            state.Send(answer);
            return;
        }
#endif
        state.SendAfterDurable(answer);
    }

    /// <summary>As follower: up to here the log is known, since this start, to equal that of this term's leader.</summary>
    private ulong Verified => Math.Max(_verifiedIn == state.Term ? _verified : 0, state.Log.Commit);

    private PeerProgress? Heard(MemberId member)
    {
        var peer = state.Peer(member);
        peer?.Heard();
        return peer;
    }

    private void AddPeer(MemberId member, ulong next)
    {
        if (member == state.Options.Self || state.Peer(member) is not null)
        {
            return;
        }

        var peer = new PeerProgress(member, next, state.Options) { RecentlyActive = true };
        peer.Configure(state.Configuration);
        var at = state.Peers.FindIndex(other => other.Member > member);
        state.Peers.Insert(at < 0 ? state.Peers.Count : at, peer);
    }

    private void SendHeartbeat(PeerProgress peer)
    {
        var commit = Math.Min(peer.Match, state.Log.Commit);
#if MUTANTS
        commit = Planted.Is(Mutant.HeartbeatCommitNotCapped) ? state.Log.Commit : commit;
#endif
        peer.CommitSent = commit;
        state.Send(new HeartbeatRequest(
            state.Options.Self, peer.Member, state.Term, commit, reads.Sequence));
    }

    /// <summary>One request, empty if there is nothing new. False if the peer needs a snapshot first.</summary>
    private bool SendEntries(PeerProgress peer)
    {
        var previous = peer.Next - 1;
        if (state.Log.TermAt(previous) is not { } previousTerm)
        {
            if (peer.IsLeaving)
            {
                // Not worth a snapshot: it is told what can be told in entries.
                peer.BecomeProbe(after: peer.Match, paused: true);
                return false;
            }

            peer.BecomeSnapshot();
            state.Send(new InstallSnapshotRequest(state.Options.Self, peer.Member, state.Term, state.Log.Snapshot));
            return false;
        }

        var (entries, bytes) = state.Log.Portion(
            peer.Next, state.Log.LastIndex, state.Options.MaxAppendEntries, state.Options.MaxAppendBytes);
        state.Send(new AppendRequest(
            state.Options.Self, peer.Member, state.Term, previous, previousTerm, state.Log.Commit, entries));
        peer.Sent(previous + (ulong)entries.Length, entries.Length, bytes);
        peer.CommitSent = Math.Max(peer.CommitSent, Math.Min(state.Log.Commit, previous + (ulong)entries.Length));
        return true;
    }
}
