using Blixard.Raft.Host;

namespace Blixard.Node.Hosting;

/// <summary>
/// Does the engine really turn? Between two looks its loop must have handled a tick, and where something committed
/// waited to be applied, the applied index must have moved. One caller.
/// </summary>
internal sealed class Progress
{
    private long _ticks = -1;
    private ulong _applied;
    private ulong _commit;

    public bool Turned(long ticks, RaftStatus status)
    {
        var ticking = ticks != _ticks;
        var applying = _applied >= _commit || status.Applied != _applied;
        (_ticks, _applied, _commit) = (ticks, status.Applied, status.Commit);
        return ticking && applying;
    }
}
