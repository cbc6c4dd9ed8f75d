using System.Buffers.Binary;

namespace Blixard.Raft.Transport;

/// <summary>Appends little-endian values to a buffer that is kept and grows. One thread at a time.</summary>
internal sealed class ByteWriter(int capacity = 4096)
{
    private byte[] _buffer = new byte[capacity];

    public int Length { get; private set; }

    public ReadOnlyMemory<byte> Written => _buffer.AsMemory(0, Length);

    public void Clear() => Length = 0;

    /// <summary>Bytes to be filled in, now or later.</summary>
    public Span<byte> Take(int count)
    {
        if (_buffer.Length - Length < count)
        {
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, Length + count));
        }

        Length += count;
        return _buffer.AsSpan(Length - count, count);
    }

    /// <summary>As <see cref="Take"/>; valid until more is taken.</summary>
    public Memory<byte> TakeMemory(int count)
    {
        Take(count);
        return _buffer.AsMemory(Length - count, count);
    }

    public Span<byte> At(int offset) => _buffer.AsSpan(offset, Length - offset);

    public void U8(byte value) => Take(1)[0] = value;

    public void Flag(bool value) => U8(value ? (byte)1 : (byte)0);

    public void U16(ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(Take(sizeof(ushort)), value);

    public void U32(uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Take(sizeof(uint)), value);

    public void U64(ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Take(sizeof(ulong)), value);

    public void Bytes(ReadOnlySpan<byte> value) => value.CopyTo(Take(value.Length));

    /// <summary>Gives back a buffer that one large message made large.</summary>
    public void Trim(int capacity)
    {
        if (Length == 0 && _buffer.Length > capacity)
        {
            _buffer = new byte[capacity];
        }
    }
}
