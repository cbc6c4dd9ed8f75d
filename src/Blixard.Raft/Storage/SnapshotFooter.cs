using System.Buffers.Binary;
using Blixard.Raft.Core;

namespace Blixard.Raft.Storage;

/// <summary>
/// A snapshot file is the content, then this. Little-endian. Permanent.
/// <code>
/// description of the snapshot (<see cref="SnapshotMetaCodec"/>), u64 content length, u32 content CRC32C,
/// u32 length of the description, u32 version, u32 CRC32C of all of this footer so far, u64 magic
/// </code>
/// </summary>
internal sealed record SnapshotFooter(SnapshotMeta Meta, long ContentLength, uint ContentChecksum)
{
    private const ulong Magic = 0x544F_4F46_5058_4C42; // "BLXPFOOT"
    private const uint Version = 1;
    private const int TrailerBytes = 32;
    private const int ChecksumAt = 20;

    public byte[] Encode()
    {
        var metaBytes = SnapshotMetaCodec.SizeOf(Meta);
        var bytes = new byte[metaBytes + TrailerBytes];
        SnapshotMetaCodec.Write(Meta, bytes);
        var trailer = bytes.AsSpan(metaBytes);
        BinaryPrimitives.WriteInt64LittleEndian(trailer, ContentLength);
        BinaryPrimitives.WriteUInt32LittleEndian(trailer[8..], ContentChecksum);
        BinaryPrimitives.WriteInt32LittleEndian(trailer[12..], metaBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(trailer[16..], Version);
        BinaryPrimitives.WriteUInt32LittleEndian(
            trailer[ChecksumAt..], Crc32C.Of(bytes.AsSpan(0, metaBytes + ChecksumAt)));
        BinaryPrimitives.WriteUInt64LittleEndian(trailer[24..], Magic);
        return bytes;
    }

    /// <exception cref="SnapshotCorruptException">The file does not end in a whole footer.</exception>
    public static SnapshotFooter Read(IFile file)
    {
        var length = file.Length;
        if (length < TrailerBytes)
        {
            throw new SnapshotCorruptException(file.Path, length, $"at least {TrailerBytes} bytes, not {length}");
        }

        var at = length - TrailerBytes;
        Span<byte> trailer = stackalloc byte[TrailerBytes];
        file.Read(at, trailer);
        if (BinaryPrimitives.ReadUInt64LittleEndian(trailer[24..]) != Magic)
        {
            throw new SnapshotCorruptException(file.Path, at + 24, "the magic number of a snapshot");
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(trailer[16..]) is var version && version != Version)
        {
            throw new SnapshotCorruptException(file.Path, at + 16, $"format version {Version}, not {version}");
        }

        var metaBytes = BinaryPrimitives.ReadUInt32LittleEndian(trailer[12..]);
        var contentLength = BinaryPrimitives.ReadInt64LittleEndian(trailer);
        if (contentLength < 0 || metaBytes > at || contentLength != at - metaBytes)
        {
            throw new SnapshotCorruptException(
                file.Path, at, $"lengths that make {length} bytes, not {contentLength} and {metaBytes}");
        }

        var meta = new byte[metaBytes];
        file.Read(contentLength, meta);
        var checksum = Crc32C.Append(Crc32C.Of(meta), trailer[..ChecksumAt]);
        if (checksum != BinaryPrimitives.ReadUInt32LittleEndian(trailer[ChecksumAt..]))
        {
            throw new SnapshotCorruptException(file.Path, contentLength, $"a footer with checksum {checksum:x8}");
        }

        try
        {
            return new(
                SnapshotMetaCodec.Decode(meta), contentLength, BinaryPrimitives.ReadUInt32LittleEndian(trailer[8..]));
        }
        catch (FormatException e)
        {
            throw new SnapshotCorruptException(
                file.Path, contentLength, $"a snapshot's description; found {e.Message}");
        }
    }
}
