using static Blixard.Raft.Core.RaftInvariantException;

namespace Blixard.Raft.Core;

/// <summary>
/// The log of one member (section 5.3), in memory since the last compaction, with the four cursors that matter:
/// handed to storage, durable, committed, handed to the state machine.
/// </summary>
internal sealed class RaftLog
{
    private readonly List<LogEntry> _entries = [];
    private readonly Queue<Batch> _writing = new();

    // The entry just before the first one held: what a snapshot, or the empty log, stands for.
    private ulong _baseIndex;
    private ulong _baseTerm;

    private ulong _handedToStorage;
    private ulong _handedToApply;

    public RaftLog(SnapshotMeta snapshot, IReadOnlyList<LogEntry> entries)
    {
        Snapshot = snapshot;
        Configurations = new(snapshot);
        if (entries.Count == 0)
        {
            (_baseIndex, _baseTerm) = (snapshot.Index, snapshot.Term);
        }
        else
        {
            var first = entries[0].Index;
            Require(
                first <= snapshot.Index + 1, $"log begins at {first}, after a gap behind snapshot {snapshot.Index}");

            // The term of the entry before the first is known only at the snapshot itself. Elsewhere the first
            // entry serves as the base: one trailing entry less to offer, and nothing guessed.
            if (first == snapshot.Index + 1)
            {
                (_baseIndex, _baseTerm) = (snapshot.Index, snapshot.Term);
            }
            else
            {
                (_baseIndex, _baseTerm) = (first, entries[0].Term);
            }

            foreach (var entry in entries)
            {
                if (entry.Index > _baseIndex)
                {
                    Require(entry.Index == LastIndex + 1, $"log has a gap: {entry.Index} follows {LastIndex}");
                    _entries.Add(entry);

                    // What the snapshot covers it has in its own configuration.
                    if (entry.Index > snapshot.Index)
                    {
                        Configurations.Appended(entry);
                    }
                }
            }

            Require(LastIndex >= snapshot.Index, $"log ends at {LastIndex}, before snapshot {snapshot.Index}");
            Require(
                TermAt(snapshot.Index) == snapshot.Term,
                $"entry {snapshot.Index} has term {TermAt(snapshot.Index)}, the snapshot there {snapshot.Term}");
        }

        Commit = snapshot.Index;
        Durable = _handedToStorage = LastIndex;
        _handedToApply = snapshot.Index;
    }

    /// <summary>The newest durable snapshot.</summary>
    public SnapshotMeta Snapshot { get; private set; }

    public ConfigurationHistory Configurations { get; }

    public ulong FirstIndex => _baseIndex + 1;

    public ulong LastIndex => _baseIndex + (ulong)_entries.Count;

    public ulong LastTerm => _entries.Count == 0 ? _baseTerm : _entries[^1].Term;

    public ulong Commit { get; private set; }

    /// <summary>Everything up to here is on this member's stable storage and is part of the present log.</summary>
    public ulong Durable { get; private set; }

    /// <summary>Batches handed to storage that are not yet durable.</summary>
    public bool IsWriting => _writing.Count > 0;

    /// <summary>Null: compacted, or after the end.</summary>
    public ulong? TermAt(ulong index) =>
        index == _baseIndex ? _baseTerm
        : index > _baseIndex && index <= LastIndex ? At(index).Term
        : null;

    public LogEntry At(ulong index) => _entries[(int)(index - _baseIndex - 1)];

    public bool Matches(ulong index, ulong term) => TermAt(index) == term;

    /// <summary>Section 5.4.1: the later last term wins; then the longer log.</summary>
    public bool IsUpToDate(ulong lastIndex, ulong lastTerm) =>
        lastTerm > LastTerm || (lastTerm == LastTerm && lastIndex >= LastIndex);

    /// <summary>
    /// The last index at or below <paramref name="index"/> whose term is at most <paramref name="term"/>: no later
    /// entry can match a log that has that term there. Skips a whole term per round trip (section 5.3, end).
    /// </summary>
    public (ulong Index, ulong Term) LastPossibleMatch(ulong index, ulong term)
    {
        for (var i = Math.Min(index, LastIndex); ; i--)
        {
            if (TermAt(i) is not { } at)
            {
                return (i, 0);
            }

            if (at <= term)
            {
                return (i, at);
            }
        }
    }

    /// <summary>As leader: after the end.</summary>
    public void Append(LogEntry entry)
    {
        Require(entry.Index == LastIndex + 1, $"append of {entry.Index} after {LastIndex}");
        Require(entry.Term >= LastTerm, $"append of term {entry.Term} after term {LastTerm}");
        _entries.Add(entry);
        Configurations.Appended(entry);
    }

    /// <summary>
    /// As follower, after the entry before them was found to match: entries already here are left alone, because a
    /// late duplicate must not cut off what came after it (Figure 2, AppendEntries 3 and 4).
    /// </summary>
    public void Merge(IReadOnlyList<LogEntry> entries)
    {
        foreach (var entry in entries)
        {
            if (entry.Index <= _baseIndex)
            {
                continue;
            }

            if (entry.Index <= LastIndex)
            {
                if (At(entry.Index).Term == entry.Term)
                {
                    continue;
                }

                TruncateFrom(entry.Index);
            }

            Append(entry);
        }
#if MUTANTS
        if (Planted.Is(Mutant.StaleAppendTruncates)
            && entries.Count > 0 && entries[^1].Index >= Commit && entries[^1].Index < LastIndex)
        {
            TruncateFrom(entries[^1].Index + 1);
        }
#endif
    }

