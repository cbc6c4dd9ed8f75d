using System.Runtime.InteropServices;
using System.Text;
using Blixard.Systemd.Native;

namespace Blixard.Systemd.Journal;

/// <summary>
/// Reads journald's files through sd-journal(3). Stays open: opening maps every file of the journal. One read at a
/// time; others wait their turn.
/// </summary>
public sealed unsafe class JournalReader : IJournal, IDisposable
{
    /// <summary>
    /// Where counting stops, so that a unit that floods the journal does not hold up everybody's reads.
    /// </summary>
    public const int MaxCount = 10_000;

    private const int LocalOnly = 1;
    private const int MaxFieldBytes = 4096;

    private readonly JournalHandle _journal;
    private readonly Lock _lock = new();

    private JournalReader(JournalHandle journal, string what)
    {
        _journal = journal;
        Check(LibSystemdJournal.sd_journal_set_data_threshold(journal, MaxFieldBytes), what);

        // Asking for the descriptor makes it watch the directory; without that, files made later are never seen.
        Check(LibSystemdJournal.sd_journal_get_fd(journal), what);
    }

    /// <summary>This host's journal.</summary>
    /// <exception cref="JournalUnavailableException">It cannot be opened.</exception>
    public static JournalReader OpenSystem() =>
        Open("the system's journal", static (out JournalHandle journal) =>
            LibSystemdJournal.sd_journal_open(out journal, LocalOnly));

    /// <summary>The journal in a directory, of this host or of another.</summary>
    /// <exception cref="JournalUnavailableException">It cannot be opened.</exception>
    public static JournalReader OpenDirectory(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        return Open($"the journal in {directory}", (out JournalHandle journal) =>
            LibSystemdJournal.sd_journal_open_directory(out journal, directory, 0));
    }

    public Task<JournalPage> ReadAsync(JournalQuery query, CancellationToken cancellationToken) =>
        Task.Run(() => Read(query, cancellationToken), cancellationToken);

    /// <summary>Reads from files: blocks for as long as the disk takes.</summary>
    /// <inheritdoc cref="IJournal.ReadAsync"/>
    public JournalPage Read(JournalQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentOutOfRangeException.ThrowIfLessThan(query.Limit, 0);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_journal.IsClosed, this);
            Check(LibSystemdJournal.sd_journal_process(_journal), "read changes of the journal");
            JournalMatches.Apply(_journal, query);
            return query.After is { } cursor
                ? ReadAfter(query, cursor, cancellationToken)
                : ReadNewest(query, cancellationToken);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _journal.Dispose();
        }
    }

    internal static void Check(int result, string what)
    {
        if (result < 0)
        {
            throw new JournalUnavailableException($"Cannot {what}: {Errno.Describe(result)}");
        }
    }

    private static JournalReader Open(string what, OpenJournal open)
    {
        JournalHandle journal;
        try
        {
            Check(open(out journal), $"open {what}");
        }
        catch (DllNotFoundException e)
        {
            throw new JournalUnavailableException("libsystemd.so.0 is not installed on this host.", e);
        }

        try
        {
            return new(journal, $"open {what}");
        }
        catch
        {
            journal.Dispose();
            throw;
        }
    }

    /// <summary>From the end backwards, until a line is too old.</summary>
    private JournalPage ReadNewest(JournalQuery query, CancellationToken cancellationToken)
    {
        Check(LibSystemdJournal.sd_journal_seek_tail(_journal), "go to the end of the journal");
        var page = new PageBuilder(query);
        while (!page.IsFull && Step(forward: false, page, cancellationToken))
        {
            if (query.Since is { } since && Time() < since)
            {
                break;
            }

            Add(page);
        }

        return page.Build(newestFirst: true);
    }

    private JournalPage ReadAfter(JournalQuery query, string cursor, CancellationToken cancellationToken)
    {
        var found = LibSystemdJournal.sd_journal_seek_cursor(_journal, cursor);
        if (found == -Errno.EINVAL)
        {
            throw new ArgumentException($"'{cursor}' is not a journal cursor.", nameof(query));
        }

        Check(found, "go to the cursor");
        var page = new PageBuilder(query);
        var first = true;
        while (!page.IsFull && Step(forward: true, page, cancellationToken))
        {
            // The first step lands on the entry itself, or on the one after it if it was rotated away meanwhile.
            if (first && LibSystemdJournal.sd_journal_test_cursor(_journal, cursor) > 0)
            {
                first = false;
                continue;
            }

            first = false;
            if (query.Since is { } since && Time() < since)
            {
                continue;
            }

            Add(page);
        }

        return page.Build(newestFirst: false);
    }

    private bool Step(bool forward, PageBuilder page, CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var result = forward
                ? LibSystemdJournal.sd_journal_next(_journal)
                : LibSystemdJournal.sd_journal_previous(_journal);
            if (result == -Errno.EBADMSG && page.SkipUnreadable())
            {
                continue;
            }

            Check(result, "read the journal");
            return result > 0;
        }
    }

    private void Add(PageBuilder page)
    {
        if (!page.WantsLine)
        {
            page.Count();
            return;
        }

        page.Add(new(
            Time(), Number("PRIORITY"), Field("SYSLOG_IDENTIFIER"), Number("_PID"), Field("MESSAGE") ?? "", Cursor()));
    }

    private DateTimeOffset Time()
    {
        Check(LibSystemdJournal.sd_journal_get_realtime_usec(_journal, out var microseconds), "read an entry's time");
        return DateTimeOffset.UnixEpoch.AddMicroseconds(microseconds);
    }

    private string Cursor()
    {
        Check(LibSystemdJournal.sd_journal_get_cursor(_journal, out var text), "read a cursor");
        try
        {
            return Marshal.PtrToStringUTF8(text)!;
        }
        finally
        {
            LibC.free(text);
        }
    }

    private int? Number(string field) =>
        int.TryParse(Field(field), System.Globalization.CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>
    /// Null where the entry lacks the field or its data is damaged: a line with a hole is still a line.
    /// </summary>
    private string? Field(string name)
    {
        if (LibSystemdJournal.sd_journal_get_data(_journal, name, out var data, out var length) < 0)
        {
            return null;
        }

        // The data is "NAME=value".
        var value = new ReadOnlySpan<byte>(data, (int)length)[(name.Length + 1)..];
        return Encoding.UTF8.GetString(value);
    }

    private delegate int OpenJournal(out JournalHandle journal);
}
