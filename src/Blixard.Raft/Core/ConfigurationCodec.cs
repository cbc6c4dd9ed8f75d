using System.Buffers.Binary;
using System.Collections.Immutable;

namespace Blixard.Raft.Core;

/// <summary>
/// A <see cref="Configuration"/> as bytes: in entries of <see cref="EntryKind.Configuration"/>, in snapshots, in the
/// log and in messages. Permanent. Little-endian:
/// <code>
/// u8 version = 1, u16 voters, u16 learners, u64 id of each voter, of each learner
/// u8 version = 2, u16 voters, u16 learners, u16 outgoing, u16 learners next, u64 id of each, in that order
/// </code>
/// Ids ascend within each part, and version 2 is of joint configurations alone, so that equal configurations have equal
/// bytes.
/// </summary>
public static class ConfigurationCodec
{
    private const byte Simple = 1;
    private const byte Joint = 2;
    private const int SimpleHeaderBytes = 5;
    private const int JointHeaderBytes = 9;

    /// <summary>Members that a configuration may have: a bound for decoding, far above what is useful.</summary>
    public const int MaxMembers = 1024;

    public static int SizeOf(Configuration configuration) =>
        (configuration.IsJoint ? JointHeaderBytes : SimpleHeaderBytes) + (sizeof(ulong) * Ids(configuration));

    public static byte[] Encode(Configuration configuration)
    {
        var bytes = new byte[SizeOf(configuration)];
        Write(configuration, bytes);
        return bytes;
    }

    /// <summary>Fills the first <see cref="SizeOf"/> bytes of <paramref name="target"/>.</summary>
    public static void Write(Configuration configuration, Span<byte> target)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Ids(configuration), MaxMembers, nameof(configuration));
        target[0] = configuration.IsJoint ? Joint : Simple;
        BinaryPrimitives.WriteUInt16LittleEndian(target[1..], (ushort)configuration.Voters.Count);
        BinaryPrimitives.WriteUInt16LittleEndian(target[3..], (ushort)configuration.Learners.Count);
        target = target[SimpleHeaderBytes..];
        if (configuration.IsJoint)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(target, (ushort)configuration.Outgoing.Count);
            BinaryPrimitives.WriteUInt16LittleEndian(target[2..], (ushort)configuration.LearnersNext.Count);
            target = target[(JointHeaderBytes - SimpleHeaderBytes)..];
        }

        target = WriteIds(configuration.Voters, target);
        target = WriteIds(configuration.Learners, target);
        target = WriteIds(configuration.Outgoing, target);
        WriteIds(configuration.LearnersNext, target);
    }

    /// <exception cref="FormatException">The bytes are not exactly one configuration.</exception>
    public static Configuration Decode(ReadOnlySpan<byte> source)
    {
        if (source.Length < SimpleHeaderBytes)
        {
            throw new FormatException(
                $"a configuration of {source.Length} bytes; at least {SimpleHeaderBytes} are needed");
        }

        if (source[0] is not (Simple or Joint))
        {
            throw new FormatException($"configuration version {source[0]}; this program knows {Simple} and {Joint}");
        }

        var isJoint = source[0] == Joint;
        var headerBytes = isJoint ? JointHeaderBytes : SimpleHeaderBytes;
        if (source.Length < headerBytes)
        {
            throw new FormatException(
                $"a joint configuration of {source.Length} bytes; at least {headerBytes} are needed");
        }

        var voters = BinaryPrimitives.ReadUInt16LittleEndian(source[1..]);
        var learners = BinaryPrimitives.ReadUInt16LittleEndian(source[3..]);
        var outgoing = isJoint ? BinaryPrimitives.ReadUInt16LittleEndian(source[5..]) : 0;
        var learnersNext = isJoint ? BinaryPrimitives.ReadUInt16LittleEndian(source[7..]) : 0;
        var members = voters + learners + outgoing + learnersNext;
        if (members > MaxMembers || source.Length != headerBytes + (sizeof(ulong) * members))
        {
            var old = isJoint ? $", {outgoing} outgoing voters and {learnersNext} learners to come" : "";
            throw new FormatException(
                $"a configuration of {voters} voters and {learners} learners{old} can't have {source.Length} bytes");
        }

        if (isJoint && outgoing == 0)
        {
            throw new FormatException("a joint configuration without outgoing voters");
        }

        var ids = source[headerBytes..];
        var configuration = new Configuration(ReadIds(ref ids, voters), ReadIds(ref ids, learners))
        {
            Outgoing = ReadIds(ref ids, outgoing),
            LearnersNext = ReadIds(ref ids, learnersNext),
        };
        return configuration.Contradiction() is { } contradiction
            ? throw new FormatException($"a configuration in which {contradiction}")
            : configuration;
    }

    private static int Ids(Configuration configuration) =>
        configuration.Voters.Count + configuration.Learners.Count
        + configuration.Outgoing.Count + configuration.LearnersNext.Count;

    private static Span<byte> WriteIds(ImmutableSortedSet<MemberId> members, Span<byte> target)
    {
        foreach (var member in members)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(target, member.Value);
            target = target[sizeof(ulong)..];
        }

        return target;
    }

    private static ImmutableSortedSet<MemberId> ReadIds(ref ReadOnlySpan<byte> source, int count)
    {
        if (count == 0)
        {
            return [];
        }

        var members = ImmutableSortedSet.CreateBuilder<MemberId>();
        ulong previous = 0;
        for (var i = 0; i < count; i++)
        {
            var id = BinaryPrimitives.ReadUInt64LittleEndian(source);
            if (id <= previous)
            {
                throw new FormatException($"member ids of a configuration must ascend from 1: {id} follows {previous}");
            }

            members.Add(new(id));
            previous = id;
            source = source[sizeof(ulong)..];
        }

        return members.ToImmutable();
    }
}
