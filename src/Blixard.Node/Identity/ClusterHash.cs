using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Blixard.Node.Options;
using Blixard.Raft.Core;

namespace Blixard.Node.Identity;

/// <summary>
/// Identities that need no exchange: every member hashes the same sorted list and arrives at the same ids, as etcd's
/// static bootstrap does. Permanent: another way to hash would make other members of the same configuration.
/// </summary>
internal static class ClusterHash
{
    /// <summary>What the members on this list are; <paramref name="self"/> must be on it.</summary>
    public static NodeIdentity Of(ImmutableArray<Peer> peers, string self)
    {
        // Sorted by PeerList.
        var cluster = Hash("blixard cluster", [.. peers.Select(peer => peer.ToString())]);
        ImmutableArray<IdentityMember> members =
            [.. peers.Select(peer => new IdentityMember(peer.Name, MemberOf(cluster, peer.Name), peer.Address.ToString()))];
        return new(cluster, members.Single(member => member.Name == self).Member, self, members, InUse: false);
    }

    /// <summary>A cluster of its own, told from every other by <paramref name="cluster"/>, which is random.</summary>
    public static NodeIdentity Single(ulong cluster, string self)
    {
        var member = MemberOf(cluster, self);
        return new(cluster, member, self, [new IdentityMember(self, member, "")], InUse: false);
    }

    private static MemberId MemberOf(ulong cluster, string name) => new(Hash("blixard member", [$"{cluster:x16}", name]));

    private static ulong Hash(string what, string[] lines)
    {
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', [what, .. lines])));

        // Zero is nobody.
        return Math.Max(1, BinaryPrimitives.ReadUInt64BigEndian(digest));
    }
}
