using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Blixard.Systemd.Native;

namespace Blixard.Systemd.Journal;

/// <summary>Steps through the entries of a journal that match, and reads the one it stands on.</summary>
internal static unsafe class JournalEntries
{
    /// <summary>True if there was a further entry that can be read.</summary>
    /// <param name="journal">With its matches and its position.</param>
    /// <param name="forward">To newer ones.</param>
    /// <param name="skip">Told of each entry that is damaged; false gives up.</param>
    /// <param name="cancellationToken">Looked at before each entry.</param>
    public static bool Step(JournalHandle journal, bool forward, Func<bool> skip, CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var result = forward
                ? LibSystemdJournal.sd_journal_next(journal)
                : LibSystemdJournal.sd_journal_previous(journal);
            if (result == -Errno.EBADMSG && skip())
            {
                continue;
            }

            JournalReader.Check(result, "read the journal");
            return result > 0;
        }
    }

    public static JournalLine Line(JournalHandle journal) => new(
        Time(journal),
        Number(journal, "PRIORITY"),
        Field(journal, "SYSLOG_IDENTIFIER"),
        Number(journal, "_PID"),
        Field(journal, "MESSAGE") ?? "",
        Cursor(journal));

    public static DateTimeOffset Time(JournalHandle journal)
    {
        JournalReader.Check(
            LibSystemdJournal.sd_journal_get_realtime_usec(journal, out var microseconds), "read an entry's time");
        return DateTimeOffset.UnixEpoch.AddMicroseconds(microseconds);
    }

    /// <summary>Goes to an entry, so that the next step lands on it, or on what is closest after it.</summary>
    /// <exception cref="ArgumentException">It is not a cursor.</exception>
    public static void Seek(JournalHandle journal, string cursor)
    {
        var found = LibSystemdJournal.sd_journal_seek_cursor(journal, cursor);
        if (found == -Errno.EINVAL)
        {
            throw new ArgumentException($"'{cursor}' is not a journal cursor.", nameof(cursor));
        }

        JournalReader.Check(found, "go to the cursor");
    }

    /// <summary>Does it stand on the entry of that cursor?</summary>
    public static bool IsAt(JournalHandle journal, string cursor) =>
        LibSystemdJournal.sd_journal_test_cursor(journal, cursor) > 0;

    public static string Cursor(JournalHandle journal)
    {
        JournalReader.Check(LibSystemdJournal.sd_journal_get_cursor(journal, out var text), "read a cursor");
        try
        {
            return Marshal.PtrToStringUTF8(text)!;
        }
        finally
        {
            LibC.free(text);
        }
    }

    private static int? Number(JournalHandle journal, string field) =>
        int.TryParse(Field(journal, field), CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>
    /// Null where the entry lacks the field or its data is damaged: a line with a hole is still a line.
    /// </summary>
    public static string? Field(JournalHandle journal, string name)
    {
        if (LibSystemdJournal.sd_journal_get_data(journal, name, out var data, out var length) < 0)
        {
            return null;
        }

        // The data is "NAME=value".
        var value = new ReadOnlySpan<byte>(data, (int)length)[(name.Length + 1)..];
        return Encoding.UTF8.GetString(value);
    }
}
