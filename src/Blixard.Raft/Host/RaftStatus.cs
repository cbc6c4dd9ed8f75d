using System.Collections.Immutable;
using Blixard.Raft.Core;

namespace Blixard.Raft.Host;

/// <summary>
/// What one member knows of itself and, as leader, of the others, at one moment. Refreshed with every tick and at once
/// when leadership changes.
/// </summary>
/// <param name="Applied">Highest index given to the state machine.</param>
/// <param name="Durable">Highest index on this member's stable storage.</param>
/// <param name="First">First index still in the log.</param>
/// <param name="CanServe">This member leads and has committed an entry of its own term.</param>
public sealed record RaftStatus(
    MemberId Self,
    RaftRole Role,
    MemberId Leader,
    ulong Term,
    ulong Commit,
    ulong Applied,
    ulong Durable,
    ulong First,
    ulong Last,
    ulong SnapshotIndex,
    Configuration Configuration,
    bool CanServe,
    ImmutableArray<PeerStatus> Peers)
{
    /// <summary>The configuration in force is not committed yet, or is joint: no other change can begin.</summary>
    public bool IsChangePending { get; init; }

    /// <summary>Where the configuration came into force: the index of its entry, or of the snapshot that carries it.</summary>
    public ulong ConfigurationIndex { get; init; }

    /// <summary>As leader: whom leadership is being handed to; none when it is not.</summary>
    public MemberId TransferTarget { get; init; }

    /// <summary>
    /// Non-null: this member lost what it had acknowledged to a damaged disk, and neither votes nor leads until the
    /// leader has given it back.
    /// </summary>
    public Repair? Repair { get; init; }

    /// <summary>
    /// Non-null: at that index this member's state and another's differ, and no majority says whose is right.
    /// </summary>
    public ulong? DivergedAt { get; init; }

    /// <summary>The space on this member's disk is below its reserve: it takes no proposals.</summary>
    public bool StorageLow { get; init; }

    /// <summary>Bytes that were free on this member's disk when last looked at.</summary>
    public long FreeBytes { get; init; }

    /// <summary>For longer than an election timeout this member's disk has not finished what it was given.</summary>
    public bool DiskStalled { get; init; }

    public bool IsLeader => Role == RaftRole.Leader;
}

/// <summary>The leader's view of another member.</summary>
/// <param name="Match">Highest index known to be on its stable storage.</param>
/// <param name="SinceContact">Since anything came from it, in whole ticks.</param>
public sealed record PeerStatus(
    MemberId Member, bool IsVoter, ulong Match, ulong Next, ProgressState State, TimeSpan SinceContact)
{
    /// <summary>Heard of in this leadership, and less than an election timeout ago.</summary>
    public bool IsActive { get; init; }

    /// <summary>It says that it lost entries to a damaged disk and is not whole again.</summary>
    public bool IsRepairing { get; init; }

    /// <summary>It says that its disk is nearly full.</summary>
    public bool StorageLow { get; init; }

    /// <summary>No longer in the configuration in force; it is still told so for a while.</summary>
    public bool IsLeaving { get; init; }
}
