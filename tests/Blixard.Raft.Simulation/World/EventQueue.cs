namespace Blixard.Raft.Simulation.World;

/// <summary>What can happen. <see cref="SimEvent.Payload"/> is what the comment says.</summary>
internal enum EventKind : byte
{
    Tick,

    /// <summary>A message arrives (Message).</summary>
    Deliver,

    /// <summary>A host that gathers inputs gets round to its Ready.</summary>
    Drain,

    /// <summary>The sync in flight ends.</summary>
    SyncDone,

    /// <summary>A member that is down is started.</summary>
    Start,

    /// <summary>What was read back at the start is on stable storage; the node runs from here on.</summary>
    Recovered,

    /// <summary>The time to store a captured snapshot is over (SnapshotCapture).</summary>
    SnapshotStored,

    /// <summary>A snapshot from the leader has come, and is stored (SnapshotTransfer).</summary>
    SnapshotArrived,

    /// <summary>The sender learns what became of a transfer (SnapshotTransfer).</summary>
    SnapshotOutcome,

    /// <summary>The transport reports a peer that it can't reach (MemberId).</summary>
    Unreachable,

    /// <summary>The transport reports that a peer's connection ended (MemberId).</summary>
    Disconnected,

    /// <summary>A client acts (SimClient).</summary>
    Client,

    Partition,
    Crash,
    Pause,
    Stall,

    /// <summary>Some operation of some disk fails.</summary>
    DiskError,

    /// <summary>Some disk has no room left for a while.</summary>
    DiskFull,

    /// <summary>... and then has again (the member's number).</summary>
    DiskFreed,

    /// <summary>The leader is asked to change the configuration.</summary>
    Membership,
    Transfer,

    /// <summary>A new leader gets into trouble (the member's number).</summary>
    Coup,

    /// <summary>... and its links work again.</summary>
    CoupOver,
}

/// <summary>
/// One entry of the future. An event of a member's earlier incarnation is void, except a message: the network doesn't
/// know that the receiver was restarted.
/// </summary>
internal readonly record struct SimEvent(
    long Time, long Sequence, EventKind Kind, int Member, int Incarnation, object? Payload);

/// <summary>
/// A four-way heap ordered by time, then by the order of scheduling: equal times never depend on the heap's shape.
/// </summary>
internal sealed class EventQueue
{
    private SimEvent[] _heap = new SimEvent[256];
    private long _sequence;

    public int Count { get; private set; }

    public void Add(long time, EventKind kind, int member, int incarnation, object? payload)
    {
        if (Count == _heap.Length)
        {
            Array.Resize(ref _heap, Count * 2);
        }

        var added = new SimEvent(time, _sequence++, kind, member, incarnation, payload);
        var at = Count++;
        while (at > 0)
        {
            var parent = (at - 1) / 4;
            if (!IsBefore(added, _heap[parent]))
            {
                break;
            }

            _heap[at] = _heap[parent];
            at = parent;
        }

        _heap[at] = added;
    }

    public SimEvent Take()
    {
        var first = _heap[0];
        var last = _heap[--Count];
        _heap[Count] = default;
        if (Count > 0)
        {
            SiftDown(last);
        }

        return first;
    }

    private void SiftDown(in SimEvent moved)
    {
        var at = 0;
        while (true)
        {
            var least = (at * 4) + 1;
            if (least >= Count)
            {
                break;
            }

            var end = Math.Min(least + 4, Count);
            for (var child = least + 1; child < end; child++)
            {
                if (IsBefore(_heap[child], _heap[least]))
                {
                    least = child;
                }
            }

            if (!IsBefore(_heap[least], moved))
            {
                break;
            }

            _heap[at] = _heap[least];
            at = least;
        }

        _heap[at] = moved;
    }

    private static bool IsBefore(in SimEvent left, in SimEvent right) =>
        left.Time < right.Time || (left.Time == right.Time && left.Sequence < right.Sequence);
}
