using System.Text;

namespace Blixard.Node.History;

/// <summary>Numbers of any size, seven bits a byte, the lowest first (LEB128); signed ones in zigzag.</summary>
internal sealed class VarintWriter
{
    private byte[] _bytes = new byte[4096];
    private int _length;

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

    public void Clear() => _length = 0;

    public void Unsigned(ulong value)
    {
        Reserve(10);
        while (value >= 0x80)
        {
            _bytes[_length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        _bytes[_length++] = (byte)value;
    }

    /// <summary>0 stands for null.</summary>
    public void Nullable(long? value) =>
        Unsigned(value is { } number ? (ulong)((number << 1) ^ (number >> 63)) + 1 : 0);

    public void Text(string text)
    {
        var length = Encoding.UTF8.GetByteCount(text);
        Unsigned((ulong)length);
        Reserve(length);
        _length += Encoding.UTF8.GetBytes(text, _bytes.AsSpan(_length));
    }

    public void Bytes(ReadOnlySpan<byte> bytes)
    {
        Unsigned((ulong)bytes.Length);
        Reserve(bytes.Length);
        bytes.CopyTo(_bytes.AsSpan(_length));
        _length += bytes.Length;
    }

    private void Reserve(int more)
    {
        if (_length + more > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + more));
        }
    }
}

/// <summary>Reads what <see cref="VarintWriter"/> wrote, and believes nothing.</summary>
internal ref struct VarintReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    public readonly bool AtEnd => _rest.IsEmpty;

    /// <summary>What was not read yet.</summary>
    public readonly ReadOnlySpan<byte> Rest => _rest;

    /// <exception cref="HistoryDamagedException">It ends within the number, or the number has too many bits.</exception>
    public ulong Unsigned()
    {
        ulong value = 0;
        for (var i = 0; i < _rest.Length && i < 10; i++)
        {
            var b = _rest[i];
            value |= (ulong)(b & 0x7f) << (7 * i);
            if (b < 0x80)
            {
                _rest = _rest[(i + 1)..];
                return value;
            }
        }

        throw new HistoryDamagedException("a number does not end");
    }

    /// <exception cref="HistoryDamagedException">More than that, or no number.</exception>
    public int Count(int most)
    {
        var count = Unsigned();
        return count <= (ulong)most
            ? (int)count
            : throw new HistoryDamagedException($"{count} where at most {most} can be");
    }

    public long? Nullable()
    {
        var code = Unsigned();
        return code == 0 ? null : (long)((code - 1) >> 1) ^ -(long)((code - 1) & 1);
    }

    public string Text() => Encoding.UTF8.GetString(Bytes());

    /// <exception cref="HistoryDamagedException">There are not so many.</exception>
    public ReadOnlySpan<byte> Bytes()
    {
        // Of what was left before the length itself was read.
        var length = Count(_rest.Length);
        var taken = length <= _rest.Length
            ? _rest[..length]
            : throw new HistoryDamagedException($"{length} bytes where {_rest.Length} are left");
        _rest = _rest[taken.Length..];
        return taken;
    }
}
