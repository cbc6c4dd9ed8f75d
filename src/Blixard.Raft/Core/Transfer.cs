namespace Blixard.Raft.Core;

/// <summary>What became at once of a wish to hand leadership over.</summary>
public enum TransferStatus
{
    /// <summary>
    /// Going on: this member takes no proposals and no reads until it follows another, or an election timeout passed.
    /// </summary>
    Started,

    /// <summary>This member does not lead.</summary>
    NoLeader,

    /// <summary>Leadership is already being handed to another member.</summary>
    InProgress,

    /// <summary>The target leads already: it is this member.</summary>
    Unchanged,

    /// <summary>The target is no voter: a learner, or outside the configuration. Or there is no other voter.</summary>
    NotVoter,

    /// <summary>Nothing came from the target for an election timeout: it could not take over.</summary>
    Silent,

    /// <summary>The target is making good what a damaged disk lost, and does not campaign until it is whole.</summary>
    Repairing,
}

/// <param name="Target">Whom it goes to when <see cref="TransferStatus.Started"/>; else who was asked for.</param>
public readonly record struct TransferResult(TransferStatus Status, MemberId Target);

/// <summary>
/// Leadership transfer (thesis 3.10): bring one member fully up to date, then tell it to campaign at once. Meanwhile
/// proposals and reads are refused, because the target may already lead (stale reads while a transfer goes on:
/// openraft#1747). Given up after an election timeout.
/// </summary>
internal sealed class Transfer(MemberState state, ReadIndex reads)
{
    private int _ticks;

    public MemberId Target { get; private set; }

    public bool InProgress => !Target.IsNone;

    /// <param name="target">None: the voter that is heard of and lacks least.</param>
    public TransferResult Start(MemberId target)
    {
        if (!state.IsLeader)
        {
            return new(TransferStatus.NoLeader, target);
        }

        if (target == state.Options.Self)
        {
            return new(TransferStatus.Unchanged, target);
        }

        if (InProgress)
        {
            return new(target.IsNone || target == Target ? TransferStatus.Started : TransferStatus.InProgress, Target);
        }

        // Of a joint configuration only the new half: whoever is leaving should not begin to lead.
        var peer = target.IsNone ? Best() : state.Peer(target);
        if (peer is not { InVoters: true })
        {
            return new(TransferStatus.NotVoter, target);
        }

        if (!peer.IsActive)
        {
            return new(TransferStatus.Silent, peer.Member);
        }

        if (peer.IsRepairing)
        {
            return new(TransferStatus.Repairing, peer.Member);
        }

        Target = peer.Member;
        _ticks = 0;
#if MUTANTS
        if (Planted.Is(Mutant.ReadsKeptOverTransfer))
        {
            CaughtUp(peer);
            return new(TransferStatus.Started, Target);
        }
#endif
        reads.Drop();
        CaughtUp(peer);
        return new(TransferStatus.Started, Target);
    }

    public void CaughtUp(PeerProgress peer)
    {
        if (peer.Member == Target && peer.Match == state.Log.LastIndex)
        {
            state.Send(new TimeoutNow(state.Options.Self, Target, state.Term));
        }
    }

    /// <summary>As leader.</summary>
    public void Tick(int ticks = 1)
    {
        _ticks += ticks;
        if (InProgress && _ticks >= state.Options.ElectionTicks)
        {
            Abort();
        }
    }

    public void Abort() => Target = MemberId.None;

    private PeerProgress? Best()
    {
        PeerProgress? best = null;
        foreach (var peer in state.Peers)
        {
            if (peer.InVoters && (best is null || Rank(peer).CompareTo(Rank(best)) > 0))
            {
                best = peer;
            }
        }

        return best;
    }

    private static (bool CanLead, bool HasSpace, ulong Match) Rank(PeerProgress peer) =>
        (peer.IsActive && !peer.IsRepairing, peer.StorageLow != true, peer.Match);
}
