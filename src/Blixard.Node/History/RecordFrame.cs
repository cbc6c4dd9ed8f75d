using System.Buffers.Binary;
using System.Numerics;

namespace Blixard.Node.History;

internal enum RecordKind : byte
{
    /// <summary>A sweep with names and whole values: can be read alone.</summary>
    First = 1,

    /// <summary>A sweep of the same VMs, as differences to the one before it.</summary>
    Next = 2,

    /// <summary>A minute's averages and maxima.</summary>
    Minute = 3,
}

/// <summary>A stored record is damaged, or of another version.</summary>
internal sealed class HistoryDamagedException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>
/// The frame around every stored record: version, kind, time, and a CRC-32C of all of it. FasterLog's own checksum is a
/// sum of words, which two flipped bits can leave as it was.
/// </summary>
internal static class RecordFrame
{
    public const byte Version = 1;
    public const int HeaderBytes = 4 + 1 + 1 + 8;

    /// <param name="kind">What the body is.</param>
    /// <param name="at">Of the sweep, or the beginning of the minute.</param>
    /// <param name="body">As the codec made it.</param>
    public static byte[] Seal(RecordKind kind, DateTimeOffset at, ReadOnlySpan<byte> body)
    {
        var record = new byte[HeaderBytes + body.Length];
        record[4] = Version;
        record[5] = (byte)kind;
        BinaryPrimitives.WriteInt64LittleEndian(record.AsSpan(6), at.ToUnixTimeMilliseconds());
        body.CopyTo(record.AsSpan(HeaderBytes));
        BinaryPrimitives.WriteUInt32LittleEndian(record, Crc(record.AsSpan(4)));
        return record;
    }

    /// <exception cref="HistoryDamagedException">It is not what was sealed.</exception>
    public static (RecordKind Kind, DateTimeOffset At) Open(ReadOnlySpan<byte> record)
    {
        if (record.Length < HeaderBytes
            || BinaryPrimitives.ReadUInt32LittleEndian(record) != Crc(record[4..]))
        {
            throw new HistoryDamagedException("a record does not have its checksum");
        }

        var (version, kind) = (record[4], (RecordKind)record[5]);
        var at = BinaryPrimitives.ReadInt64LittleEndian(record[6..]);
        return version == Version && Enum.IsDefined(kind) && at is > -62_135_596_800_000 and < 253_402_300_800_000
            ? (kind, DateTimeOffset.FromUnixTimeMilliseconds(at))
            : throw new HistoryDamagedException($"a record is of version {version} and kind {(byte)kind}, not known here");
    }

    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        }

        foreach (var b in bytes)
        {
            crc = BitOperations.Crc32C(crc, b);
        }

        return ~crc;
    }
}
