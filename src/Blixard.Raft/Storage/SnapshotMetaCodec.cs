using System.Buffers.Binary;
using Blixard.Raft.Core;

namespace Blixard.Raft.Storage;

/// <summary>
/// A <see cref="SnapshotMeta"/> as bytes: in the log, in a snapshot's footer and in messages. Permanent. Little-endian:
/// <code>u64 index, u64 term, configuration (see <see cref="ConfigurationCodec"/>)</code>
/// </summary>
internal static class SnapshotMetaCodec
{
    private const int HeaderBytes = 16;

    public static int SizeOf(SnapshotMeta meta) => HeaderBytes + ConfigurationCodec.SizeOf(meta.Configuration);

    public static void Write(SnapshotMeta meta, Span<byte> target)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(target, meta.Index);
        BinaryPrimitives.WriteUInt64LittleEndian(target[8..], meta.Term);
        ConfigurationCodec.Write(meta.Configuration, target[HeaderBytes..]);
    }

    public static byte[] Encode(SnapshotMeta meta)
    {
        var bytes = new byte[SizeOf(meta)];
        Write(meta, bytes);
        return bytes;
    }

    /// <exception cref="FormatException">The bytes are not exactly one.</exception>
    public static SnapshotMeta Decode(ReadOnlySpan<byte> source) =>
        source.Length < HeaderBytes
            ? throw new FormatException($"a snapshot description of {source.Length} bytes")
            : new(
                BinaryPrimitives.ReadUInt64LittleEndian(source),
                BinaryPrimitives.ReadUInt64LittleEndian(source[8..]),
                ConfigurationCodec.Decode(source[HeaderBytes..]));
}
