using Blixard.Raft.Core;

namespace Blixard.Raft.Host;

/// <summary>One member's engine: its core, its clock, and when it takes snapshots.</summary>
public sealed record RaftHostOptions
{
    public required RaftOptions Core { get; init; }

    /// <summary>The configuration a new, empty log starts with. Ignored when the disk holds one.</summary>
    public required Configuration InitialConfiguration { get; init; }

    /// <summary>Length of a tick, the unit of the core's time.</summary>
    public TimeSpan Tick { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>A snapshot is taken after this many applied entries.</summary>
    public int SnapshotEntries { get; init; } = 100_000;

    /// <summary>Or after this many payload bytes.</summary>
    public long SnapshotBytes { get; init; } = 32 << 20;

    /// <summary>Entries kept behind a snapshot, so that a follower a little behind needs no snapshot.</summary>
    public int TrailingEntries { get; init; } = 5_000;

    /// <summary>And not more than these bytes of them, their overhead in memory included.</summary>
    public long TrailingBytes { get; init; } = 16 << 20;

    /// <summary>
    /// Bytes of entries kept behind a snapshot while a live member still needs them, their overhead in memory included.
    /// </summary>
    public long CatchUpBytes { get; init; } = 64 << 20;

    /// <summary>How long to wait before a snapshot that did not arrive is sent again.</summary>
    public TimeSpan SnapshotRetry { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Committed entries that may wait to be applied; above it proposals are refused.</summary>
    public int MaxApplyLag { get; init; } = 20_000;

    /// <summary>
    /// With fewer free bytes on the disk this member takes no proposals and does not lead if another can; with twice as
    /// many it does again.
    /// </summary>
    public long ReserveBytes { get; init; }

    /// <summary>How often the stored log and snapshots are read again and checked; zero: never.</summary>
    public TimeSpan ScrubInterval { get; init; }

    /// <summary>How fast that goes, at most.</summary>
    public long ScrubBytesPerSecond { get; init; } = 8 << 20;

    /// <summary>How long a linearizable read waits for a leader and its confirmation.</summary>
    public TimeSpan ReadTimeout { get; init; } = TimeSpan.FromSeconds(3);
}
