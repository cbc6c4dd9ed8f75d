using Blixard.Raft.Storage;

namespace Blixard.Raft.Tests.Storage;

/// <summary>Thrown out of the operation at which the machine is to go down.</summary>
internal sealed class PowerLossException : Exception;

/// <summary>
/// A disk that forgets. Writes live in the page cache until a sync; a loss of power keeps any subset of the unsynced
/// 512-byte sectors, and of the directory's changes a first part (the file system's journal is in order). A failed sync
/// leaves the pages clean but not on disk, as Linux does.
/// </summary>
internal sealed class SimulatedFileSystem : IFileSystem
{
    private const int Sector = 512;

    private readonly Dictionary<string, Inode> _names = [];
    private readonly Dictionary<string, Inode> _durableNames = [];
    private readonly List<Action<Dictionary<string, Inode>>> _unsyncedNames = [];
    private readonly HashSet<string> _locks = [];

    /// <summary>Changing operations so far.</summary>
    public int Operations { get; private set; }

    /// <summary>The operation that does not happen any more; 0: none.</summary>
    public int PowerLossAt { get; set; }

    /// <summary>The next sync of a file fails.</summary>
    public bool FailNextSync { get; set; }

    public bool FailNextDirectorySync { get; set; }

    /// <summary>Bytes that all files together may have.</summary>
    public long Capacity { get; set; } = long.MaxValue;

    public int Syncs { get; private set; }

    public int Writes { get; private set; }

    public IEnumerable<string> Files => _names.Keys.Order(StringComparer.Ordinal);

    public byte[] Content(string path) => _names[path].Current;

    /// <summary>What a loss of power leaves. <paramref name="keep"/> decides for each unsynced sector.</summary>
    public SimulatedFileSystem LosePower(Func<bool> keep, int keptNameChanges)
    {
        var survivors = new Dictionary<string, Inode>(_durableNames);
        foreach (var change in _unsyncedNames.Take(keptNameChanges))
        {
            change(survivors);
        }

        var result = new SimulatedFileSystem();
        foreach (var (path, inode) in survivors)
        {
            result._names[path] = result._durableNames[path] = inode.AfterPowerLoss(keep);
        }

        return result;
    }

    public int UnsyncedNameChanges => _unsyncedNames.Count;

    /// <summary>The process ends; the page cache stays, and so does what is not yet durable.</summary>
    public void KillProcess()
    {
        _locks.Clear();
        PowerLossAt = 0;
    }

    /// <summary>An independent copy in which everything is durable.</summary>
    public SimulatedFileSystem Clone()
    {
        var result = new SimulatedFileSystem();
        foreach (var (path, inode) in _names)
        {
            result._names[path] = result._durableNames[path] =
                new() { Current = [.. inode.Current], Durable = [.. inode.Current] };
        }

        return result;
    }

    public void CreateDirectory(string path)
    {
    }

    public IReadOnlyList<string> List(string directory) =>
        [.. _names.Keys.Where(path => path.StartsWith(directory + "/", StringComparison.Ordinal))
            .Select(path => path[(directory.Length + 1)..]).Order(StringComparer.Ordinal)];

    public IFile Open(string path, bool writable) =>
        _names.TryGetValue(path, out var inode)
            ? new OpenFile(this, path, inode)
            : throw new FileNotFoundException(path);

    public IFile Create(string path)
    {
        var inode = new Inode();
        if (_names.ContainsKey(path))
        {
            throw new IOException($"{path} exists");
        }

        Change(names => names[path] = inode);
        return new OpenFile(this, path, inode);
    }

    public void Rename(string source, string target) =>
        Change(names =>
        {
            if (names.Remove(source, out var inode))
            {
                names[target] = inode;
            }
        });

    public void Delete(string path) => Change(names => names.Remove(path));

