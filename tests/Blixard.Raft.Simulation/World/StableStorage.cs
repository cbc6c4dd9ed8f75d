using Blixard.Raft.Core;

namespace Blixard.Raft.Simulation.World;

/// <summary>The platters: term and vote, the newest snapshot, the log after (and some of it before) that.</summary>
internal sealed class StableStorage(SnapshotFile first)
{
    private readonly List<LogEntry> _entries = [];

    // Index of the entry before the first one held.
    private ulong _base = first.Meta.Index;

#if MUTANTS
    public StableStorage(StableStorage other)
        : this(other.Snapshot)
    {
        _entries.AddRange(other._entries);
        (_base, HardState) = (other._base, other.HardState);
    }
#endif

    public HardState HardState { get; private set; }

    public SnapshotFile Snapshot { get; private set; } = first;

    public ulong LastIndex => _base + (ulong)_entries.Count;

    /// <summary>Told what is about to be cut off, before it is: entries from this index on.</summary>
    public Action<ulong>? Truncating { get; set; }

    /// <summary>Told of every change of term and vote: the old and the new.</summary>
    public Action<HardState, HardState>? Voting { get; set; }

    /// <summary>Null: not here, or covered by the snapshot.</summary>
    public LogEntry? EntryAt(ulong index) =>
        index > _base && index <= LastIndex ? _entries[(int)(index - _base - 1)] : null;

    /// <summary>
    /// This entry is here, or is part of what the snapshot covers. That a snapshot holds only committed entries is
    /// checked when it is captured and restored.
    /// </summary>
    public bool Holds(ulong index, ulong term) =>
        index <= Snapshot.Meta.Index
            ? index < Snapshot.Meta.Index || term == Snapshot.Meta.Term
            : EntryAt(index)?.Term == term;

    public void Add(WriteBatch batch)
    {
        if (batch.HardState is { } hardState)
        {
            Voting?.Invoke(HardState, hardState);
            HardState = hardState;
        }

        if (batch.Snapshot is { } snapshot)
        {
            TruncateFrom(snapshot.Meta.Index + 1);
            Snapshot = snapshot;
            _entries.Clear();
            _base = snapshot.Meta.Index;
        }

        if (batch.Entries.Count > 0)
        {
            TruncateFrom(batch.Entries[0].Index);
            _entries.AddRange(batch.Entries);
        }
    }

    /// <summary>
    /// A snapshot of this member's own state is durable; the log through <paramref name="through"/> is deleted.
    /// </summary>
    public void Compact(SnapshotFile file, ulong through)
    {
        if (file.Meta.Index <= Snapshot.Meta.Index)
        {
            return;
        }

        Snapshot = file;
        DeleteThrough(through);
    }

    /// <summary>Only what a snapshot on this disk covers may be deleted.</summary>
    public void DeleteThrough(ulong through)
    {
        if (through > _base)
        {
            _entries.RemoveRange(0, (int)(through - _base));
            _base = through;
        }
    }

    public RestoredState Read() => new(HardState, Snapshot.Meta, [.. _entries]);

    private void TruncateFrom(ulong index)
    {
        if (index <= LastIndex && index > _base)
        {
            Truncating?.Invoke(index);
            _entries.RemoveRange((int)(index - _base - 1), (int)(LastIndex - index + 1));
        }
    }
}
