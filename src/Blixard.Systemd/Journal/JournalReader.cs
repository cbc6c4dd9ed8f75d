using Blixard.Systemd.Native;

namespace Blixard.Systemd.Journal;

/// <summary>
/// Reads journald's files through sd-journal(3). Stays open: opening maps every file of the journal. One read at a
/// time; others wait their turn. Whoever follows has a journal object of their own.
/// </summary>
public sealed class JournalReader : IJournal, IJournalFollowing, IDisposable
{
    /// <summary>
    /// Where counting stops, so that a unit that floods the journal does not hold up everybody's reads.
    /// </summary>
    public const int MaxCount = 10_000;

    private readonly JournalFiles _files;
    private readonly JournalHandle _journal;
    private readonly Lock _lock = new();

    private JournalReader(JournalFiles files) => (_files, _journal) = (files, files.Open());

    /// <summary>This host's journal.</summary>
    /// <exception cref="JournalUnavailableException">It cannot be opened.</exception>
    public static JournalReader OpenSystem() => new(new(directory: null));

    /// <summary>The journal in a directory, of this host or of another.</summary>
    /// <exception cref="JournalUnavailableException">It cannot be opened.</exception>
    public static JournalReader OpenDirectory(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        return new(new(directory));
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
            _files.RequireReadable(_journal);
            return query.After is { } cursor
                ? ReadAfter(query, cursor, cancellationToken)
                : ReadNewest(query, cancellationToken);
        }
    }

    public IJournalFollower Follow(JournalQuery query)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentOutOfRangeException.ThrowIfLessThan(query.Limit, 0);
        ObjectDisposedException.ThrowIf(_journal.IsClosed, this);
        return JournalFollower.Start(_files, query);
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

    /// <summary>From the end backwards, until a line is too old.</summary>
    private JournalPage ReadNewest(JournalQuery query, CancellationToken cancellationToken)
    {
        Check(LibSystemdJournal.sd_journal_seek_tail(_journal), "go to the end of the journal");
        var page = new PageBuilder(query);
        while (!page.IsFull && JournalEntries.Step(_journal, forward: false, page.SkipUnreadable, cancellationToken))
        {
            if (query.Since is { } since && JournalEntries.Time(_journal) < since)
            {
                break;
            }

            Add(page);
        }

        return page.Build(newestFirst: true);
    }

    private JournalPage ReadAfter(JournalQuery query, string cursor, CancellationToken cancellationToken)
    {
        JournalEntries.Seek(_journal, cursor);
        var page = new PageBuilder(query);
        var first = true;
        while (!page.IsFull && JournalEntries.Step(_journal, forward: true, page.SkipUnreadable, cancellationToken))
        {
            // The first step lands on the entry itself, or on the one after it if it was rotated away meanwhile.
            if (first && JournalEntries.IsAt(_journal, cursor))
            {
                first = false;
                continue;
            }

            first = false;
            if (query.Since is { } since && JournalEntries.Time(_journal) < since)
            {
                continue;
            }

            Add(page);
        }

        return page.Build(newestFirst: false);
    }

    private void Add(PageBuilder page)
    {
        if (page.WantsLine)
        {
            page.Add(JournalEntries.Line(_journal));
        }
        else
        {
            page.Count();
        }
    }
}
