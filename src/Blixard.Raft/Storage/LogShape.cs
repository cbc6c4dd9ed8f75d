using Blixard.Raft.Core;

namespace Blixard.Raft.Storage;

/// <summary>
/// What a log is without the bytes of its entries, and the rules that each record must keep. The writer and recovery
/// use the same: nothing is written that recovery would refuse, and nothing is read that was never allowed.
/// Each <c>Accept</c> returns null, or what should have been there.
/// </summary>
internal sealed class LogShape
{
    // The term of every entry from Index on, up to the next run.
    private readonly List<(ulong Index, ulong Term)> _terms = [];

    public HardState HardState { get; private set; }

    public SnapshotMeta Snapshot { get; private set; } = SnapshotMeta.Empty;

    public ulong LastIndex { get; private set; }

    public ulong LastTerm => TermAt(LastIndex) ?? 0;

    /// <summary>The state with which a segment begins.</summary>
    public static LogShape From(WalHead head)
    {
        var shape = new LogShape { HardState = head.HardState, Snapshot = head.Snapshot, LastIndex = head.LastIndex };
        shape._terms.Add((head.LastIndex, head.LastTerm));
        return shape;
    }

    /// <summary>Null: not known.</summary>
    public ulong? TermAt(ulong index)
    {
        if (index > LastIndex)
        {
            return null;
        }

        for (var i = _terms.Count - 1; i >= 0; i--)
        {
            if (_terms[i].Index <= index)
            {
                return _terms[i].Term;
            }
        }

        return null;
    }

    public string? Accept(HardState next)
    {
        if (next.Term < HardState.Term)
        {
            return $"a term that does not go back: {next.Term} follows {HardState.Term}";
        }

        if (next.Term == HardState.Term && next.Vote != HardState.Vote && !HardState.Vote.IsNone)
        {
            return $"one vote in term {next.Term}: {next.Vote} follows {HardState.Vote}";
        }

        HardState = next;
        return null;
    }

    /// <param name="restartsLog">See <see cref="WalBatch.RestartsLog"/>; implies that it replaces the log.</param>
    public string? Accept(SnapshotMeta snapshot, bool replacesLog, bool restartsLog = false)
    {
        if (snapshot.Index < Snapshot.Index && !restartsLog)
        {
            return $"a snapshot that does not go back: {snapshot.Index} follows {Snapshot.Index}";
        }

        if (replacesLog)
        {
            LastIndex = snapshot.Index;
            _terms.Clear();
            _terms.Add((snapshot.Index, snapshot.Term));
        }
        else if (snapshot.Index > LastIndex)
        {
            return $"a snapshot of what the log holds: {snapshot.Index} is after {LastIndex}";
        }
        else if (TermAt(snapshot.Index) is { } term && snapshot.Index > 0 && term != snapshot.Term)
        {
            return $"a snapshot of term {term} at {snapshot.Index}, not {snapshot.Term}";
        }

        Snapshot = snapshot;
        return null;
    }

    public string? Accept(ulong index, ulong term)
    {
        if (index > LastIndex + 1)
        {
            return $"entry {LastIndex + 1}, not {index}";
        }

        if (index <= Snapshot.Index)
        {
            return $"an entry after snapshot {Snapshot.Index}, not {index}";
        }

        if (TermAt(index - 1) is { } previous && term < previous)
        {
            return $"a term that does not go back: entry {index} of term {term} follows term {previous}";
        }

        if (term == 0)
        {
            return $"a term for entry {index}";
        }

        while (_terms.Count > 0 && _terms[^1].Index >= index)
        {
            _terms.RemoveAt(_terms.Count - 1);
        }

        if (_terms.Count == 0 || _terms[^1].Term != term)
        {
            _terms.Add((index, term));
        }

        LastIndex = index;
        return null;
    }
}
