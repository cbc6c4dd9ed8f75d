using Microsoft.Win32.SafeHandles;

namespace Blixard.Raft.Storage;

/// <summary>The machine's file systems.</summary>
public sealed class PosixFileSystem : IFileSystem
{
    private PosixFileSystem()
    {
    }

    public static PosixFileSystem Instance { get; } = new();

    public void CreateDirectory(string path)
    {
        if (Directory.Exists(path))
        {
            return;
        }

        var parent = Path.GetDirectoryName(Path.GetFullPath(path));
        if (parent is not null)
        {
            CreateDirectory(parent);
        }

        Directory.CreateDirectory(path);
        if (parent is not null)
        {
            SyncDirectory(parent);
        }
    }

    public IReadOnlyList<string> List(string directory)
    {
        var names = Directory.GetFiles(directory).Select(path => Path.GetFileName(path)).ToArray();
        Array.Sort(names, StringComparer.Ordinal);
        return names;
    }

    public IFile Open(string path, bool writable) =>
        new PosixFile(path, OpenHandle(path, FileMode.Open, writable ? FileAccess.ReadWrite : FileAccess.Read));

    public IFile Create(string path) =>
        new PosixFile(path, OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite));

    public void Rename(string source, string target) => File.Move(source, target, overwrite: true);

    public void Delete(string path) => File.Delete(path);

    public void SyncDirectory(string directory)
    {
        var descriptor = LibC.Open(directory, LibC.ReadOnly | LibC.CloseOnExec);
        if (descriptor < 0)
        {
            throw LibC.LastError($"open directory {directory}");
        }

        using var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        if (LibC.Fsync(handle) != 0)
        {
            throw LibC.LastError($"fsync {directory}");
        }
    }

    public IDisposable Lock(string path)
    {
        try
        {
            // FileShare.None is flock(2) here: the kernel drops it with the process.
            return File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e is not (FileNotFoundException or DirectoryNotFoundException))
        {
            throw new IOException($"{path} is held by another process: is this node running already?", e);
        }
    }

    public long FreeBytes(string directory) => new DriveInfo(Path.GetFullPath(directory)).AvailableFreeSpace;

    // ReadWrite and Delete: without them .NET would take an flock on every file.
    private static SafeFileHandle OpenHandle(string path, FileMode mode, FileAccess access) =>
        File.OpenHandle(path, mode, access, FileShare.ReadWrite | FileShare.Delete);
}