    public void CommitTo(ulong index)
    {
        if (index <= Commit)
        {
            return;
        }

        Require(index <= LastIndex, $"commit of {index} beyond the log's end {LastIndex}");
        Commit = index;
    }

    /// <summary>
    /// A snapshot is durable: it can be sent, and the log up to <paramref name="through"/> is no longer needed.
    /// </summary>
    public void Compact(SnapshotMeta snapshot, ulong through)
    {
        Require(through <= snapshot.Index, $"compaction through {through} is beyond snapshot {snapshot.Index}");
        Require(
            snapshot.Index <= _handedToApply, $"snapshot {snapshot.Index} of what is not applied ({_handedToApply})");
        if (snapshot.Index > Snapshot.Index)
        {
            Require(
                snapshot.Configuration == Configurations.At(snapshot.Index),
                $"snapshot {snapshot.Index} has {snapshot.Configuration}; the log {Configurations.At(snapshot.Index)}");
            Snapshot = snapshot;
            Configurations.Compacted(snapshot.Index);
        }

        if (through <= _baseIndex)
        {
            return;
        }

        var term = At(through).Term;
        _entries.RemoveRange(0, (int)(through - _baseIndex));
        (_baseIndex, _baseTerm) = (through, term);
    }

    /// <summary>A snapshot from the leader replaces everything (Figure 13, step 7).</summary>
    public void Reset(SnapshotMeta snapshot)
    {
        Require(snapshot.Index > Commit, $"snapshot {snapshot.Index} is behind commit {Commit}");
        _entries.Clear();
        (_baseIndex, _baseTerm) = (snapshot.Index, snapshot.Term);
        Snapshot = snapshot;
        Configurations.Reset(snapshot);
        Commit = Durable = _handedToStorage = _handedToApply = snapshot.Index;
        CapWriting(snapshot.Index);
    }

    /// <summary>Entries that storage has not been given, as part of <paramref name="batch"/>.</summary>
    public IReadOnlyList<LogEntry> TakeForStorage()
    {
        if (_handedToStorage == LastIndex)
        {
            return [];
        }

        var taken = Slice(_handedToStorage + 1, LastIndex);
        _handedToStorage = LastIndex;
        return taken;
    }

    public bool HasForStorage => _handedToStorage < LastIndex;

    /// <summary>Storage was given a batch after which the log ends at LastIndex.</summary>
    public void BatchHanded(ulong batch, HardState hardState) =>
        _writing.Enqueue(new(batch, _handedToStorage, hardState));

    /// <summary>Returns term and vote as they are on stable storage now; null if no batch ended.</summary>
    public HardState? Persisted(ulong batch)
    {
        HardState? durable = null;
        while (_writing.TryPeek(out var written) && written.Number <= batch)
        {
            Durable = Math.Max(Durable, written.LastIndex);
            durable = written.HardState;
            _writing.Dequeue();
        }

        return durable;
    }

    /// <summary>
    /// Committed and durable here, not yet handed out. Applying only what is durable keeps a snapshot of the applied
    /// state from ever running ahead of the log.
    /// </summary>
    public bool HasForApply => _handedToApply < Math.Min(Commit, Durable);

    public IReadOnlyList<LogEntry> TakeForApply()
    {
        var end = Math.Min(Commit, Durable);
        if (end <= _handedToApply)
        {
            return [];
        }

        var taken = Slice(_handedToApply + 1, end);
        _handedToApply = end;
        return taken;
    }

    /// <summary>
    /// Entries from <paramref name="first"/> to <paramref name="last"/>, or as many of them as fit the limits, but one
    /// at least if there is one; and their payload bytes.
    /// </summary>
    public (LogEntry[] Entries, long Bytes) Portion(ulong first, ulong last, int maxEntries, int maxBytes)
    {
        var end = first - 1;
        long bytes = 0;
        while (end < last && end - first + 1 < (ulong)maxEntries)
        {
            var size = At(end + 1).Size;
            if (end >= first && bytes + size > maxBytes)
            {
                break;
            }

            bytes += size;
            end++;
        }

        return end < first ? ([], 0) : (Slice(first, end), bytes);
    }

    public LogEntry[] Slice(ulong first, ulong last)
    {
        var slice = new LogEntry[last - first + 1];
        _entries.CopyTo((int)(first - _baseIndex - 1), slice, 0, slice.Length);
        return slice;
    }

    private void TruncateFrom(ulong index)
    {
        Require(index > Commit, $"truncation from {index} would cut committed entries (commit {Commit})");
        _entries.RemoveRange((int)(index - _baseIndex - 1), (int)(LastIndex - index + 1));
        Configurations.TruncatedFrom(index);
        _handedToStorage = Math.Min(_handedToStorage, index - 1);
        Durable = Math.Min(Durable, index - 1);
        CapWriting(index - 1);
    }

    // What is being written may hold entries that are no longer part of the log. When such a batch becomes durable it
    // must not vouch for the entries that took their places (the "ABA" of asynchronous storage).
    private void CapWriting(ulong last)
    {
#if MUTANTS
        if (Planted.Is(Mutant.LateWriteVouchesForNewEntries))
        {
            return;
        }
#endif
        for (var left = _writing.Count; left > 0; left--)
        {
            var batch = _writing.Dequeue();
            _writing.Enqueue(batch with { LastIndex = Math.Min(batch.LastIndex, last) });
        }
    }

    private readonly record struct Batch(ulong Number, ulong LastIndex, HardState HardState);
}
