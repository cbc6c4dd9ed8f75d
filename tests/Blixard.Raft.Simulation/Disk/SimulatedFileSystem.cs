using Blixard.Raft.Storage;

namespace Blixard.Raft.Simulation.Disk;

/// <summary>Thrown out of the operation at which the machine is to go down.</summary>
internal sealed class PowerLossException : Exception;

/// <summary>
/// A disk that forgets. Writes live in the page cache until a sync; a loss of power keeps any subset of the unsynced
/// 512-byte sectors, and of the directories' changes a first part (the file system's journal is in order). A failed
/// sync leaves the pages clean but not on disk, as Linux does. Used by the unit tests of the storage and by the
/// simulator, so it is quick: a write copies its bytes, a sync only the sectors that changed.
/// </summary>
internal sealed class SimulatedFileSystem : IFileSystem
{
    private static readonly byte[] s_zeroes = new byte[64 << 10];

    private readonly Dictionary<string, SimulatedFile> _names;
    private readonly Dictionary<string, SimulatedFile> _durableNames;
    private readonly List<NameChange> _unsyncedNames = [];
    private readonly HashSet<string> _locks = [];

    public SimulatedFileSystem()
        : this([])
    {
    }

    private SimulatedFileSystem(Dictionary<string, SimulatedFile> files)
    {
        _names = files;
        _durableNames = new(files);
    }

    /// <summary>Changing operations so far: writes, changes of names and lengths, syncs.</summary>
    public int Operations { get; private set; }

    /// <summary>The operation that does not happen any more; 0: none.</summary>
    public int PowerLossAt { get; set; }

    /// <summary>The next write of a file fails, and nothing of it is written.</summary>
    public bool FailNextWrite { get; set; }

    /// <summary>The next sync of a file fails.</summary>
    public bool FailNextSync { get; set; }

    public bool FailNextDirectorySync { get; set; }

    /// <summary>512-byte sectors that can't be read (EIO).</summary>
    public HashSet<(string Path, long Sector)> Unreadable { get; } = [];

    /// <summary>Bytes that all files together may have.</summary>
    public long Capacity { get; set; } = long.MaxValue;

    public int Syncs { get; private set; }

    public int Writes { get; private set; }

    public IEnumerable<string> Files => _names.Keys.Order(StringComparer.Ordinal);

    public int UnsyncedNameChanges => _unsyncedNames.Count;

    /// <summary>Something in that directory would not survive a loss of power: bytes, lengths or names.</summary>
    public bool IsUnsynced(string directory) =>
        _unsyncedNames.Exists(change => change.Directory == directory)
        || _names.Any(file => DirectoryOf(file.Key) == directory && file.Value.IsUnsynced);

    /// <summary>The bytes that a reader sees.</summary>
    public byte[] Content(string path) => _names[path].Current;

    /// <summary>The file itself, for what a disk does to it behind the file system's back.</summary>
    public SimulatedFile File(string path) => _names[path];

    /// <summary>What a loss of power leaves. <paramref name="keep"/> decides for each unsynced sector.</summary>
    public SimulatedFileSystem LosePower(Func<bool> keep, int keptNameChanges)
    {
        var survivors = new Dictionary<string, SimulatedFile>(_durableNames);
        foreach (var change in _unsyncedNames.Take(keptNameChanges))
        {
            change.Do(survivors);
        }

        // In the order of the names: what is kept must depend on the seed alone.
        var left = new Dictionary<string, SimulatedFile>();
        foreach (var (path, file) in survivors.OrderBy(file => file.Key, StringComparer.Ordinal))
        {
            left.Add(path, file.AfterPowerLoss(keep));
        }

        return new(left) { Capacity = Capacity };
    }

    /// <summary>The process ends; the page cache stays, and so does what is not yet durable.</summary>
    public void KillProcess()
    {
        _locks.Clear();
        PowerLossAt = 0;
    }

    /// <summary>An independent copy in which everything is durable.</summary>
    public SimulatedFileSystem Clone() => new(_names.ToDictionary(file => file.Key, file => file.Value.Clone()));

    public void CreateDirectory(string path)
    {
    }

    public IReadOnlyList<string> List(string directory)
    {
        var names = new List<string>();
        foreach (var path in _names.Keys)
        {
            if (path.Length > directory.Length
                && path[directory.Length] == '/'
                && path.StartsWith(directory, StringComparison.Ordinal))
            {
                names.Add(path[(directory.Length + 1)..]);
            }
        }

        names.Sort(StringComparer.Ordinal);
        return names;
    }

    public IFile Open(string path, bool writable) =>
        _names.TryGetValue(path, out var file) ? new Handle(this, path, file) : throw new FileNotFoundException(path);

