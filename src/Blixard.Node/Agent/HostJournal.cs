using Blixard.Systemd.Journal;

namespace Blixard.Node.Agent;

/// <summary>
/// This host's journal, opened when somebody first asks for it: a host whose journal can't be opened runs VMs all the
/// same, and the next question tries again.
/// </summary>
/// <param name="directory">Empty: the system's.</param>
internal sealed class HostJournal(string directory) : IJournal, IJournalFollowing, IDisposable
{
    private readonly Lock _gate = new();
    private JournalReader? _open;

    public Task<JournalPage> ReadAsync(JournalQuery query, CancellationToken cancellationToken) =>
        Task.Run(() => Reader().Read(query, cancellationToken), cancellationToken);

    public IJournalFollower Follow(JournalQuery query) => Reader().Follow(query);

    public void Dispose() => _open?.Dispose();

    private JournalReader Reader()
    {
        lock (_gate)
        {
            return _open ??= directory.Length > 0
                ? JournalReader.OpenDirectory(directory)
                : JournalReader.OpenSystem();
        }
    }
}
