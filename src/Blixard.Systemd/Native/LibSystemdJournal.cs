using System.Runtime.InteropServices;
using Blixard.Systemd.Journal;

namespace Blixard.Systemd.Native;

/// <summary>sd-journal(3). Every function returns a negative errno on failure.</summary>
internal static unsafe partial class LibSystemdJournal
{
    private const string Library = "libsystemd.so.0";

    [LibraryImport(Library)]
    public static partial int sd_journal_open(out JournalHandle journal, int flags);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int sd_journal_open_directory(out JournalHandle journal, string path, int flags);

    [LibraryImport(Library)]
    public static partial void sd_journal_close(nint journal);

    [LibraryImport(Library)]
    public static partial int sd_journal_get_fd(JournalHandle journal);

    [LibraryImport(Library)]
    public static partial int sd_journal_process(JournalHandle journal);

    [LibraryImport(Library)]
    public static partial int sd_journal_set_data_threshold(JournalHandle journal, nuint bytes);

    [LibraryImport(Library)]
    public static partial void sd_journal_flush_matches(JournalHandle journal);

    [LibraryImport(Library)]
    public static partial int sd_journal_add_match(JournalHandle journal, byte* data, nuint size);

    [LibraryImport(Library)]
    public static partial int sd_journal_add_conjunction(JournalHandle journal);

    [LibraryImport(Library)]
    public static partial int sd_journal_add_disjunction(JournalHandle journal);

    /// <returns>1 where entries were added, 2 where files came or went, 0 for neither in time.</returns>
    [LibraryImport(Library)]
    public static partial int sd_journal_wait(JournalHandle journal, ulong timeoutMicroseconds);

    [LibraryImport(Library)]
    public static partial int sd_journal_get_usage(JournalHandle journal, out ulong bytes);

    [LibraryImport(Library)]
    public static partial int sd_journal_seek_head(JournalHandle journal);

    [LibraryImport(Library)]
    public static partial int sd_journal_seek_tail(JournalHandle journal);

    [LibraryImport(Library)]
    public static partial int sd_journal_previous_skip(JournalHandle journal, ulong skip);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int sd_journal_seek_cursor(JournalHandle journal, string cursor);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int sd_journal_test_cursor(JournalHandle journal, string cursor);

    [LibraryImport(Library)]
    public static partial int sd_journal_get_cursor(JournalHandle journal, out nint cursor);

    [LibraryImport(Library)]
    public static partial int sd_journal_next(JournalHandle journal);

    [LibraryImport(Library)]
    public static partial int sd_journal_previous(JournalHandle journal);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int sd_journal_get_data(
        JournalHandle journal, string field, out byte* data, out nuint length);

    [LibraryImport(Library)]
    public static partial int sd_journal_get_realtime_usec(JournalHandle journal, out ulong microseconds);
}
