namespace Blixard.Raft.Core;

/// <summary>
/// Linearizable reads without a log entry (thesis 6.4): the leader notes its commit index, has a majority confirm that
/// it still leads, and lets the reader go on once that index is applied where it reads. One confirmation covers every
/// read that was waiting when it began.
/// </summary>
internal sealed class ReadIndex(MemberState state)
{
    private readonly List<Waiting> _untilTermCommits = [];
    private readonly Queue<Waiting> _confirming = new();
    private readonly List<ulong> _askedLeader = [];

    /// <summary>The newest confirmation; heartbeats carry it and their answers repeat it.</summary>
    public ulong Sequence { get; private set; }

    public bool NeedsConfirmation { get; private set; }

    /// <summary>False: nobody leads.</summary>
    public bool Ask(ulong context)
    {
        if (state.IsLeader)
        {
            Enqueue(state.Options.Self, context);
            return true;
        }

        if (state.Leader.IsNone)
        {
            return false;
        }

        if (!_askedLeader.Contains(context))
        {
            _askedLeader.Add(context);
        }

        state.Send(new ReadIndexRequest(state.Options.Self, state.Leader, state.Term, context));
        return true;
    }

    public void Receive(ReadIndexRequest request)
    {
        // If we don't lead any more the asker asks again when it learns who does.
        if (state.IsLeader)
        {
            Enqueue(request.From, request.Context);
        }
    }

    public void Receive(ReadIndexResponse response)
    {
        if (_askedLeader.Remove(response.Context))
        {
            state.Reads.Add(new(response.Context, response.Index));
        }
    }

    /// <summary>
    /// The first entry of this leadership is committed: from now on the commit index is the cluster's.
    /// </summary>
    public void TermCommitted()
    {
        foreach (var read in _untilTermCommits)
        {
            Enqueue(read.Asker, read.Context);
        }

        _untilTermCommits.Clear();
    }

    public void StartConfirmation()
    {
        NeedsConfirmation = false;
        Confirm();
    }

    public void Acknowledged(PeerProgress peer, ulong sequence)
    {
#if MUTANTS
        sequence = Planted.Is(Mutant.OldHeartbeatConfirmsRead) ? Sequence : sequence;
#endif
        peer.ReadAcknowledged = Math.Max(peer.ReadAcknowledged, sequence);
        Confirm();
    }

    /// <summary>This member follows another leader, or none: what was asked is void.</summary>
    public void LeaderChanged()
    {
        Drop();
        state.DroppedReads.AddRange(_askedLeader);
        _askedLeader.Clear();
    }

    /// <summary>
    /// As leader: another may lead from now on, so what is waiting here can't be confirmed. Its askers ask again.
    /// </summary>
    public void Drop()
    {
        foreach (var read in _untilTermCommits.Concat(_confirming))
        {
            if (read.Asker == state.Options.Self)
            {
                state.DroppedReads.Add(read.Context);
            }
        }

        _untilTermCommits.Clear();
        _confirming.Clear();
        NeedsConfirmation = false;
    }

    private void Enqueue(MemberId asker, ulong context)
    {
        // Until an entry of this term is committed, entries that earlier leaders committed may be unknown here.
        var known = state.Log.Matches(state.Log.Commit, state.Term);
#if MUTANTS
        known |= Planted.Is(Mutant.ReadBeforeOwnTermCommits);
#endif
        if (!known)
        {
            _untilTermCommits.Add(new(asker, context, 0, 0));
            return;
        }

        if (!NeedsConfirmation)
        {
            NeedsConfirmation = true;
            Sequence++;
        }

        _confirming.Enqueue(new(asker, context, Sequence, state.Log.Commit));
    }

    private void Confirm()
    {
        if (_confirming.Count == 0)
        {
            return;
        }

        var confirmed = state.QuorumReached(Sequence, static peer => peer.ReadAcknowledged);
#if MUTANTS
        confirmed = Planted.Is(Mutant.ReadWithoutQuorum) ? Sequence : confirmed;
#endif
        while (_confirming.TryPeek(out var read) && read.Sequence <= confirmed)
        {
            _confirming.Dequeue();
            if (read.Asker == state.Options.Self)
            {
                state.Reads.Add(new(read.Context, read.Index));
            }
            else
            {
                state.Send(new ReadIndexResponse(
                    state.Options.Self, read.Asker, state.Term, read.Context, read.Index));
            }
        }
    }

    private readonly record struct Waiting(MemberId Asker, ulong Context, ulong Sequence, ulong Index);
}
