namespace Blixard.Systemd.Journal;

/// <summary>Reads the lines of units.</summary>
public interface IJournal
{
    /// <exception cref="JournalUnavailableException">The journal cannot be read.</exception>
    /// <exception cref="ArgumentException">The query names no unit, or its cursor is not one.</exception>
    Task<JournalPage> ReadAsync(JournalQuery query, CancellationToken cancellationToken);
}
