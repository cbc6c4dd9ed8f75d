using Blixard.Raft.Core;

namespace Blixard.Raft.Storage;

/// <summary>The log as it grows while its records are read back.</summary>
internal sealed class WalReplay(LogShape shape)
{
    private readonly List<LogEntry> _entries = [];

    public LogShape Shape => shape;

    /// <summary>The highest index of an entry seen since it was last reset: what a segment holds at most.</summary>
    public ulong MaxIndex { get; set; }

    public string? Accept(SnapshotMeta snapshot, bool replacesLog, bool restartsLog = false)
    {
        var problem = shape.Accept(snapshot, replacesLog, restartsLog);
        if (problem is null && replacesLog)
        {
            _entries.Clear();
        }

        return problem;
    }

    public string? Accept(LogEntry entry)
    {
        var problem = shape.Accept(entry.Index, entry.Term);
        if (problem is not null)
        {
            return problem;
        }

        if (_entries.Count > 0 && entry.Index <= _entries[^1].Index)
        {
            var kept = entry.Index <= _entries[0].Index ? 0 : (int)(entry.Index - _entries[0].Index);
            _entries.RemoveRange(kept, _entries.Count - kept);
        }

        _entries.Add(entry);
        MaxIndex = Math.Max(MaxIndex, entry.Index);
        return null;
    }

    /// <summary>Null, or which entries are missing between the snapshot and the first one held.</summary>
    public string? Complete()
    {
        var snapshot = shape.Snapshot.Index;
        var first = _entries.Count > 0 ? _entries[0].Index : shape.LastIndex + 1;
        return first > snapshot + 1 ? $"entries {snapshot + 1} to {first - 1} between snapshot and log"
            : shape.LastIndex < snapshot ? $"a log that reaches its snapshot: {shape.LastIndex} is before {snapshot}"
            : shape.TermAt(snapshot) is { } term && snapshot > 0 && term != shape.Snapshot.Term
                ? $"a snapshot of term {term} at {snapshot}, not {shape.Snapshot.Term}"
            : null;
    }

    public RestoredState ToRestored() => new(shape.HardState, shape.Snapshot, _entries);
}
