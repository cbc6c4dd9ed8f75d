using Blixard.Raft.Storage;

namespace Blixard.Node.Identity;

/// <summary>Small files that are whole or not there, also after a power cut.</summary>
internal static class DurableFile
{
    /// <summary>Writes beside it, syncs, renames over it, and syncs the directory so that the rename stays.</summary>
    public static void Replace(string path, ReadOnlySpan<byte> content)
    {
        var beside = path + ".new";
        var options = new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            Share = FileShare.None,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        using (var file = new FileStream(beside, options))
        {
            file.Write(content);
            file.Flush(flushToDisk: true);
        }

        File.Move(beside, path, overwrite: true);
        SyncDirectory(Path.GetDirectoryName(path)!);
    }

    public static void SyncDirectory(string path) => PosixFileSystem.Instance.SyncDirectory(path);
}
