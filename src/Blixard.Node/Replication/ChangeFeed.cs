using System.Runtime.CompilerServices;
using Blixard.StateMachine.State;

namespace Blixard.Node.Replication;

/// <summary>
/// The latest changes of the replicated state, for any number of watchers. Bounded by count and by memory; a watcher
/// that comes back after more than that, or is slower, is told of the gap. Fills as the apply loop applies, so after a
/// restart it holds what the log held after the last snapshot.
/// </summary>
internal sealed class ChangeFeed(int maxChanges = ChangeFeed.DefaultMaxChanges, long maxBytes = ChangeFeed.DefaultMaxBytes)
{
    public const int DefaultMaxChanges = 100_000;
    public const long DefaultMaxBytes = 64L << 20;

    // What a watcher takes at once under the lock.
    private const int TakeChanges = 256;

    private readonly Lock _gate = new();
    private readonly Pulse _published = new();
    private readonly Ring<Change> _held = new();
    private long _bytes;
    private ulong _floor;

    /// <summary>Every change at an index above this is held.</summary>
    public ulong Floor
    {
        get
        {
            lock (_gate)
            {
                return _floor;
            }
        }
    }

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _held.Count;
            }
        }
    }

    /// <summary>Memory of what is held, estimated, in bytes.</summary>
    public long Bytes
    {
        get
        {
            lock (_gate)
            {
                return _bytes;
            }
        }
    }

    /// <summary>
    /// The changes of a run of entries, each with its own index. Called only from the apply loop, in index order, after
    /// the state that they lead to is published.
    /// </summary>
    public void Publish(IReadOnlyList<ApplyOutcome> outcomes)
    {
        var any = false;
        lock (_gate)
        {
            foreach (var outcome in outcomes)
            {
                foreach (var change in outcome.Changes)
                {
                    _held.Add(change);
                    _bytes += SizeOf(change);
                    any = true;
                }
            }

            Trim();
        }

        if (any)
        {
            _published.Fire();
        }
    }

    /// <summary>The state was replaced as a whole: what is held does not lead up to it.</summary>
    public void Reset(ulong index)
    {
        lock (_gate)
        {
            _held.Clear();
            _bytes = 0;
            _floor = index;
        }

        _published.Fire();
    }

    /// <summary>
    /// Changes at indexes above <paramref name="since"/>, in order, then those to come; ends only by cancellation.
    /// </summary>
    public async IAsyncEnumerable<FeedEvent> WatchAsync(
        ulong since, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var position = since;
        var taken = new List<Change>();
        while (true)
        {
            var next = _published.Next;
            var gap = Take(ref position, taken);
            if (gap is not null)
            {
                yield return gap;
            }

            foreach (var change in taken)
            {
                cancellationToken.ThrowIfCancellationRequested();
                yield return new FeedChange(change);
            }

            if (gap is null && taken.Count == 0)
            {
                await next.WaitAsync(cancellationToken);
            }
        }
    }

    /// <summary>What follows <paramref name="position"/>, which moves on; never a part of an index.</summary>
    private FeedGap? Take(ref ulong position, List<Change> taken)
    {
        taken.Clear();
        lock (_gate)
        {
            if (position < _floor)
            {
                var gap = new FeedGap(position, _floor);
                position = _floor;
                return gap;
            }

            for (var i = FirstAbove(position); i < _held.Count; i++)
            {
                var change = _held[i];
                if (taken.Count >= TakeChanges && change.Index != position)
                {
                    break;
                }

                taken.Add(change);
                position = change.Index;
            }

            return null;
        }
    }

    private int FirstAbove(ulong index)
    {
        var (low, high) = (0, _held.Count);
        while (low < high)
        {
            var middle = low + ((high - low) / 2);
            (low, high) = _held[middle].Index > index ? (low, middle) : (middle + 1, high);
        }

        return low;
    }

    /// <summary>Whole indexes go: a watcher that resumes must not get half of one.</summary>
    private void Trim()
    {
        while (_held.Count > 0 && (_held.Count > maxChanges || _bytes > maxBytes))
        {
            _floor = _held[0].Index;
            while (_held.Count > 0 && _held[0].Index == _floor)
            {
                _bytes -= SizeOf(_held[0]);
                _held.RemoveFirst();
            }
        }
    }

    // With its slot in the ring.
    private static long SizeOf(Change change) => change.EstimatedBytes + 8;
}
