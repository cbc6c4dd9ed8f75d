using Blixard.Raft.Core;
using Blixard.Raft.Storage;

namespace Blixard.Raft.Simulation.World;

/// <summary>
/// What one member's disk has promised to hold: term and vote, the snapshot that counts, the log. Grows only when a sync
/// of the real log has returned. The ghosts look at it, and every recovery must read exactly it.
/// </summary>
internal sealed class StableStorage
{
    private readonly List<LogEntry> _entries = [];

    // Index of the entry before the first one held.
    private ulong _base;

    public HardState HardState { get; private set; }

    public SnapshotMeta Snapshot { get; private set; } = SnapshotMeta.Empty;

    public ulong LastIndex => _base + (ulong)_entries.Count;

    /// <summary>
    /// What this disk held before it was damaged, while the member is being repaired: it acknowledged it, and what was
    /// committed with that stays so because the member gives no vote.
    /// </summary>
    public StableStorage? Forgotten { get; private set; }

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
        HoldsStill(index, term) || Forgotten?.Holds(index, term) == true;

    /// <summary>The same, without what a damaged disk lost.</summary>
    public bool HoldsStill(ulong index, ulong term) =>
        index <= Snapshot.Index
            ? index < Snapshot.Index || term == Snapshot.Term
            : EntryAt(index)?.Term == term;

    /// <summary>A damaged disk brought back less.</summary>
    public void Forget()
    {
        var before = Copy();
        before.Forgotten = Forgotten;
        Forgotten = before;
    }

    public void Repaired() => Forgotten = null;

    public void Add(WalBatch batch)
    {
        if (batch.HardState is { } hardState)
        {
            Voting?.Invoke(HardState, hardState);
            HardState = hardState;
        }

        if (batch.Snapshot is { } snapshot && (batch.ReplacesLog || snapshot.Index >= Snapshot.Index))
        {
            if (batch.ReplacesLog)
            {
                TruncateFrom(snapshot.Index + 1);
                _entries.Clear();
                _base = snapshot.Index;
            }

            Snapshot = snapshot;
        }

        if (batch.Entries.Count > 0)
        {
            TruncateFrom(batch.Entries[0].Index);
            _entries.AddRange(batch.Entries);
        }
    }

    /// <summary>Entries through this index may be gone; only what a snapshot on this disk covers.</summary>
    public void DeleteThrough(ulong through)
    {
        through = Math.Min(through, LastIndex);
        if (through > _base)
        {
            _entries.RemoveRange(0, (int)(through - _base));
            _base = through;
        }
    }

    /// <summary>A recovery may bring back more of the beginning than had to be kept, and start from another snapshot.</summary>
    public void Restored(RestoredState restored)
    {
        HardState = restored.HardState;
        Snapshot = restored.Snapshot;
        _entries.Clear();
        _entries.AddRange(restored.Entries);
        _base = restored.Entries.Count > 0 ? restored.Entries[0].Index - 1 : restored.Snapshot.Index;
    }

    /// <summary>Null: this is what was read back. Else the first difference.</summary>
    public string? Differs(RestoredState read)
    {
        if (read.HardState != HardState)
        {
            return $"term and vote {read.HardState}, not {HardState}";
        }

        if (read.Snapshot.Index != Snapshot.Index || read.Snapshot.Term != Snapshot.Term
            || read.Snapshot.Configuration != Snapshot.Configuration)
        {
            return $"snapshot {read.Snapshot.Index}/{read.Snapshot.Term}, not {Snapshot.Index}/{Snapshot.Term}";
        }

        var entries = read.Entries;
        var last = entries.Count > 0 ? entries[^1].Index : Math.Max(_base, read.Snapshot.Index);
        if (last != LastIndex)
        {
            return $"a log through {last}, not {LastIndex}";
        }

        if (_entries.Count > 0 && entries[0].Index > _base + 1)
        {
            return $"a log from {entries[0].Index}, not {_base + 1}";
        }

        for (var i = 0; i < _entries.Count; i++)
        {
            var found = entries[entries.Count - _entries.Count + i];
            var known = _entries[i];
            if (found.Term != known.Term || found.Kind != known.Kind || !found.Data.Span.SequenceEqual(known.Data.Span))
            {
                return $"another entry {found.Index}/{found.Term}, not {known.Index}/{known.Term}";
            }
        }

        return null;
    }

    /// <summary>The same, without anybody told of what happens to it.</summary>
    public StableStorage Copy()
    {
        var copy = new StableStorage { HardState = HardState, Snapshot = Snapshot, _base = _base };
        copy._entries.AddRange(_entries);
        return copy;
    }

    private void TruncateFrom(ulong index)
    {
        if (index <= LastIndex && index > _base)
        {
            Truncating?.Invoke(index);
            _entries.RemoveRange((int)(index - _base - 1), (int)(LastIndex - index + 1));
        }
    }
}
