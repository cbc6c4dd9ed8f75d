using System.Buffers.Binary;
using Blixard.Raft.Storage;

namespace Blixard.Raft.Transport;

/// <summary>Permanent numbers.</summary>
internal enum FrameType : byte
{
    /// <summary>The first frame of a connection, from the side that dialled.</summary>
    Hello = 1,

    /// <summary>The answer to it.</summary>
    Welcome = 2,

    /// <summary>The answer to it, and the end of the connection; a text says why.</summary>
    Refusal = 3,

    /// <summary>The answer to a member that was removed from this cluster; a text says so, for people.</summary>
    Removed = 4,

    /// <summary>The answer to a member that says it is new and is not; a text says so, for people.</summary>
    Known = 5,

    /// <summary>A snapshot is offered: what it is, its length and checksum.</summary>
    SnapshotOffer = 8,

    /// <summary>A part of its content, and where it belongs.</summary>
    SnapshotPart = 9,

    /// <summary>The receiver has all of it on stable storage.</summary>
    SnapshotStored = 10,

    /// <summary>The receiver has the content up to here: where to begin, and how far it has come.</summary>
    SnapshotThrough = 11,

    VoteRequest = 16,
    VoteResponse = 17,
    AppendRequest = 18,
    AppendResponse = 19,
    HeartbeatRequest = 20,
    HeartbeatResponse = 21,
    ForwardProposals = 22,
    ReadIndexRequest = 23,
    ReadIndexResponse = 24,
    TimeoutNow = 25,
    InstallSnapshotRequest = 26,
    TailRequest = 27,
    TailResponse = 28,
    StateDigest = 29,
    StateVerdict = 30,
    ForwardRefused = 31,
    Question = 32,
    Answer = 33,
}

/// <summary>
/// What members send each other: a header and a body.
/// <code>
/// u32 length of the body, u8 version = 1, u8 type, u64 cluster id, u32 CRC32C of the header before it and the body
/// </code>
/// </summary>
internal static class Frame
{
    public const byte Version = 1;
    public const int HeaderBytes = 18;

    /// <summary>Above the largest request: its bytes limit, or one entry that is larger.</summary>
    public const int MaxBodyBytes = 16 << 20;

    private const int ChecksumAt = 14;

    /// <summary>Begins a frame; <see cref="End"/> fills in what is known only then.</summary>
    public static int Begin(ByteWriter target, FrameType type, ulong cluster)
    {
        var start = target.Length;
        var header = target.Take(HeaderBytes);
        header[4] = Version;
        header[5] = (byte)type;
        BinaryPrimitives.WriteUInt64LittleEndian(header[6..], cluster);
        return start;
    }

    public static void End(ByteWriter target, int start)
    {
        var frame = target.At(start);
        BinaryPrimitives.WriteUInt32LittleEndian(frame, (uint)(frame.Length - HeaderBytes));
        var checksum = Crc32C.Append(Crc32C.Of(frame[..ChecksumAt]), frame[HeaderBytes..]);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[ChecksumAt..], checksum);
    }

    /// <summary>The body's length, checked against its bound before anything is allocated.</summary>
    /// <exception cref="ProtocolException">It is not a frame of this protocol and cluster.</exception>
    public static (FrameType Type, int Length) ReadHeader(ReadOnlySpan<byte> header, ulong cluster)
    {
        if (header[4] != Version)
        {
            throw new ProtocolException($"a frame of version {header[4]}; this program speaks {Version}");
        }

        var of = BinaryPrimitives.ReadUInt64LittleEndian(header[6..]);
        if (of != cluster)
        {
            throw new ProtocolException($"a frame of cluster {of:x16}; this is {cluster:x16}");
        }

        var length = BinaryPrimitives.ReadUInt32LittleEndian(header);
        if (length > MaxBodyBytes)
        {
            throw new ProtocolException($"a frame of {length} bytes; the most is {MaxBodyBytes}");
        }

        return ((FrameType)header[5], (int)length);
    }

    /// <exception cref="ProtocolException">The bytes were changed on the way.</exception>
    public static void Verify(ReadOnlySpan<byte> header, ReadOnlySpan<byte> body)
    {
        var checksum = Crc32C.Append(Crc32C.Of(header[..ChecksumAt]), body);
        if (checksum != BinaryPrimitives.ReadUInt32LittleEndian(header[ChecksumAt..]))
        {
            throw new ProtocolException("a frame whose checksum is wrong");
        }
    }
}
