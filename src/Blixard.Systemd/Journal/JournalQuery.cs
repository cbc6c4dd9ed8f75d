namespace Blixard.Systemd.Journal;

/// <summary>Which lines of a unit.</summary>
/// <param name="Unit">The full unit name. Lines of the unit and lines of systemd about it both match, as in
/// <c>journalctl -u</c>.</param>
public sealed record JournalQuery(string Unit)
{
    /// <summary>
    /// Only lines at least this severe: 0 emerg, 3 err, 4 warning, 6 info, 7 debug. Null: all, also those without
    /// priority.
    /// </summary>
    public int? MaxPriority { get; init; }

    /// <summary>Only lines not older than this.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>How many lines to return; the newest, or with <see cref="After"/> the first.</summary>
    public int Limit { get; init; } = 100;

    /// <summary>Only lines after this cursor, in order: how a reader resumes.</summary>
    public string? After { get; init; }

    /// <summary>The unit belongs to a user's manager.</summary>
    public bool UserUnit { get; init; }

    /// <summary>The uid whose user unit is meant; null for a system unit, or for that of any user.</summary>
    public uint? UserId { get; init; }
}

/// <summary>One line.</summary>
/// <param name="Priority">Null where the line has none.</param>
/// <param name="Message">At most 4 KiB of it; bytes that are not UTF-8 are replaced.</param>
public sealed record JournalLine(
    DateTimeOffset Time, int? Priority, string? Identifier, int? Pid, string Message, string Cursor);

/// <summary>What a query found.</summary>
/// <param name="Lines">Oldest first, at most the query's limit.</param>
/// <param name="Count">How many lines matched, those beyond the limit included.</param>
/// <param name="CountIsComplete">False if counting stopped at <see cref="JournalReader.MaxCount"/>.</param>
/// <param name="Unreadable">Entries skipped because the journal file is damaged there.</param>
public sealed record JournalPage(IReadOnlyList<JournalLine> Lines, int Count, bool CountIsComplete, int Unreadable)
{
    /// <summary>Where to resume: the last line's cursor; null if there was no line.</summary>
    public string? Cursor => Lines is [.., var last] ? last.Cursor : null;
}
