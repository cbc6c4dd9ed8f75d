namespace Blixard.Raft.Storage;

/// <summary>The machine's file systems.</summary>
public static class PosixFileSystem
{
    public static IFileSystem Instance => throw new NotImplementedException();
}
