using System.Buffers.Binary;
using Blixard.Raft.Core;

namespace Blixard.Raft.Storage;

/// <summary>
/// The frame at the start of each segment: the log's state before the segment's first batch, so that older segments can
/// be dropped without losing the newest hard state and snapshot marker. Little-endian. Permanent.
/// <code>
/// u64 cluster, u64 member, u64 term, u64 vote, u64 last index, u64 last term, u64 the segment it follows,
/// snapshot (<see cref="SnapshotMetaCodec"/>)
/// </code>
/// </summary>
/// <param name="Follows">
/// Number of the segment that this one continues, 0 if it continues none. Segments with numbers in between are void:
/// what they held stands here, or was given up as damaged.
/// </param>
internal sealed record WalHead(
    ulong ClusterId,
    MemberId Member,
    HardState HardState,
    ulong LastIndex,
    ulong LastTerm,
    uint Follows,
    SnapshotMeta Snapshot)
{
    private const int FixedBytes = 56;

    public static WalHead Of(LogShape shape, WalOptions options, uint follows) => new(
        options.ClusterId, options.Member, shape.HardState, shape.LastIndex, shape.LastTerm, follows, shape.Snapshot);

    public void Write(WalFrameWriter writer)
    {
        Span<byte> fixedPart = stackalloc byte[FixedBytes];
        ReadOnlySpan<ulong> values =
            [ClusterId, Member.Value, HardState.Term, HardState.Vote.Value, LastIndex, LastTerm, Follows];
        for (var i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(fixedPart[(i * sizeof(ulong))..], values[i]);
        }

        writer.Write(fixedPart);
        writer.Write(SnapshotMetaCodec.Encode(Snapshot));
    }

    /// <exception cref="FormatException">The bytes are not exactly one.</exception>
    public static WalHead Read(ReadOnlySpan<byte> source)
    {
        if (source.Length < FixedBytes)
        {
            throw new FormatException($"a segment head of {source.Length} bytes");
        }

        Span<ulong> values = stackalloc ulong[FixedBytes / sizeof(ulong)];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = BinaryPrimitives.ReadUInt64LittleEndian(source[(i * sizeof(ulong))..]);
        }

        return new(
            values[0],
            new(values[1]),
            new(values[2], new(values[3])),
            values[4],
            values[5],
            checked((uint)values[6]),
            SnapshotMetaCodec.Decode(source[FixedBytes..]));
    }
}
