// The stream is the store's; this file alone, with the codec of commands, names System.IO, and keeps nothing of it.
#pragma warning disable RS0030
using System.Buffers.Binary;
using System.IO;
using System.Numerics;
using Blixard.StateMachine.State.Images;
using Google.Protobuf;

namespace Blixard.StateMachine.State;

/// <summary>
/// A whole state in bytes: the same state gives the same bytes. A header of 24 bytes (little-endian) is followed by
/// the body, a <c>ClusterStateImage</c>:
/// <code>
/// 0  8 bytes  "BLIXSNAP"
/// 8  u32      version of the format
/// 12 u64      length of the body
/// 20 u32      CRC-32C of the body
/// </code>
/// </summary>
public static class Snapshots
{
    public const uint FormatVersion = 1;

    private const int HeaderBytes = 24;

    // Protobuf's own limit is 2 GiB; a hundred thousand VMs are a tenth of that.
    private const ulong MaxBodyBytes = 1 << 30;

    private static ReadOnlySpan<byte> Magic => "BLIXSNAP"u8;

    public static void Write(ClusterState state, Stream stream)
    {
        var body = StateImage.Of(state).ToByteArray();
        Span<byte> header = stackalloc byte[HeaderBytes];
        Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], FormatVersion);
        BinaryPrimitives.WriteUInt64LittleEndian(header[12..], (ulong)body.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(header[20..], Crc(body));
        stream.Write(header);
        stream.Write(body);
    }

    /// <summary>Reads the stream to its end.</summary>
    /// <exception cref="SnapshotUnreadableException">
    /// Damaged, cut off, or of a version this node does not know.
    /// </exception>
    public static ClusterState Read(Stream stream)
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        var got = stream.ReadAtLeast(header, HeaderBytes, throwOnEndOfStream: false);
        if (got < HeaderBytes)
        {
            throw new SnapshotUnreadableException($"it ends after {got} bytes, within its header");
        }

        if (!header.StartsWith(Magic))
        {
            throw new SnapshotUnreadableException("it does not begin with BLIXSNAP");
        }

        var version = BinaryPrimitives.ReadUInt32LittleEndian(header[8..]);
        if (version != FormatVersion)
        {
            throw new SnapshotUnreadableException($"its format is {version}, this version reads {FormatVersion}");
        }

        var length = BinaryPrimitives.ReadUInt64LittleEndian(header[12..]);
        if (length > MaxBodyBytes)
        {
            throw new SnapshotUnreadableException($"it says it has {length} bytes, the most is {MaxBodyBytes}");
        }

        var crc = BinaryPrimitives.ReadUInt32LittleEndian(header[20..]);
        return StateImage.Read(Parse(ReadBody(stream, (int)length, crc)));
    }

    private static byte[] ReadBody(Stream stream, int length, uint expectedCrc)
    {
        var body = new byte[length];
        var got = stream.ReadAtLeast(body, length, throwOnEndOfStream: false);
        if (got < length)
        {
            throw new SnapshotUnreadableException($"it ends after {got} of the {length} bytes of its body");
        }

        Span<byte> beyond = stackalloc byte[1];
        if (stream.Read(beyond) != 0)
        {
            throw new SnapshotUnreadableException($"bytes follow the {length} of its body");
        }

        var crc = Crc(body);
        return crc == expectedCrc
            ? body
            : throw new SnapshotUnreadableException($"its checksum is {crc:x8}, its header says {expectedCrc:x8}");
    }

    private static ClusterStateImage Parse(byte[] body)
    {
        try
        {
            return ClusterStateImage.Parser.ParseFrom(body);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new SnapshotUnreadableException(e.Message, e);
        }
    }

    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        while (bytes.Length >= sizeof(ulong))
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[sizeof(ulong)..];
        }

        foreach (var b in bytes)
        {
            crc = BitOperations.Crc32C(crc, b);
        }

        return ~crc;
    }
}