    public IFile Create(string path)
    {
        if (_names.ContainsKey(path))
        {
            throw new IOException($"{path} exists");
        }

        var file = new SimulatedFile();
        Change(new(DirectoryOf(path), null, path, file));
        return new Handle(this, path, file);
    }

    public void Rename(string source, string target)
    {
        if (!_names.TryGetValue(source, out var file))
        {
            throw new FileNotFoundException(source);
        }

        Change(new(DirectoryOf(target), source, target, file));
    }

    /// <summary>As <see cref="System.IO.File.Delete"/>: a file that is not there is no error.</summary>
    public void Delete(string path) => Change(new(DirectoryOf(path), path, null, null));

    public void SyncDirectory(string directory)
    {
        Operate();
        if (FailNextDirectorySync)
        {
            FailNextDirectorySync = false;
            throw new IOException("directory sync failed");
        }

        foreach (var change in _unsyncedNames)
        {
            if (change.Directory == directory)
            {
                change.Do(_durableNames);
            }
        }

        _unsyncedNames.RemoveAll(change => change.Directory == directory);
    }

    public IDisposable Lock(string path) =>
        _locks.Add(path) ? new Held(() => _locks.Remove(path)) : throw new IOException($"{path} is held");

    public long FreeBytes(string directory) => Capacity == long.MaxValue ? Capacity : Math.Max(0, Capacity - Used);

    /// <summary>Bytes that all files have together.</summary>
    public long Used => _names.Values.Distinct().Sum(file => (long)file.Current.Length);

    private static ReadOnlySpan<byte> Zeroes(long length) =>
        length <= s_zeroes.Length ? s_zeroes.AsSpan(0, (int)length) : new byte[length];

    private static string DirectoryOf(string path) => path[..Math.Max(0, path.LastIndexOf('/'))];

    private void Change(NameChange change)
    {
        Operate();
        change.Do(_names);
        _unsyncedNames.Add(change);
    }

    private void Operate()
    {
        if (PowerLossAt > 0 && Operations >= PowerLossAt - 1)
        {
            throw new PowerLossException();
        }

        Operations++;
    }

    private void Write(SimulatedFile file, string path, long offset, ReadOnlySpan<byte> bytes)
    {
        Operate();
        if (FailNextWrite)
        {
            FailNextWrite = false;
            throw new IOException($"write of {path} failed");
        }

        var growth = Math.Max(0, offset + bytes.Length - file.Current.Length);
        if (growth > 0 && Capacity != long.MaxValue && Used + growth > Capacity)
        {
            throw new NoSpaceException($"no space for {path}");
        }

        Writes++;
        file.Write(offset, bytes);
    }

    private void RequireReadable(string path, long offset, int bytes)
    {
        if (Unreadable.Any(bad => bad.Path == path && (bad.Sector + 1) * 512 > offset && bad.Sector * 512 < offset + bytes))
        {
            throw new IOException($"Input/output error : '{path}'", hresult: 5);
        }
    }

    private void Sync(SimulatedFile file)
    {
        Operate();
        Syncs++;
        if (FailNextSync)
        {
            FailNextSync = false;
            file.FailSync();
            throw new IOException("sync failed");
        }

        file.Sync();
    }

    private void SetLength(SimulatedFile file, long length)
    {
        Operate();
        file.Resize(length);
    }

    /// <summary>A name that goes (source), comes (target), or both: a rename, which is atomic.</summary>
    private sealed record NameChange(string Directory, string? Source, string? Target, SimulatedFile? File)
    {
        public void Do(Dictionary<string, SimulatedFile> names)
        {
            if (Source is not null)
            {
                names.Remove(Source);
            }

            if (Target is not null)
            {
                names[Target] = File!;
            }
        }
    }

    private sealed class Handle(SimulatedFileSystem disk, string path, SimulatedFile file) : IFile
    {
        public string Path => path;

        public long Length => file.Current.Length;

        public void Write(long offset, ReadOnlySpan<byte> bytes) => disk.Write(file, path, offset, bytes);

        public int Read(long offset, Span<byte> bytes)
        {
            var available = (int)Math.Clamp(file.Current.Length - offset, 0, bytes.Length);
            if (disk.Unreadable.Count > 0)
            {
                disk.RequireReadable(path, offset, available);
            }

            file.Current.AsSpan((int)Math.Min(offset, file.Current.Length), available).CopyTo(bytes);
            return available;
        }

        public void Preallocate(long length, CancellationToken cancellationToken)
        {
            Write(0, Zeroes(length));
            SyncData();
        }

        public void Reserve(long length) => Write(0, Zeroes(length));

        public void DropCache()
        {
        }

        public void SetLength(long length) => disk.SetLength(file, length);

        public void SyncData() => disk.Sync(file);

        public void Dispose()
        {
        }
    }

    private sealed class Held(Action release) : IDisposable
    {
        public void Dispose() => release();
    }
}
