namespace Blixard.Node.Identity;

/// <summary>
/// The directory of everything this node must not forget, held by one process at a time from construction to disposal.
/// </summary>
internal sealed class DataDirectory : IDisposable
{
    // Nobody but the daemon has business with the log and, later, with keys.
    private const UnixFileMode Private =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly FileStream _lock;

    /// <exception cref="IdentityException">It can't be made or written, or another daemon has it.</exception>
    public DataDirectory(string path)
    {
        Root = Path.GetFullPath(path);
        try
        {
            Directory.CreateDirectory(Root, Private);
            _lock = Lock(Path.Combine(Root, "lock"));
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw new IdentityException(
                $"The data directory {Root} can't be used: {e.Message.TrimEnd('.')}. Run as a user who may write there, or "
                + "name another with --data-dir.",
                e);
        }
    }

    public string Root { get; }

    public string IdentityPath => Path.Combine(Root, "identity");

    public string WalPath => Path.Combine(Root, "raft", "wal");

    public string SnapshotPath => Path.Combine(Root, "raft", "snapshots");

    public string RaftPath => Path.Combine(Root, "raft");

    /// <summary>
    /// The identity that this directory is about to get: a recovery has its new log ready, and is not finished.
    /// </summary>
    public string RecoveryPath => Path.Combine(Root, "recovery");

    /// <summary>Is there anything of an engine's?</summary>
    public bool HasRaftFiles => HasFiles(WalPath) || HasFiles(SnapshotPath);

    /// <summary>
    /// Is there a segment of a log? Snapshots, spare files and what was set aside say what was promised as little as an
    /// empty directory does.
    /// </summary>
    public bool HasLog => Directory.Exists(WalPath) && Directory.EnumerateFiles(WalPath, "*.wal").Any();

    /// <summary>One that nobody but the daemon may look into; its name is on stable storage.</summary>
    public static void CreatePrivate(string path)
    {
        Directory.CreateDirectory(path, Private);
        DurableFile.SyncDirectory(Path.GetDirectoryName(path)!);
    }

    public void CreateRaftDirectories()
    {
        Directory.CreateDirectory(WalPath, Private);
        Directory.CreateDirectory(SnapshotPath, Private);
        DurableFile.SyncDirectory(Path.Combine(Root, "raft"));
        DurableFile.SyncDirectory(Root);
    }

    public void Dispose() => _lock.Dispose();

    /// <summary>FileShare.None is flock(2) here: it ends with the process, however that ends.</summary>
    private static FileStream Lock(string path)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e is not (FileNotFoundException or DirectoryNotFoundException) && File.Exists(path))
        {
            throw new IdentityException(
                $"The data directory {Path.GetDirectoryName(path)} is in use by another blixard-node ({path} is "
                + "locked). Stop that one, or name another directory with --data-dir.",
                e);
        }
    }

    private static bool HasFiles(string path) =>
        Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any();
}
