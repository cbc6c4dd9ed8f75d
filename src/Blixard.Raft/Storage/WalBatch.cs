using Blixard.Raft.Core;

namespace Blixard.Raft.Storage;

/// <summary>
/// What is stored together, in this order: hard state, snapshot, entries. The first batch of a new member holds a
/// <see cref="Snapshot"/> of index 0, whose configuration is the cluster's first.
/// </summary>
public sealed record WalBatch
{
    /// <summary>The parts of <paramref name="ready"/> that must be persisted.</summary>
    public static WalBatch Of(Ready ready) => new()
    {
        HardState = ready.HardState,
        Snapshot = ready.Snapshot,
        ReplacesLog = ready.Snapshot is not null,
        Entries = ready.Entries,
    };

    public HardState? HardState { get; init; }

    /// <summary>
    /// The marker of a snapshot that is durable in the <see cref="SnapshotStore"/>. Append it only after
    /// <see cref="SnapshotStore.Save"/> or <see cref="SnapshotReceiver.Commit"/> has returned.
    /// </summary>
    public SnapshotMeta? Snapshot { get; init; }

    /// <summary>
    /// True for a snapshot that came from the leader: all entries before it and after it are void. False for one of
    /// this member's own: entries stay until <see cref="WriteAheadLog.Compact"/>.
    /// </summary>
    public bool ReplacesLog { get; init; }

    /// <summary>
    /// With <see cref="ReplacesLog"/>: the snapshot may be older than what the log noted before. Only for a member that
    /// is being repaired, whose log or newer snapshots are lost.
    /// </summary>
    public bool RestartsLog { get; init; }

    /// <summary>Consecutive. If the first is at or below the last one stored, all from there on are replaced.</summary>
    public IReadOnlyList<LogEntry> Entries { get; init; } = [];
}
