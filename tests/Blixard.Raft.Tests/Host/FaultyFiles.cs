using Blixard.Raft.Storage;

namespace Blixard.Raft.Tests.Host;

internal enum FileOperation
{
    Write,
    Sync,
    SyncDirectory,
    Rename,
    Preallocate,
    Read,
    Open,
}

/// <summary>The machine's disk, until the test says otherwise: an operation fails, or hangs, or no space is left.</summary>
internal sealed class FaultyFiles : IFileSystem
{
    // A monitor, for Wait and Pulse.
    private readonly object _gate = new();
    private bool _hangs;

    private readonly IFileSystem _files = PosixFileSystem.Instance;

    /// <summary>Every such operation fails with EIO from now on; null: none.</summary>
    public FileOperation? Failing { get; set; }

    /// <summary>Operations that failed so far.</summary>
    public int Failures { get; private set; }

    /// <summary>What <see cref="FreeBytes"/> says; null: the truth.</summary>
    public long? Free { get; set; }

    /// <summary>Syncs hang until <see cref="GoOn"/>.</summary>
    public void Stall() => Hang(true);

    public void GoOn() => Hang(false);

    public void CreateDirectory(string path) => _files.CreateDirectory(path);

    public IReadOnlyList<string> List(string directory) => _files.List(directory);

    public IFile Open(string path, bool writable)
    {
        Fail(FileOperation.Open);
        return new FaultyFile(this, _files.Open(path, writable));
    }

    public IFile Create(string path) => new FaultyFile(this, _files.Create(path));

    public void Rename(string source, string target)
    {
        Fail(FileOperation.Rename);
        _files.Rename(source, target);
    }

    public void Delete(string path) => _files.Delete(path);

    public void SyncDirectory(string directory)
    {
        Fail(FileOperation.SyncDirectory);
        _files.SyncDirectory(directory);
    }

    public IDisposable Lock(string path) => _files.Lock(path);

    public long FreeBytes(string directory) => Free ?? _files.FreeBytes(directory);

    private void Hang(bool hangs)
    {
        lock (_gate)
        {
            _hangs = hangs;
            Monitor.PulseAll(_gate);
        }
    }

    private void WaitWhileHanging()
    {
        lock (_gate)
        {
            while (_hangs)
            {
                Monitor.Wait(_gate);
            }
        }
    }

    private void Fail(FileOperation operation)
    {
        if (Failing == operation)
        {
            Failures++;
            throw new IOException($"{operation} failed: Input/output error", hresult: 5);
        }
    }

    private sealed class FaultyFile(FaultyFiles disk, IFile file) : IFile
    {
        public string Path => file.Path;

        public long Length => file.Length;

        public void Write(long offset, ReadOnlySpan<byte> bytes)
        {
            disk.Fail(FileOperation.Write);
            file.Write(offset, bytes);
        }

        public int Read(long offset, Span<byte> bytes)
        {
            disk.Fail(FileOperation.Read);
            return file.Read(offset, bytes);
        }

        public void Preallocate(long length, CancellationToken cancellationToken)
        {
            disk.Fail(FileOperation.Preallocate);
            file.Preallocate(length, cancellationToken);
        }

        public void Reserve(long length)
        {
            disk.Fail(FileOperation.Preallocate);
            file.Reserve(length);
        }

        public void DropCache() => file.DropCache();

        public void SetLength(long length) => file.SetLength(length);

        public void SyncData()
        {
            disk.WaitWhileHanging();
            disk.Fail(FileOperation.Sync);
            file.SyncData();
        }

        public void Dispose() => file.Dispose();
    }
}
