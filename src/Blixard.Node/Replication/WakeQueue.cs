using System.Collections.Concurrent;

namespace Blixard.Node.Replication;

/// <summary>
/// Wakes those whose commands were applied on one worker of the pool, one after the other: a batch of commands is
/// applied at once, and a worker woken for each of them costs more than what it then has to do.
/// </summary>
internal sealed class WakeQueue : IThreadPoolWorkItem
{
    // Then others that wait for the pool have their turn.
    private const int PerTurn = 64;

    private readonly ConcurrentQueue<PendingProposal> _waiting = new();
    private int _scheduled;

    /// <summary>Any thread; returns at once and runs nothing of whoever is woken.</summary>
    public void Add(PendingProposal proposal)
    {
        _waiting.Enqueue(proposal);
        Schedule();
    }

    void IThreadPoolWorkItem.Execute()
    {
        for (var woken = 0; woken < PerTurn && _waiting.TryDequeue(out var proposal); woken++)
        {
            proposal.GoOn();
        }

        // Whoever adds from here on schedules; what was added before is seen below.
        Volatile.Write(ref _scheduled, 0);
        Interlocked.MemoryBarrier();
        if (!_waiting.IsEmpty)
        {
            Schedule();
        }
    }

    private void Schedule()
    {
        if (Interlocked.Exchange(ref _scheduled, 1) == 0)
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }
}
