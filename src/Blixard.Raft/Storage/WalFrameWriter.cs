namespace Blixard.Raft.Storage;

/// <summary>
/// Builds one frame in a buffer that is kept: bytes are copied once, straight to their place between the sectors'
/// prefixes.
/// </summary>
internal sealed class WalFrameWriter
{
    private const int InitialBytes = 4 << 10;
    private const int KeptBytes = 8 << 20;

    private byte[] _buffer = new byte[InitialBytes];
    private int _position;

    public WalFrameWriter() => Clear();

    /// <summary>Payload bytes so far.</summary>
    public int Length { get; private set; }

    /// <summary>Bytes of the file it will take.</summary>
    public long FileBytes => FrameHeader.SectorsFor(Length) * WalSector.Size;

    public void Clear()
    {
        if (_buffer.Length > KeptBytes)
        {
            _buffer = new byte[InitialBytes];
        }

        _position = WalSector.PrefixBytes + FrameHeader.Bytes;
        Length = 0;
    }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        Length = checked(Length + bytes.Length);
        while (!bytes.IsEmpty)
        {
            if (_position % WalSector.Size == 0)
            {
                _position += WalSector.PrefixBytes;
            }

            var room = WalSector.Size - (_position % WalSector.Size);
            var part = bytes[..Math.Min(room, bytes.Length)];
            Reserve(_position + part.Length);
            part.CopyTo(_buffer.AsSpan(_position));
            _position += part.Length;
            bytes = bytes[part.Length..];
        }
    }

    /// <summary>
    /// The frame as it is written at sector <paramref name="sector"/> of segment <paramref name="incarnation"/>. Valid
    /// until the next call; may be called again for another place.
    /// </summary>
    /// <param name="stamp">What each sector is to say; its place in the frame is filled in here.</param>
    public ReadOnlySpan<byte> Finish(
        FrameKind kind, uint incarnation, SectorStamp stamp, long sector, uint previousDigest, out uint digest)
    {
        var size = checked((int)FileBytes);
        Reserve(size);
        _buffer.AsSpan(_position, size - _position).Clear();
        new FrameHeader(kind, stamp.Batch - 1, previousDigest, Length).Write(_buffer.AsSpan(WalSector.PrefixBytes));
        stamp = stamp with { Number = 0, Count = (uint)(size / WalSector.Size) };
        digest = 0;
        for (var at = 0; at < size; at += WalSector.Size)
        {
            var span = _buffer.AsSpan(at, WalSector.Size);
            WalSector.Seal(span, sector++, incarnation, stamp);
            stamp = stamp with { Number = stamp.Number + 1 };
            digest = Crc32C.Append(digest, span[..sizeof(uint)]);
        }

        return _buffer.AsSpan(0, size);
    }

    private void Reserve(int bytes)
    {
        if (bytes > _buffer.Length)
        {
            Array.Resize(ref _buffer, checked((int)Math.Min(Math.Max(bytes, _buffer.Length * 2L), Array.MaxLength)));
        }
    }
}
