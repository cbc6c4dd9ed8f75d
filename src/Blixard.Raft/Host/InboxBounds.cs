namespace Blixard.Raft.Host;

/// <summary>
/// What may wait for the loop at a time. Peers and clients can be faster than it; what does not fit is refused or, where
/// the protocol makes up for a loss, dropped. Any thread.
/// </summary>
/// <param name="maxCount">Items.</param>
/// <param name="maxBytes">Their payload; one item alone may be larger.</param>
internal sealed class InboxBounds(int maxCount, long maxBytes)
{
    private int _count;
    private long _bytes;

    public int Count => Volatile.Read(ref _count);

    /// <summary>False: it does not fit. True: <see cref="Leave"/> must follow, with the same bytes.</summary>
    public bool TryEnter(long bytes)
    {
        var (count, total) = (Interlocked.Increment(ref _count), Interlocked.Add(ref _bytes, bytes));
        if (count <= maxCount && (total <= maxBytes || count == 1))
        {
            return true;
        }

        Leave(bytes);
        return false;
    }

    public void Leave(long bytes)
    {
        Interlocked.Decrement(ref _count);
        Interlocked.Add(ref _bytes, -bytes);
    }
}
