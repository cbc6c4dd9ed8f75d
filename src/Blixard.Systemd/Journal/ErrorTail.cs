using System.Globalization;
using System.Text;
using Blixard.Systemd.Native;

namespace Blixard.Systemd.Journal;

/// <summary>
/// Follows PRIORITY 0 to 3 through sd-journal(3), which finds them by its index: what else is logged costs nothing. One
/// thread at a time.
/// </summary>
public sealed unsafe class ErrorTail : IErrorTail
{
    private const int WorstPriority = 3;

    // Entries in a row that are skipped for damage; a file that has more is given up.
    private const int MaxDamaged = 1000;

    private readonly JournalHandle _journal;
    private readonly string _prefix;
    private bool _more;
    private string? _last;

    private ErrorTail(JournalHandle journal, string prefix) => (_journal, _prefix) = (journal, prefix);

    /// <param name="directory">Of the journal's files; null: this host's own journal.</param>
    /// <param name="prefix">Only lines about units whose name begins with this are returned.</param>
    /// <exception cref="JournalUnavailableException">It cannot be opened.</exception>
    public static ErrorTail Open(string? directory, string prefix)
    {
        var files = new JournalFiles(directory);
        var journal = files.Open();
        try
        {
            files.RequireReadable(journal);
            for (var priority = 0; priority <= WorstPriority; priority++)
            {
                // Values of one field are alternatives.
                Match(journal, "PRIORITY=" + priority.ToString(CultureInfo.InvariantCulture));
            }

            return new(journal, prefix);
        }
        catch
        {
            journal.Dispose();
            throw;
        }
    }

    public ErrorBatch Read(int atMost, DateTimeOffset since, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(atMost, 1);
        ObjectDisposedException.ThrowIf(_journal.IsClosed, this);
        JournalReader.Check(LibSystemdJournal.sd_journal_process(_journal), "read changes of the journal");

        // As many as are looked at had come, and more: it would never catch up, so it goes on with the newest.
        var jumps = _last is null || _more;
        var passedOver = false;
        var looked = 0;
        List<UnitErrorLine> lines = [];
        if (jumps)
        {
            JournalReader.Check(LibSystemdJournal.sd_journal_seek_tail(_journal), "go to the end of the journal");
            var back = LibSystemdJournal.sd_journal_previous_skip(_journal, (ulong)atMost);
            JournalReader.Check(back, "go back in the journal");
            if (back == 0)
            {
                return ErrorBatch.Nothing;
            }

            // Unless the line that was read last is among these, there are others in between.
            passedOver = _last is not null || (back == atMost && JournalEntries.Time(_journal) >= since);
            Take(lines, ref passedOver);
            looked++;
        }

        while (looked < atMost && Next(cancellationToken))
        {
            Take(lines, ref passedOver);
            looked++;
        }

        _more = looked == atMost && !jumps;
        _last = looked > 0 ? JournalEntries.Cursor(_journal) : _last;
        return looked == 0 ? ErrorBatch.Nothing : new(lines, passedOver, looked);
    }

    public void Dispose() => _journal.Dispose();

    /// <summary>
    /// The line it stands on. After a jump, those up to the one that was read last were taken before: by the cursor, not
    /// by the time, which all lines have in common that journald took from a unit at once.
    /// </summary>
    private void Take(List<UnitErrorLine> lines, ref bool passedOver)
    {
        if (passedOver && _last is { } last && JournalEntries.IsAt(_journal, last))
        {
            lines.Clear();
            passedOver = false;
            return;
        }

        if (UnitOf() is var (unit, userId) && unit.StartsWith(_prefix, StringComparison.Ordinal))
        {
            lines.Add(new(
                unit,
                userId,
                JournalEntries.Time(_journal),
                (int?)Number("PRIORITY") ?? WorstPriority,
                Field("MESSAGE") ?? ""));
        }
    }

    /// <summary>
    /// Whose line it is: of the unit in which its process ran, or, of what a manager wrote, of the unit that it wrote about.
    /// Fields with a leading underscore are set by journald and cannot be forged; the others count of managers alone.
    /// </summary>
    private (string Unit, uint? UserId)? UnitOf()
    {
        if (Field("_SYSTEMD_USER_UNIT") is { } own)
        {
            var unit = own != "init.scope" ? own : Field("USER_UNIT");
            return unit is not null && Number("_UID") is { } user ? (unit, user) : null;
        }

        return Field("_PID") == "1" && Field("UNIT") is { } about ? (about, null)
            : Field("_SYSTEMD_UNIT") is { } system ? (system, null)
            : null;
    }

    private bool Next(CancellationToken cancellationToken)
    {
        for (var damaged = 0; ; damaged++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var result = LibSystemdJournal.sd_journal_next(_journal);
            if (result != -Errno.EBADMSG || damaged == MaxDamaged)
            {
                JournalReader.Check(result, "read the journal");
                return result > 0;
            }
        }
    }

    private string? Field(string name) => JournalEntries.Field(_journal, name);

    private uint? Number(string name) =>
        uint.TryParse(Field(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static void Match(JournalHandle journal, string match)
    {
        var bytes = Encoding.UTF8.GetBytes(match);
        fixed (byte* data = bytes)
        {
            JournalReader.Check(
                LibSystemdJournal.sd_journal_add_match(journal, data, (nuint)bytes.Length), "select lines");
        }
    }
}
