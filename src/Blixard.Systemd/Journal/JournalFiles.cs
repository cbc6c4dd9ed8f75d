using Blixard.Systemd.Native;

namespace Blixard.Systemd.Journal;

/// <summary>Which journal: opens it, as often as it is to be read at a time.</summary>
internal sealed class JournalFiles(string? directory)
{
    private const int LocalOnly = 1;
    private const int MaxFieldBytes = 4096;

    private string Name => directory is null ? "the system's journal" : $"the journal in {directory}";

    /// <exception cref="JournalUnavailableException">It cannot be opened.</exception>
    public JournalHandle Open()
    {
        JournalHandle? journal = null;
        try
        {
            JournalReader.Check(
                directory is null
                    ? LibSystemdJournal.sd_journal_open(out journal, LocalOnly)
                    : LibSystemdJournal.sd_journal_open_directory(out journal, directory, 0),
                $"open {Name}");
            JournalReader.Check(
                LibSystemdJournal.sd_journal_set_data_threshold(journal, MaxFieldBytes), $"open {Name}");

            // Asking for the descriptor makes it watch the directory; without that, files made later are never seen.
            JournalReader.Check(LibSystemdJournal.sd_journal_get_fd(journal), $"open {Name}");
            return journal;
        }
        catch (DllNotFoundException e)
        {
            throw new JournalUnavailableException("libsystemd.so.0 is not installed on this host.", e);
        }
        catch
        {
            journal?.Dispose();
            throw;
        }
    }

    /// <summary>
    /// libsystemd passes over a file that it cannot open or that is damaged in its head, as if it were not there. Where
    /// there are files and not one of them is open, an answer without lines would be a lie.
    /// </summary>
    /// <exception cref="JournalUnavailableException">There are files, and none can be read.</exception>
    public void RequireReadable(JournalHandle journal)
    {
        JournalReader.Check(LibSystemdJournal.sd_journal_get_usage(journal, out var bytes), "measure the journal");
        if (bytes == 0 && HasFiles())
        {
            throw new JournalUnavailableException(
                $"Cannot read {Name}: no file of it can be opened. They are damaged, or not for this user.");
        }
    }

    private bool HasFiles()
    {
        if (directory is null)
        {
            return true;
        }

        try
        {
            return Directory.EnumerateFiles(directory, "*.journal", SearchOption.AllDirectories).Any();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }
}
