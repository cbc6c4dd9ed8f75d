using Blixard.Raft.Core;

namespace Blixard.Raft.Storage;

/// <summary>A stored snapshot, open: it stays readable when newer ones replace it.</summary>
public sealed class SnapshotFile : IDisposable
{
    private const int BufferBytes = 256 << 10;

    private readonly IFile _file;
    private readonly SnapshotFooter _footer;

    internal SnapshotFile(IFile file, SnapshotFooter footer)
    {
        (_file, _footer) = (file, footer);
        Content = new BufferedStream(new FileReadStream(file, footer.ContentLength), BufferBytes);
    }

    internal string Path => _file.Path;

    public SnapshotMeta Meta => _footer.Meta;

    /// <summary>Bytes of <see cref="Content"/>.</summary>
    public long Length => _footer.ContentLength;

    /// <summary>CRC32C of <see cref="Content"/>.</summary>
    public uint Checksum => _footer.ContentChecksum;

    /// <summary>What the state machine wrote, from its beginning.</summary>
    public Stream Content { get; }

    public void Dispose()
    {
        Content.Dispose();
        _file.Dispose();
    }

    /// <summary>Bytes of the content from an offset on; fewer than asked for only at its end.</summary>
    internal int Read(long offset, Span<byte> target) =>
        _file.Read(offset, target[..(int)Math.Min(target.Length, Length - offset)]);

    /// <exception cref="SnapshotCorruptException">The content is not what was stored.</exception>
    /// <param name="fromDisk">Not from the page cache.</param>
    internal void Verify(bool fromDisk = false)
    {
        if (fromDisk)
        {
            _file.DropCache();
        }

        var buffer = new byte[Math.Min(BufferBytes, Length)];
        uint checksum = 0;
        for (long at = 0; at < Length;)
        {
            var read = _file.Read(at, buffer.AsSpan(0, (int)Math.Min(buffer.Length, Length - at)));
            if (read == 0)
            {
                throw new SnapshotCorruptException(_file.Path, at, $"{Length} bytes of content");
            }

            checksum = Crc32C.Append(checksum, buffer.AsSpan(0, read));
            at += read;
        }

        if (checksum != Checksum)
        {
            throw new SnapshotCorruptException(
                _file.Path, 0, $"{Length} bytes of content with checksum {Checksum:x8}, not {checksum:x8}");
        }
    }
}

/// <summary>The first bytes of a file as a stream.</summary>
internal sealed class FileReadStream(IFile file, long length) : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => length;

    public override long Position { get; set; }

    public override int Read(Span<byte> buffer)
    {
        var read = file.Read(Position, buffer[..(int)Math.Min(buffer.Length, length - Position)]);
        Position += read;
        return read;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    // The base class would take a thread for it.
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult(Read(buffer.Span));
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