    public void SyncDirectory(string directory)
    {
        Operate();
        if (FailNextDirectorySync)
        {
            FailNextDirectorySync = false;
            throw new IOException("directory sync failed");
        }

        _unsyncedNames.ForEach(change => change(_durableNames));
        _unsyncedNames.Clear();
    }

    public IDisposable Lock(string path) =>
        _locks.Add(path) ? new Held(() => _locks.Remove(path)) : throw new IOException($"{path} is held");

    public long FreeBytes(string directory) => Capacity - Used;

    private long Used => _names.Values.Distinct().Sum(inode => (long)inode.Current.Length);

    private void Change(Action<Dictionary<string, Inode>> change)
    {
        Operate();
        change(_names);
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

    private sealed class Inode
    {
        private readonly SortedSet<long> _dirty = [];

        public byte[] Current { get; set; } = [];

        public byte[] Durable { get; set; } = [];

        public void Write(long offset, ReadOnlySpan<byte> bytes)
        {
            if (offset + bytes.Length > Current.Length)
            {
                Resize(offset + bytes.Length);
            }

            bytes.CopyTo(Current.AsSpan((int)offset));
            for (var sector = offset / Sector; sector * Sector < offset + bytes.Length; sector++)
            {
                _dirty.Add(sector);
            }
        }

        public void Resize(long length)
        {
            var resized = new byte[length];
            Current.AsSpan(0, (int)Math.Min(length, Current.Length)).CopyTo(resized);
            Current = resized;
        }

        public void Sync()
        {
            Durable = Overlay(Current.Length, _ => true);
            _dirty.Clear();
        }

        public void FailSync() => _dirty.Clear();

        public Inode AfterPowerLoss(Func<bool> keep)
        {
            var length = Current.Length == Durable.Length || keep() ? Current.Length : Durable.Length;
            var left = Overlay(length, _ => keep());
            return new() { Current = left, Durable = [.. left] };
        }

        private byte[] Overlay(int length, Func<long, bool> keep)
        {
            var result = new byte[length];
            Durable.AsSpan(0, Math.Min(length, Durable.Length)).CopyTo(result);
            foreach (var sector in _dirty)
            {
                var start = (int)(sector * Sector);
                var end = Math.Min(Math.Min(start + Sector, Current.Length), length);
                if (start < end && keep(sector))
                {
                    Current.AsSpan(start, end - start).CopyTo(result.AsSpan(start));
                }
            }

            return result;
        }
    }

    private sealed class OpenFile(SimulatedFileSystem disk, string path, Inode inode) : IFile
    {
        public string Path => path;

        public long Length => inode.Current.Length;

        public void Write(long offset, ReadOnlySpan<byte> bytes)
        {
            disk.Operate();
            var growth = Math.Max(0, offset + bytes.Length - inode.Current.Length);
            if (disk.Used + growth > disk.Capacity)
            {
                throw new NoSpaceException($"no space for {path}");
            }

            disk.Writes++;
            inode.Write(offset, bytes);
        }

        public int Read(long offset, Span<byte> bytes)
        {
            var available = (int)Math.Clamp(inode.Current.Length - offset, 0, bytes.Length);
            inode.Current.AsSpan((int)Math.Min(offset, inode.Current.Length), available).CopyTo(bytes);
            return available;
        }

        public void Preallocate(long length, CancellationToken cancellationToken)
        {
            Write(0, new byte[length]);
            SyncData();
        }

        public void Reserve(long length) => Write(0, new byte[length]);

        public void DropCache()
        {
        }

        public void SetLength(long length)
        {
            disk.Operate();
            inode.Resize(length);
        }

        public void SyncData()
        {
            disk.Operate();
            disk.Syncs++;
            if (disk.FailNextSync)
            {
                disk.FailNextSync = false;
                inode.FailSync();
                throw new IOException("sync failed");
            }

            inode.Sync();
        }

        public void Dispose()
        {
        }
    }

    private sealed class Held(Action release) : IDisposable
    {
        public void Dispose() => release();
    }
}
