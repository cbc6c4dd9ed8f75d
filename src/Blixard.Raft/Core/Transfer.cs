namespace Blixard.Raft.Core;

/// <summary>
/// Leadership transfer (thesis 3.10): bring one member fully up to date, then tell it to campaign at once. Meanwhile
/// proposals and reads are refused, because the target may already lead. Given up after an election timeout.
/// </summary>
internal sealed class Transfer(MemberState state)
{
    public MemberId Target { get; private set; }

    public bool InProgress => !Target.IsNone;

    /// <summary>False: not leading, or the target is not another voter.</summary>
    public bool Start(MemberId target)
    {
        if (!state.IsLeader || state.Peer(target) is not { IsVoter: true } peer)
        {
            return false;
        }

        Target = target;

        // CheckQuorum, an election timeout from now, ends the attempt.
        state.ElectionElapsed = 0;
        CaughtUp(peer);
        return true;
    }

    public void CaughtUp(PeerProgress peer)
    {
        if (peer.Member == Target && peer.Match == state.Log.LastIndex)
        {
            state.Send(new TimeoutNow(state.Options.Self, Target, state.Term));
        }
    }

    public void Abort() => Target = MemberId.None;
}
