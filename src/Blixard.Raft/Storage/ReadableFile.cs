namespace Blixard.Raft.Storage;

/// <summary>A snapshot's file of which bytes that the disk can't give count as bytes that it has damaged.</summary>
internal sealed class ReadableFile(IFile file) : IFile
{
    public string Path => file.Path;

    public long Length => file.Length;

    /// <exception cref="SnapshotCorruptException">They can't be read.</exception>
    public int Read(long offset, Span<byte> bytes)
    {
        try
        {
            return file.Read(offset, bytes);
        }
        catch (IOException e)
        {
            throw new SnapshotCorruptException(Path, offset, $"{bytes.Length} bytes that can be read ({e.Message})");
        }
    }

    public void DropCache() => file.DropCache();

    public void Write(long offset, ReadOnlySpan<byte> bytes) => throw new NotSupportedException();

    public void Preallocate(long length, CancellationToken cancellationToken) => throw new NotSupportedException();

    public void Reserve(long length) => throw new NotSupportedException();

    public void SetLength(long length) => throw new NotSupportedException();

    public void SyncData() => throw new NotSupportedException();

    public void Dispose() => file.Dispose();
}
