using System.Buffers.Binary;
using System.Collections.Immutable;

namespace Blixard.Raft.Core;

/// <summary>
/// A <see cref="Configuration"/> as bytes: in entries of <see cref="EntryKind.Configuration"/>, in snapshots, in the
/// log and in messages. Permanent. Little-endian:
/// <code>u8 version = 1, u16 voters, u16 learners, u64 id of each voter, u64 id of each learner</code>
/// Ids ascend within each part, so that equal configurations have equal bytes.
/// </summary>
public static class ConfigurationCodec
{
    private const byte Version = 1;
    private const int HeaderBytes = 5;

    /// <summary>Members that a configuration may have: a bound for decoding, far above what is useful.</summary>
    public const int MaxMembers = 1024;

    public static int SizeOf(Configuration configuration) =>
        HeaderBytes + (sizeof(ulong) * (configuration.Voters.Count + configuration.Learners.Count));

    public static byte[] Encode(Configuration configuration)
    {
        var bytes = new byte[SizeOf(configuration)];
        Write(configuration, bytes);
        return bytes;
    }

    /// <summary>Fills the first <see cref="SizeOf"/> bytes of <paramref name="target"/>.</summary>
    public static void Write(Configuration configuration, Span<byte> target)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(
            configuration.Voters.Count + configuration.Learners.Count, MaxMembers, nameof(configuration));
        target[0] = Version;
        BinaryPrimitives.WriteUInt16LittleEndian(target[1..], (ushort)configuration.Voters.Count);
        BinaryPrimitives.WriteUInt16LittleEndian(target[3..], (ushort)configuration.Learners.Count);
        var at = HeaderBytes;
        foreach (var member in configuration.Members)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(target[at..], member.Value);
            at += sizeof(ulong);
        }
    }

    /// <exception cref="FormatException">The bytes are not exactly one configuration.</exception>
    public static Configuration Decode(ReadOnlySpan<byte> source)
    {
        if (source.Length < HeaderBytes)
        {
            throw new FormatException($"a configuration of {source.Length} bytes; at least {HeaderBytes} are needed");
        }

        if (source[0] != Version)
        {
            throw new FormatException($"configuration version {source[0]}; this program knows {Version}");
        }

        var voters = BinaryPrimitives.ReadUInt16LittleEndian(source[1..]);
        var learners = BinaryPrimitives.ReadUInt16LittleEndian(source[3..]);
        if (voters + learners > MaxMembers || source.Length != HeaderBytes + (sizeof(ulong) * (voters + learners)))
        {
            throw new FormatException(
                $"a configuration of {voters} voters and {learners} learners can't have {source.Length} bytes");
        }

        var ids = source[HeaderBytes..];
        var votersEnd = voters * sizeof(ulong);
        var configuration = new Configuration(DecodeIds(ids[..votersEnd]), DecodeIds(ids[votersEnd..]));
        if (configuration.Voters.Overlaps(configuration.Learners))
        {
            throw new FormatException("a configuration in which a member is voter and learner");
        }

        return configuration;
    }

    private static ImmutableSortedSet<MemberId> DecodeIds(ReadOnlySpan<byte> source)
    {
        var members = ImmutableSortedSet.CreateBuilder<MemberId>();
        ulong previous = 0;
        for (; !source.IsEmpty; source = source[sizeof(ulong)..])
        {
            var id = BinaryPrimitives.ReadUInt64LittleEndian(source);
            if (id <= previous)
            {
                throw new FormatException($"member ids of a configuration must ascend from 1: {id} follows {previous}");
            }

            members.Add(new(id));
            previous = id;
        }

        return members.ToImmutable();
    }
}
