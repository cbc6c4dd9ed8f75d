using Blixard.Raft.Core;

namespace Blixard.Raft.Host;

/// <summary>What the loop of <see cref="RaftHost"/> is told; it alone touches the core.</summary>
internal abstract record HostEvent;

/// <param name="Missed">Ticks that should have come before it and did not.</param>
internal sealed record TickPassed(int Missed) : HostEvent
{
    public static TickPassed InTime { get; } = new(0);
}

/// <param name="Message">From a peer, or from the host itself.</param>
/// <param name="Bytes">Its payload as counted in the bounds of the inbox; null: it was not counted.</param>
internal sealed record MessageCame(Message Message, long? Bytes = null) : HostEvent;

internal sealed record ProposalMade(
    ReadOnlyMemory<byte> Command, ulong? OnlyInTerm, IProposalAnswer Answer) : HostEvent;

internal sealed record ReadAsked(TaskCompletionSource<ulong> Answer) : HostEvent;

internal sealed record BatchPersisted(ulong Batch) : HostEvent;

/// <summary>The persist worker looked at the space on its disk.</summary>
internal sealed record SpaceChecked(long FreeBytes, bool IsLow) : HostEvent;

internal sealed record SnapshotSaved(SnapshotMeta Snapshot) : HostEvent;

internal sealed record SnapshotSent(MemberId Peer, ulong Index, bool Delivered) : HostEvent;

/// <summary>The state machine has come to an index at which all members compare.</summary>
internal sealed record StateDigested(ulong Index, ulong EntryTerm, ulong Digest) : HostEvent;

/// <summary>The stored one is damaged: take a new one now.</summary>
internal sealed record SnapshotWanted : HostEvent
{
    public static SnapshotWanted Instance { get; } = new();
}

/// <summary>Something after which the member must end.</summary>
internal sealed record MemberFailed(Exception Error) : HostEvent;

internal sealed record PeerUnreachable(MemberId Peer) : HostEvent;

internal sealed record PeerDisconnected(MemberId Peer) : HostEvent;

internal sealed record TransferAsked(MemberId? Target, TaskCompletionSource<LeadershipTransfer> Answer) : HostEvent;

internal sealed record MembersAsked(
    Configuration Target, ulong OnlyInTerm, TaskCompletionSource<MembershipResult> Answer) : HostEvent;
