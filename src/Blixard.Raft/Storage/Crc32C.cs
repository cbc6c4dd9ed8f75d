using System.Buffers.Binary;
using System.Numerics;

namespace Blixard.Raft.Storage;

/// <summary>CRC32C (Castagnoli; RFC 3720, appendix B.4), eight bytes per instruction.</summary>
internal static class Crc32C
{
    private const uint Initial = 0xFFFF_FFFF;

    public static uint Of(ReadOnlySpan<byte> bytes) => Append(0, bytes);

    /// <summary>Of what <paramref name="checksum"/> covers, followed by <paramref name="bytes"/>.</summary>
    public static uint Append(uint checksum, ReadOnlySpan<byte> bytes)
    {
        var crc = checksum ^ Initial;
        while (bytes.Length >= sizeof(ulong))
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[sizeof(ulong)..];
        }

        foreach (var b in bytes)
        {
            crc = BitOperations.Crc32C(crc, b);
        }

        return crc ^ Initial;
    }
}
