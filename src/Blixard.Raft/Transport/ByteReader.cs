using System.Buffers.Binary;

namespace Blixard.Raft.Transport;

/// <summary>Reads little-endian values that came from outside: never beyond the end, never what is not there.</summary>
internal ref struct ByteReader(ReadOnlySpan<byte> source)
{
    private ReadOnlySpan<byte> _rest = source;

    public readonly int Left => _rest.Length;

    public byte U8() => Take(1)[0];

    public bool Flag() => U8() switch
    {
        0 => false,
        1 => true,
        var other => throw new ProtocolException($"a flag is 0 or 1, not {other}"),
    };

    public ushort U16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(sizeof(ushort)));

    public uint U32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint)));

    public ulong U64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong)));

    public ReadOnlySpan<byte> Bytes(uint count) => count <= (uint)_rest.Length
        ? Take((int)count)
        : throw new ProtocolException($"{count} bytes were announced, {_rest.Length} are left");

    public readonly void End()
    {
        if (_rest.Length > 0)
        {
            throw new ProtocolException($"{_rest.Length} bytes follow the end");
        }
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _rest.Length)
        {
            throw new ProtocolException($"{count} bytes are needed, {_rest.Length} are left");
        }

        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }
}
