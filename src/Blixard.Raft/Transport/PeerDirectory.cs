using System.Collections.Frozen;
using Blixard.Raft.Core;

namespace Blixard.Raft.Transport;

/// <summary>How a member is reached.</summary>
/// <param name="Name">As operators call it; for logs.</param>
/// <param name="Host">A name or an address; a name is resolved anew for each connection.</param>
public sealed record PeerAddress(MemberId Member, string Name, string Host, int Port)
{
    public override string ToString() => $"{Name} ({Host}:{Port})";
}

/// <summary>Who the members are and where they listen.</summary>
public sealed class PeerDirectory(IEnumerable<PeerAddress> peers)
{
    private readonly FrozenDictionary<MemberId, PeerAddress> _peers = peers.ToFrozenDictionary(peer => peer.Member);

    public IReadOnlyCollection<PeerAddress> All => _peers.Values;

    public PeerAddress? Find(MemberId member) => _peers.GetValueOrDefault(member);
}
