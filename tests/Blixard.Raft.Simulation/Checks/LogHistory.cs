using Blixard.Raft.Core;

namespace Blixard.Raft.Simulation.Checks;

/// <summary>
/// Every entry that any member ever had, by index and term. If an entry is always the same and always follows the same
/// one, then logs that agree in one entry agree in all before it: Log Matching, checked entry by entry.
/// </summary>
internal sealed class LogHistory(Invariants invariants)
{
    // Per index the newest-seen version, chained to the others.
    private readonly List<Version?> _versions = [null];

    public void Seen(LogEntry entry, ulong? previousTerm)
    {
        while (_versions.Count <= (int)entry.Index)
        {
            _versions.Add(null);
        }

        for (var known = _versions[(int)entry.Index]; known is not null; known = known.Other)
        {
            if (known.Entry.Term == entry.Term)
            {
                invariants.Require(
                    ReferenceEquals(known.Entry, entry)
                        || (known.Entry.Kind == entry.Kind && known.Entry.Data.Span.SequenceEqual(entry.Data.Span)),
                    "LogMatching",
                    $"two entries {entry.Index}/{entry.Term}");
                invariants.Require(
                    previousTerm is null || known.PreviousTerm is null || previousTerm == known.PreviousTerm,
                    "LogMatching",
                    $"entry {entry.Index}/{entry.Term} follows term {known.PreviousTerm} in one log and {previousTerm} in another");
                known.PreviousTerm ??= previousTerm;
                return;
            }
        }

        _versions[(int)entry.Index] = new(entry, previousTerm, _versions[(int)entry.Index]);
    }

    private sealed class Version(LogEntry entry, ulong? previousTerm, Version? other)
    {
        public LogEntry Entry => entry;

        public Version? Other => other;

        public ulong? PreviousTerm { get; set; } = previousTerm;
    }
}
