using Blixard.Raft.Core;

namespace Blixard.Raft.Storage;

/// <summary>A snapshot on its way in. Disposed of before <see cref="Commit"/>, it leaves nothing behind.</summary>
public sealed class SnapshotReceiver : IDisposable
{
    private readonly IFileSystem _fileSystem;
    private readonly IFile _file;
    private readonly SnapshotMeta _meta;
    private readonly Action _publish;
    private readonly FileWriteStream _content;
    private bool _isCommitted;

    internal SnapshotReceiver(IFileSystem fileSystem, IFile file, SnapshotMeta meta, Action publish)
    {
        (_fileSystem, _file, _meta, _publish) = (fileSystem, file, meta, publish);
        _content = new(file);
    }

    /// <summary>Takes what the state machine wrote, in order.</summary>
    public Stream Content => _content;

    /// <summary>Bytes so far.</summary>
    internal long Length => _content.Position;

    /// <summary>CRC32C of them.</summary>
    internal uint Checksum => _content.Checksum;

    /// <summary>Makes it durable, if length and checksum are the sender's.</summary>
    /// <exception cref="InvalidDataException">They are not; nothing is kept.</exception>
    public void Commit(long length, uint checksum)
    {
        if (Length != length || Checksum != checksum)
        {
            throw new InvalidDataException(
                $"snapshot {_meta.Index}: {Length} bytes with checksum {Checksum:x8} came, "
                + $"{length} with {checksum:x8} were announced");
        }

        _content.Write(new SnapshotFooter(_meta, length, checksum).Encode());
        _content.Flush();
#if MUTANTS
        if (!Planted.Is(Mutant.SnapshotNotSynced))
#endif
        {
            _file.SyncData();
        }

        _publish();
        _isCommitted = true;
    }

    public void Dispose()
    {
        _file.Dispose();
        if (!_isCommitted)
        {
            _fileSystem.Delete(_file.Path);
        }
    }
}

/// <summary>Appends to a file through a buffer, and knows the checksum of what came.</summary>
internal sealed class FileWriteStream(IFile file) : Stream
{
    private const int MaxBufferBytes = 256 << 10;

    // Grows to its full size only under a snapshot that needs it.
    private byte[] _buffer = new byte[4 << 10];
    private int _buffered;
    private long _flushed;

    public uint Checksum { get; private set; }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => Position;

    public override long Position
    {
        get => _flushed + _buffered;
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        Checksum = Crc32C.Append(Checksum, buffer);
        while (!buffer.IsEmpty)
        {
            var part = buffer[..Math.Min(buffer.Length, _buffer.Length - _buffered)];
            part.CopyTo(_buffer.AsSpan(_buffered));
            _buffered += part.Length;
            buffer = buffer[part.Length..];
            if (_buffered == MaxBufferBytes)
            {
                Flush();
            }
            else if (_buffered == _buffer.Length)
            {
                Array.Resize(ref _buffer, Math.Min(_buffer.Length * 4, MaxBufferBytes));
            }
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void WriteByte(byte value) => Write([value]);

    // The base class would take a thread for what mostly is a copy.
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Write(buffer.Span);
        return ValueTask.CompletedTask;
    }

    public override void Flush()
    {
        file.Write(_flushed, _buffer.AsSpan(0, _buffered));
        _flushed += _buffered;
        _buffered = 0;
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
