using System.Buffers.Binary;
using Blixard.Raft.Core;

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

/// <summary>What every sector of a batch says of itself.</summary>
/// <param name="Batch">The sync that made it durable.</param>
/// <param name="HardState">Term and vote as that batch leaves them.</param>
/// <param name="LastIndex">The log's last index as that batch leaves it.</param>
/// <param name="Number">Place of the sector in its frame, from 0.</param>
/// <param name="Count">Sectors of the frame.</param>
internal readonly record struct SectorStamp(
    ulong Batch, HardState HardState, ulong LastIndex, uint Number, uint Count);

/// <summary>
/// The log is written in sectors of 512 bytes, the smallest unit that a disk writes whole, and each says by itself what
/// it is. After a loss of power any subset of the unsynced sectors may be there; one that is not still has what the
/// file held before: zeroes, or an intact older sector. So every sector tells "not written" from "damaged", and a batch
/// with a flipped bit is never taken for a torn one, even if it is the last. Little-endian:
/// <code>
/// u32 CRC32C of the rest, started from the sector's number in the file; u32 incarnation;
/// u64 batch, u64 term, u64 vote, u64 last index; u32 number in the frame, u32 sectors of the frame; 464 bytes
/// </code>
/// The number in the checksum catches a sector written to the wrong place. The incarnation is the segment's number,
/// never used twice, so that a recycled file's old sectors are never taken for new ones. Term, vote and last index are
/// there so that one intact sector of the last batch is enough to know what was promised before the damage
/// (<see cref="WalSalvage"/>). MySQL's redo log is made of such blocks too.
/// </summary>
internal static class WalSector
{
    public const int Size = 512;
    public const int PrefixBytes = 48;
    public const int PayloadBytes = Size - PrefixBytes;

    private const int IncarnationOffset = 4;

    /// <summary>Fills in the prefix and returns the checksum.</summary>
    public static uint Seal(Span<byte> sector, long number, uint incarnation, SectorStamp stamp)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(sector[IncarnationOffset..], incarnation);
        BinaryPrimitives.WriteUInt64LittleEndian(sector[8..], stamp.Batch);
        BinaryPrimitives.WriteUInt64LittleEndian(sector[16..], stamp.HardState.Term);
        BinaryPrimitives.WriteUInt64LittleEndian(sector[24..], stamp.HardState.Vote.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(sector[32..], stamp.LastIndex);
        BinaryPrimitives.WriteUInt32LittleEndian(sector[40..], stamp.Number);
        BinaryPrimitives.WriteUInt32LittleEndian(sector[44..], stamp.Count);
        var checksum = Checksum(sector, number);
        BinaryPrimitives.WriteUInt32LittleEndian(sector, checksum);
        return checksum;
    }

    public static SectorKind Classify(
        ReadOnlySpan<byte> sector, long number, uint incarnation, out SectorStamp stamp)
    {
        stamp = default;
        if (!sector.ContainsAnyExcept((byte)0))
        {
            return SectorKind.Unwritten;
        }

        if (StoredChecksum(sector) != Checksum(sector, number))
        {
            return SectorKind.Damaged;
        }

        var found = BinaryPrimitives.ReadUInt32LittleEndian(sector[IncarnationOffset..]);
        if (found != incarnation)
        {
            return found < incarnation ? SectorKind.Unwritten : SectorKind.Damaged;
        }

        stamp = new(
            BinaryPrimitives.ReadUInt64LittleEndian(sector[8..]),
            new(
                BinaryPrimitives.ReadUInt64LittleEndian(sector[16..]),
                new(BinaryPrimitives.ReadUInt64LittleEndian(sector[24..]))),
            BinaryPrimitives.ReadUInt64LittleEndian(sector[32..]),
            BinaryPrimitives.ReadUInt32LittleEndian(sector[40..]),
            BinaryPrimitives.ReadUInt32LittleEndian(sector[44..]));
        return SectorKind.Written;
    }

    public static uint StoredChecksum(ReadOnlySpan<byte> sector) => BinaryPrimitives.ReadUInt32LittleEndian(sector);

    private static uint Checksum(ReadOnlySpan<byte> sector, long number) =>
        Crc32C.Append((uint)number, sector[IncarnationOffset..]);
}
