using Blixard.Raft.Core;
using Blixard.Raft.Host;

namespace Blixard.Node.Replication;

/// <summary>
/// What replication asks of the consensus engine: <see cref="HostedEngine"/> in the product, a small one in memory in
/// the tests.
/// </summary>
internal interface IRaftEngine
{
    /// <summary>As of now; replaced on every change.</summary>
    RaftStatus Status { get; }

    /// <summary>Appends here, or forwards to the leader. Neither means committed.</summary>
    Task<ProposeResult> ProposeAsync(ReadOnlyMemory<byte> command, CancellationToken cancellationToken);

    /// <summary>The same; <paramref name="answer"/> is told, perhaps before this returns.</summary>
    void Propose(ReadOnlyMemory<byte> command, IProposalAnswer answer);

    /// <summary>Appends if this member leads in <paramref name="term"/>; never forwards.</summary>
    Task<ProposeResult> ProposeAsLeaderAsync(
        ReadOnlyMemory<byte> command, ulong term, CancellationToken cancellationToken);

    /// <summary>An index from which a read that begins now may be served.</summary>
    /// <exception cref="NoLeaderException">Nobody could confirm one.</exception>
    Task<ulong> ReadIndexAsync(CancellationToken cancellationToken);

    /// <inheritdoc cref="RaftHost.AskLeaderAsync"/>
    Task<ReadOnlyMemory<byte>> AskLeaderAsync(
        ReadOnlyMemory<byte> question, MemberId via, CancellationToken cancellationToken);

    /// <summary>Makes <paramref name="target"/> the configuration if this member leads in that term.</summary>
    /// <returns>When it is committed, refused, or this member stopped leading.</returns>
    Task<MembershipResult> ChangeMembersAsync(Configuration target, ulong onlyInTerm, CancellationToken cancellationToken);

    /// <summary>Hands leadership to <paramref name="target"/>, or to the best voter.</summary>
    Task<LeadershipTransfer> TransferLeadershipAsync(MemberId? target, CancellationToken cancellationToken);
}
