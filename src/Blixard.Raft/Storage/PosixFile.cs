using Microsoft.Win32.SafeHandles;

namespace Blixard.Raft.Storage;

/// <summary>A file descriptor, with pread(2), pwrite(2) and fdatasync(2).</summary>
internal sealed class PosixFile(string path, SafeFileHandle handle) : IFile
{
    private const int ZeroChunk = 1 << 20;

    public string Path => path;

    public long Length => RandomAccess.GetLength(handle);

    public void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        try
        {
            RandomAccess.Write(handle, bytes, offset);
        }
        catch (IOException e) when (LibC.IsNoSpace(e))
        {
            throw new NoSpaceException($"no space left to write {bytes.Length} bytes to {path}", e);
        }
    }

    public int Read(long offset, Span<byte> bytes)
    {
        var total = 0;
        while (total < bytes.Length)
        {
            var read = RandomAccess.Read(handle, bytes[total..], offset + total);
            if (read == 0)
            {
                break;
            }

            total += read;
        }

        return total;
    }

    public void Preallocate(long length, CancellationToken cancellationToken)
    {
        // Contiguous blocks, and a full disk is noticed before anything is written. File systems that can't are fine:
        // the zeroes allocate as well.
        var error = LibC.PosixFallocate(handle, 0, length);
        if (LibC.IsNoSpace(error))
        {
            throw new NoSpaceException($"no space left for {length} bytes of {path}");
        }

        // Written zeroes, not just reserved blocks: a later write into an unwritten extent would change metadata, and
        // its fdatasync would wait for the file system's journal.
        var zeroes = new byte[Math.Min(ZeroChunk, length)];
        for (long at = 0; at < length; at += zeroes.Length)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Write(at, zeroes.AsSpan(0, (int)Math.Min(zeroes.Length, length - at)));

            // In small portions, so that the log's own syncs don't queue behind all of it.
            SyncData();
        }
    }

    public void Reserve(long length)
    {
        var error = LibC.PosixFallocate(handle, 0, length);
        if (LibC.IsNoSpace(error))
        {
            throw new NoSpaceException($"no space left for {length} bytes of {path}");
        }

        if (error != 0)
        {
            throw new IOException($"allocating {length} bytes of {path} failed: error {error}", error);
        }
    }

    public void DropCache() => LibC.DropCache(handle);

    public void SetLength(long length) => RandomAccess.SetLength(handle, length);

    public void SyncData()
    {
        if (LibC.Fdatasync(handle) != 0)
        {
            throw LibC.LastError($"fdatasync {path}");
        }
    }

    public void Dispose() => handle.Dispose();
}
