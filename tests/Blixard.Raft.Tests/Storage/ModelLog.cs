using Blixard.Raft.Core;
using Blixard.Raft.Storage;

namespace Blixard.Raft.Tests.Storage;

/// <summary>What a log should hold, kept in the simplest way: every entry of every index.</summary>
internal sealed class ModelLog
{
    private readonly SortedDictionary<ulong, LogEntry> _entries = [];

    public HardState HardState { get; private set; }

    public SnapshotMeta Snapshot { get; private set; } = SnapshotMeta.Empty;

    public ulong LastIndex { get; private set; }

    public ulong LastTerm => _entries.TryGetValue(LastIndex, out var last) ? last.Term : Snapshot.Term;

    public ulong? TermAt(ulong index) => _entries.TryGetValue(index, out var entry) ? entry.Term : null;

    public ModelLog Copy()
    {
        var copy = new ModelLog { HardState = HardState, Snapshot = Snapshot, LastIndex = LastIndex };
        foreach (var (index, entry) in _entries)
        {
            copy._entries[index] = entry;
        }

        return copy;
    }

    public void Append(WalBatch batch)
    {
        HardState = batch.HardState ?? HardState;
        Snapshot = batch.Snapshot ?? Snapshot;
        if (batch.ReplacesLog)
        {
            _entries.Clear();
            LastIndex = Snapshot.Index;
        }

        foreach (var entry in batch.Entries)
        {
            for (; LastIndex >= entry.Index; LastIndex--)
            {
                _entries.Remove(LastIndex);
            }

            _entries[entry.Index] = entry;
            LastIndex = entry.Index;
        }
    }

    /// <summary>Null, or the first difference to what was recovered.</summary>
    public string? Differs(RestoredState restored)
    {
        var last = restored.Entries.Count > 0 ? restored.Entries[^1].Index : restored.Snapshot.Index;
        if (restored.HardState != HardState || restored.Snapshot != Snapshot || last != LastIndex)
        {
            return $"{restored.HardState}, {restored.Snapshot}, last {last} "
                + $"instead of {HardState}, {Snapshot}, {LastIndex}";
        }

        var expected = restored.Entries.Count > 0 ? restored.Entries[0].Index : last + 1;
        if (expected > Snapshot.Index + 1)
        {
            return $"first entry {expected} after snapshot {Snapshot.Index}";
        }

        foreach (var entry in restored.Entries)
        {
            if (entry.Index != expected++)
            {
                return $"entry {entry.Index} instead of {expected - 1}";
            }

            var model = _entries[entry.Index];
            if (entry.Term != model.Term || entry.Kind != model.Kind || !entry.Data.Span.SequenceEqual(model.Data.Span))
            {
                return $"entry {entry.Index} has other content";
            }
        }

        return null;
    }
}
