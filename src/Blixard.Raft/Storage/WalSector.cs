using System.Buffers.Binary;

namespace Blixard.Raft.Storage;

/// <summary>What is found in one sector of a segment.</summary>
internal enum SectorKind
{
    /// <summary>Zeroes, or an intact sector of the segment this file was before it was recycled.</summary>
    Unwritten,

    /// <summary>An intact sector of this segment.</summary>
    Written,

    /// <summary>Bytes that were never written here.</summary>
    Damaged,
}

/// <summary>
/// The log is written in sectors of 512 bytes, the smallest unit that a disk writes whole, and each says by itself what
/// it is. After a loss of power any subset of the unsynced sectors may be there; one that is not still has what the
/// file held before: zeroes, or an intact older sector. So every sector tells "not written" from "damaged", and a batch
/// with a flipped bit is never taken for a torn one, even if it is the last. Little-endian:
/// <code>u32 CRC32C of the rest, started from the sector's number; u32 incarnation; u64 batch; 496 bytes</code>
/// The number in the checksum catches a sector written to the wrong place. The incarnation is the segment's number,
/// never used twice, so that a recycled file's old sectors are never taken for new ones. MySQL's redo log is made of
/// such blocks too.
/// </summary>
internal static class WalSector
{
    public const int Size = 512;
    public const int PrefixBytes = 16;
    public const int PayloadBytes = Size - PrefixBytes;

    private const int IncarnationOffset = 4;
    private const int BatchOffset = 8;

    /// <summary>Fills in the prefix and returns the checksum.</summary>
    public static uint Seal(Span<byte> sector, long number, uint incarnation, ulong batch)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(sector[IncarnationOffset..], incarnation);
        BinaryPrimitives.WriteUInt64LittleEndian(sector[BatchOffset..], batch);
        var checksum = Checksum(sector, number);
        BinaryPrimitives.WriteUInt32LittleEndian(sector, checksum);
        return checksum;
    }

    public static SectorKind Classify(ReadOnlySpan<byte> sector, long number, uint incarnation, out ulong batch)
    {
        batch = 0;
        if (!sector.ContainsAnyExcept((byte)0))
        {
            return SectorKind.Unwritten;
        }

        if (StoredChecksum(sector) != Checksum(sector, number))
        {
            return SectorKind.Damaged;
        }

        var found = BinaryPrimitives.ReadUInt32LittleEndian(sector[IncarnationOffset..]);
        if (found < incarnation)
        {
            return SectorKind.Unwritten;
        }

        batch = BinaryPrimitives.ReadUInt64LittleEndian(sector[BatchOffset..]);
        return found == incarnation ? SectorKind.Written : SectorKind.Damaged;
    }

    public static uint StoredChecksum(ReadOnlySpan<byte> sector) => BinaryPrimitives.ReadUInt32LittleEndian(sector);

    private static uint Checksum(ReadOnlySpan<byte> sector, long number) =>
        Crc32C.Append((uint)number, sector[IncarnationOffset..]);
}
