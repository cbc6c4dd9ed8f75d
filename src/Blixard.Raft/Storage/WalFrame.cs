using System.Buffers.Binary;

namespace Blixard.Raft.Storage;

internal enum FrameKind : byte
{
    /// <summary>At the start of a segment: whose log it is, and the state before its first batch.</summary>
    Head = 1,

    /// <summary>What one sync made durable.</summary>
    Batch = 2,
}

/// <summary>
/// A frame is a run of at least two sectors that were written together. Its bytes, without the sectors' prefixes, begin
/// with
/// <code>u32 magic, u8 version, u8 kind, u16 0, u64 durable up to, u32 digest of the previous batch, u32 length</code>
/// "Durable up to" is the newest batch that was on stable storage when this one was written: always the one before it,
/// as the log writes nothing before its last sync has returned. The digest, a CRC32C over the checksums of a batch's
/// sectors, chains the batches across segments.
/// </summary>
internal readonly record struct FrameHeader(FrameKind Kind, ulong DurableUpTo, uint PreviousDigest, int Length)
{
    public const int Bytes = 24;
    public const byte Version = 2;

    /// <summary>Two, so that no single bad sector hides what the last batch promised.</summary>
    public const int MinSectors = 2;

    private const uint Magic = 0x4C57_5842; // "BXWL"

    // Where version 1, whose sectors said less, had its magic number.
    private const int FirstVersionOffset = 16;

    public void Write(Span<byte> target)
    {
        target[..Bytes].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(target, Magic);
        target[4] = Version;
        target[5] = (byte)Kind;
        BinaryPrimitives.WriteUInt64LittleEndian(target[8..], DurableUpTo);
        BinaryPrimitives.WriteUInt32LittleEndian(target[16..], PreviousDigest);
        BinaryPrimitives.WriteInt32LittleEndian(target[20..], Length);
    }

    /// <returns>Null if it is a header; else what is wrong.</returns>
    public static string? TryRead(ReadOnlySpan<byte> source, FrameKind kind, out FrameHeader header)
    {
        header = new(
            (FrameKind)source[5],
            BinaryPrimitives.ReadUInt64LittleEndian(source[8..]),
            BinaryPrimitives.ReadUInt32LittleEndian(source[16..]),
            BinaryPrimitives.ReadInt32LittleEndian(source[20..]));
        if (BinaryPrimitives.ReadUInt32LittleEndian(source) != Magic)
        {
            return "the magic number of a frame";
        }

        return header.Kind != kind ? $"a frame of kind {kind}"
            : header.Length < 0 ? "a length that is not negative"
            : null;
    }

    /// <summary>The format version of an intact first sector of a frame; null: it is none of any version.</summary>
    public static byte? VersionOf(ReadOnlySpan<byte> sector) =>
        VersionAt(sector[WalSector.PrefixBytes..])
        ?? (VersionAt(sector[FirstVersionOffset..]) is 1 ? (byte)1 : null);

    public static long SectorsFor(int length) =>
        Math.Max(MinSectors, (Bytes + (long)length + WalSector.PayloadBytes - 1) / WalSector.PayloadBytes);

    private static byte? VersionAt(ReadOnlySpan<byte> header) =>
        BinaryPrimitives.ReadUInt32LittleEndian(header) == Magic ? header[4] : null;
}
