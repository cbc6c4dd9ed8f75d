using Blixard.Raft.Core;
using Blixard.Raft.Storage;

namespace Blixard.Raft.Transport;

/// <summary>What a snapshot connection offers.</summary>
/// <param name="Term">The sender's, as in <see cref="InstallSnapshotRequest"/>.</param>
/// <param name="ToObserver">See <see cref="InstallSnapshotRequest.ToObserver"/>.</param>
/// <param name="Length">Bytes of content.</param>
/// <param name="Checksum">CRC32C of them.</param>
internal sealed record SnapshotOffer(ulong Term, bool ToObserver, long Length, uint Checksum, SnapshotMeta Meta);

/// <summary>
/// What goes over a snapshot connection after the greeting; little-endian, permanent within a protocol version.
/// <code>
/// sender:    offer   = u64 term, flag to observer, u64 length, u32 CRC32C of the content, u32 length of meta, meta
/// receiver:  through = u64 bytes it has, of this very snapshot, from the beginning on: there the first part begins
/// sender:    part    = u64 offset, 1 to 262144 bytes; each where the one before it ended
/// receiver:  through = after each part
/// receiver:  stored  = nothing; instead of a first "through" if it has the whole already
/// receiver:  refusal = UTF-8 text, at any time, and the end of the connection
/// </code>
/// </summary>
internal static class SnapshotFrames
{
    public const int MaxPartBytes = 256 << 10;

    /// <summary>Beyond what any state is; a length is checked against it before anything is done with it.</summary>
    public const long MaxLength = 1L << 40;

    private const int PartHeaderBytes = sizeof(ulong);

    public static ReadOnlyMemory<byte> Offer(ulong cluster, SnapshotOffer offer)
    {
        var target = new ByteWriter(256);
        var start = Frame.Begin(target, FrameType.SnapshotOffer, cluster);
        target.U64(offer.Term);
        target.Flag(offer.ToObserver);
        target.U64((ulong)offer.Length);
        target.U32(offer.Checksum);
        var meta = SnapshotMetaCodec.Encode(offer.Meta);
        target.U32((uint)meta.Length);
        target.Bytes(meta);
        Frame.End(target, start);
        return target.Written;
    }

    public static ReadOnlyMemory<byte> Through(ulong cluster, long offset)
    {
        var target = new ByteWriter(64);
        var start = Frame.Begin(target, FrameType.SnapshotThrough, cluster);
        target.U64((ulong)offset);
        Frame.End(target, start);
        return target.Written;
    }

    /// <summary>Begins a part in <paramref name="target"/>: the bytes returned are to be filled.</summary>
    public static (int Start, Memory<byte> Content) BeginPart(ByteWriter target, ulong cluster, long offset, int bytes)
    {
        var start = Frame.Begin(target, FrameType.SnapshotPart, cluster);
        target.U64((ulong)offset);
        return (start, target.TakeMemory(bytes));
    }

    /// <exception cref="ProtocolException">The bytes are not exactly one offer.</exception>
    public static SnapshotOffer ReadOffer(ReadOnlySpan<byte> body)
    {
        var source = new ByteReader(body);
        var (term, toObserver, length, checksum) = (source.U64(), source.Flag(), source.U64(), source.U32());
        if (length > MaxLength)
        {
            throw new ProtocolException($"a snapshot of {length} bytes; the most is {MaxLength}");
        }

        try
        {
            var meta = SnapshotMetaCodec.Decode(source.Bytes(source.U32()));
            source.End();
            return meta.Index > 0
                ? new(term, toObserver, (long)length, checksum, meta)
                : throw new ProtocolException("a snapshot of nothing");
        }
        catch (FormatException e)
        {
            throw new ProtocolException(e.Message);
        }
    }

    /// <summary>How far the receiver has come.</summary>
    /// <param name="from">What it had before.</param>
    /// <param name="to">What it can have at most.</param>
    /// <exception cref="ProtocolException">It can't have come there.</exception>
    public static long ReadThrough(ReadOnlySpan<byte> body, long from, long to)
    {
        var source = new ByteReader(body);
        var offset = source.U64();
        source.End();
        return offset >= (ulong)from && offset <= (ulong)to
            ? (long)offset
            : throw new ProtocolException($"it has {offset} bytes of a snapshot, where {from} to {to} are possible");
    }

    /// <summary>A part that belongs where the last one ended.</summary>
    /// <param name="at">Where that is.</param>
    /// <param name="left">Bytes that are still to come.</param>
    /// <exception cref="ProtocolException">It belongs elsewhere, or is too long.</exception>
    public static ReadOnlyMemory<byte> ReadPart(ReadOnlyMemory<byte> body, long at, long left)
    {
        var source = new ByteReader(body.Span);
        var offset = source.U64();
        if (offset != (ulong)at)
        {
            throw new ProtocolException($"a part at offset {offset}, where {at} is next");
        }

        return source.Left >= 1 && source.Left <= Math.Min(left, MaxPartBytes)
            ? body[PartHeaderBytes..]
            : throw new ProtocolException($"a part of {source.Left} bytes, where {left} are left");
    }
}
