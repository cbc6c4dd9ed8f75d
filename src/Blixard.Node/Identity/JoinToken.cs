using System.Buffers.Binary;
using System.Buffers.Text;
using System.Collections.Immutable;
using System.Numerics;
using System.Text;
using Blixard.Raft.Core;
using Blixard.StateMachine.Commands;

namespace Blixard.Node.Identity;

/// <summary>
/// What <c>cluster add</c> prints and <c>blixard-node join</c> takes: who the new node is, and where it finds the
/// cluster. It is no secret and opens nothing by itself: it names one member id, which the cluster already counts, and is
/// worth nothing once that member is removed. It does not expire for the same reason.
/// <code>
/// blxj1.BASE64URL of (little-endian): u64 cluster, u64 member, name, raft address, api address,
///                                     u8 voters, voters times (u64 member, name, raft address), u32 CRC-32C
/// </code>
/// A text is u8 length and UTF-8.
/// </summary>
/// <param name="ClusterId">Of the cluster to join.</param>
/// <param name="Member">Who the new node is; good for one data directory.</param>
/// <param name="Name">What it is called.</param>
/// <param name="RaftAddress">Where the others will look for it.</param>
/// <param name="ApiAddress">Where its API is to be; empty: port 7480 of the Raft address's host.</param>
/// <param name="Voters">Whom it will hear from first.</param>
internal sealed record JoinToken(
    ulong ClusterId,
    MemberId Member,
    string Name,
    string RaftAddress,
    string ApiAddress,
    ImmutableArray<IdentityMember> Voters)
{
    private const string Prefix = "blxj1.";
    private const string AnyPrefix = "blxj";

    public override string ToString()
    {
        var bytes = new List<byte>();
        Number(bytes, ClusterId);
        Number(bytes, Member.Value);
        Text(bytes, Name);
        Text(bytes, RaftAddress);
        Text(bytes, ApiAddress);
        bytes.Add(checked((byte)Voters.Length));
        foreach (var voter in Voters)
        {
            Number(bytes, voter.Member.Value);
            Text(bytes, voter.Name);
            Text(bytes, voter.Address);
        }

        Span<byte> crc = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(crc, Crc([.. bytes]));
        return Prefix + Base64Url.EncodeToString([.. bytes, .. crc]);
    }

    /// <exception cref="IdentityException">It is no token, was cut or mistyped, or is of a later version.</exception>
    public static JoinToken Parse(string text)
    {
        text = text.Trim();
        if (!text.StartsWith(Prefix, StringComparison.Ordinal))
        {
            throw new IdentityException(
                text.StartsWith(AnyPrefix, StringComparison.Ordinal) && text.Contains('.', StringComparison.Ordinal)
                    ? $"This token is of version {text[AnyPrefix.Length..text.IndexOf('.', StringComparison.Ordinal)]}, and this "
                        + "blixard-node reads version 1: install the version that the cluster has."
                    : "That is not a join token: one begins with \"blxj1.\" and is printed by `blixard cluster add`.");
        }

        try
        {
            var bytes = Base64Url.DecodeFromChars(text.AsSpan(Prefix.Length));
            if (bytes.Length < sizeof(uint)
                || BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(^sizeof(uint)..)) != Crc(bytes.AsSpan(..^sizeof(uint))))
            {
                throw Damaged(null);
            }

            return Read(bytes.AsSpan(..^sizeof(uint)));
        }
        catch (Exception e) when (e is FormatException or ArgumentException)
        {
            throw Damaged(e);
        }
    }

    private static JoinToken Read(ReadOnlySpan<byte> source)
    {
        var (cluster, member) = (Number(ref source), Number(ref source));
        var (name, raft, api) = (Text(ref source), Text(ref source), Text(ref source));
        var voters = ImmutableArray.CreateBuilder<IdentityMember>();
        for (var left = Byte(ref source); left > 0; left--)
        {
            var id = new MemberId(Number(ref source));
            voters.Add(new IdentityMember(Text(ref source), id, Text(ref source)));
        }

        // The checksum fits, so it was made like this: a bug, or somebody's own work.
        return source.IsEmpty && cluster != 0 && member != 0 && voters.Count > 0 && Rules.IsName(name)
            && Rules.IsAddress(raft) && (api.Length == 0 || Rules.IsAddress(api))
            && voters.All(voter => Rules.IsName(voter.Name) && Rules.IsAddress(voter.Address) && voter.Member.Value != member)
            ? new JoinToken(cluster, new MemberId(member), name, raft, api, voters.DrainToImmutable())
            : throw new FormatException("its parts do not fit");
    }

    private static IdentityException Damaged(Exception? e) => new(
        "This join token is damaged: a part is missing or mistyped. Copy the whole line that `blixard cluster add` printed; "
        + "adding the same node again, with the same addresses, prints it again.",
        e);

    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var b in bytes)
        {
            crc = BitOperations.Crc32C(crc, b);
        }

        return ~crc;
    }

    private static void Number(List<byte> target, ulong value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        target.AddRange(bytes);
    }

    private static void Text(List<byte> target, string value)
    {
        var bytes = Encoding.UTF8.GetBytes(value);
        target.Add(checked((byte)bytes.Length));
        target.AddRange(bytes);
    }

    private static ulong Number(ref ReadOnlySpan<byte> source) =>
        BinaryPrimitives.ReadUInt64LittleEndian(Take(ref source, sizeof(ulong)));

    private static string Text(ref ReadOnlySpan<byte> source) => Encoding.UTF8.GetString(Take(ref source, Byte(ref source)));

    private static byte Byte(ref ReadOnlySpan<byte> source) => Take(ref source, 1)[0];

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> source, int count)
    {
        if (source.Length < count)
        {
            throw new FormatException("it ends too early");
        }

        var taken = source[..count];
        source = source[count..];
        return taken;
    }
}
