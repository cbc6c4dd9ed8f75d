using Blixard.Raft.Core;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Blixard.Raft.Storage;

/// <summary>Sizes are bytes.</summary>
public sealed record WalOptions
{
    public required ulong ClusterId { get; init; }

    public required MemberId Member { get; init; }

    /// <summary>
    /// Who the members of a new cluster are; used only if a damaged log does not tell. Empty: not known.
    /// </summary>
    public Configuration FirstConfiguration { get; init; } = Configuration.Empty;

    /// <summary>
    /// Where the snapshots are that go with this log: with anything in it, a log that is not there is one that was lost,
    /// and is not begun anew. Null: not looked at.
    /// </summary>
    public string? SnapshotDirectory { get; init; }

    /// <summary>Size of a segment; a batch that needs more gets a larger one. At least 4 KiB.</summary>
    public long SegmentBytes { get; init; } = 64 << 20;

    /// <summary>
    /// Size of a segment that is needed before a full-sized one has been prepared: small, because its zeroes are
    /// written while somebody waits.
    /// </summary>
    public long FirstSegmentBytes { get; init; } = 2 << 20;

    /// <summary>
    /// Bytes of a file that only keeps space from others; it is given up when a segment is needed and there is no space
    /// for it. 0: none.
    /// </summary>
    public long ReserveBytes { get; init; }

    /// <summary>Compacted segments kept for reuse instead of being deleted.</summary>
    public int MaxSpares { get; init; } = 2;

    /// <summary>Prepares the next segment on a thread of its own. Off: all happens in the calling thread.</summary>
    public bool PrepareAhead { get; init; } = true;

    /// <summary>Largest payload of one entry.</summary>
    public int MaxEntryBytes { get; init; } = (1 << 20) + (1 << 19) + (1 << 16);

    public ILogger Logger { get; init; } = NullLogger.Instance;
}
