namespace Blixard.Raft.Host;

/// <summary>
/// How much of the log stays when a snapshot of the applied state is durable. Some of it always does, so that a member
/// that is a little behind, or was away for a moment, needs no snapshot; more of it while a live member is still on its
/// way through it, or it would be sent one snapshot after the other and never arrive. Both are bounded, and with them the
/// memory that the log takes.
/// </summary>
internal static class CompactionRule
{
    /// <summary>
    /// What an entry costs in memory beside its payload (object, array header, list slot), so that a bound in bytes
    /// holds for many small entries too.
    /// </summary>
    public const int EntryOverheadBytes = 100;

    /// <summary>Election timeouts without a word after which a member no longer counts as live.</summary>
    public const int LiveTimeouts = 3;

    /// <summary>The index through which the log may be forgotten.</summary>
    /// <param name="snapshot">Index of the snapshot.</param>
    /// <param name="first">First index in the log.</param>
    /// <param name="held">
    /// The last index that every live member has, or the snapshot on its way to it has;
    /// <see cref="ulong.MaxValue"/>: none is behind.
    /// </param>
    /// <param name="size">Payload bytes of an entry of the log.</param>
    public static ulong Through(
        RaftHostOptions options, ulong snapshot, ulong first, ulong held, Func<ulong, int> size)
    {
        long bytes = 0;
        long kept = 0;
        for (var index = snapshot; index >= first; index--)
        {
            bytes += size(index) + EntryOverheadBytes;
            kept++;
            var isTrailing = kept <= options.TrailingEntries && bytes <= options.TrailingBytes;
            var isNeeded = index > held && bytes <= options.CatchUpBytes;
            if (!isTrailing && !isNeeded)
            {
                return index;
            }
        }

        return first - 1;
    }
}
