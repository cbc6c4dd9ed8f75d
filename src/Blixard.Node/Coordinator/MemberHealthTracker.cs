using Blixard.Raft.Core;
using Blixard.Raft.Host;
using Blixard.StateMachine.Planning;

namespace Blixard.Node.Coordinator;

/// <summary>
/// How long each member has been well, as this leader sees it. Begins anew with every leadership: what another leader
/// saw is not known here. One caller.
/// </summary>
internal sealed class MemberHealthTracker(TimeProvider time)
{
    private readonly Dictionary<MemberId, long> _healthySince = [];
    private ulong _term;

    public IReadOnlyList<MemberHealth> Look(RaftStatus status)
    {
        if (status.Term != _term)
        {
            _healthySince.Clear();
            _term = status.Term;
        }

        var (now, known) = (time.GetTimestamp(), new List<MemberHealth>
        {
            new(status.Self.Value, TimeSpan.Zero, TimeSpan.MaxValue),
        });
        foreach (var peer in status.Peers)
        {
            if (!IsWell(peer, status))
            {
                _healthySince.Remove(peer.Member);
            }
            else
            {
                _healthySince.TryAdd(peer.Member, now);
            }

            var since = _healthySince.TryGetValue(peer.Member, out var began) ? began : now;
            known.Add(new(peer.Member.Value, peer.SinceContact, time.GetElapsedTime(since, now)));
        }

        return known;
    }

    private static bool IsWell(PeerStatus peer, RaftStatus status) =>
        peer.Match > 0
        && peer.SinceContact <= NodeLiveness.LostAfter
        && status.Last - Math.Min(status.Last, peer.Match) <= VoterRoles.CaughtUpWithin;
}
