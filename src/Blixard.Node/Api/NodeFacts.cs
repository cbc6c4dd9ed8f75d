using Blixard.Raft.Core;

namespace Blixard.Node.Api;

/// <summary>What a node knows of itself and of its configured peers; fixed for the life of the process.</summary>
internal sealed record NodeFacts
{
    public required string Name { get; init; }

    public required MemberId Member { get; init; }

    public required ulong ClusterId { get; init; }

    public string? ClusterName { get; init; }

    public required string Version { get; init; }

    /// <summary>
    /// All members by configuration, this one included: how one that has not registered itself yet is called.
    /// </summary>
    public IReadOnlyDictionary<MemberId, PeerFacts> Peers { get; init; } = new Dictionary<MemberId, PeerFacts>();
}

/// <param name="RaftAddress"><c>host:port</c>.</param>
internal sealed record PeerFacts(string Name, string RaftAddress);
