using System.Collections.Immutable;
using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.State;

/// <summary>One host of the cluster. Times are Unix milliseconds.</summary>
public sealed record ClusterNode
{
    public required string Name { get; init; }

    /// <summary>Its Raft member, fixed for the life of its data directory.</summary>
    public required ulong MemberId { get; init; }

    public required long RegisteredAt { get; init; }

    public string ApiAddress { get; init; } = "";

    public string RaftAddress { get; init; } = "";

    public string Version { get; init; } = "";

    /// <summary>The newest cluster version that its daemon said it knows; 0: it said nothing.</summary>
    public uint ClusterVersion { get; init; }

    /// <summary>The newest cluster version that it is known to know.</summary>
    public uint KnownClusterVersion => Math.Max(ClusterVersion, CommandVersions.Oldest);

    /// <summary>It was not only announced: it has spoken.</summary>
    public bool HasJoined => Status != NodeStatus.Unknown;

    /// <summary>For instance zone and rack.</summary>
    public ImmutableSortedDictionary<string, string> Labels { get; init; } = Ordinal.Map<string>();

    public uint Cpus { get; init; }

    public ulong MemoryBytes { get; init; }

    /// <summary>
    /// Whether the leader hears it: Active or Lost, Unknown before its first word. What its lease is worth is another
    /// question, see <see cref="Lease"/>.
    /// </summary>
    public NodeStatus Status { get; init; }

    /// <summary>Why it has this status, as whoever decided it said.</summary>
    public string StatusReason { get; init; } = "";

    public long StatusSince { get; init; }

    public string BootId { get; init; } = "";

    /// <summary>Reports of it may still be under way; they are refused.</summary>
    public string PreviousBootId { get; init; } = "";

    /// <summary>The highest applied observation_seq of <see cref="BootId"/>; 0: none yet.</summary>
    public ulong ObservationSequence { get; init; }

    /// <summary>The latest report or keep-alive that was applied, by the node's clock.</summary>
    public long LastSeen { get; init; }

    /// <summary>The latest keep-alive: as of then all its fresh observations held.</summary>
    public long ConfirmedAt { get; init; }

    /// <summary>Some observations of this node went stale with its loss and wait for its word.</summary>
    public bool AwaitsReport { get; init; }

    /// <summary>Where it stands with its lease.</summary>
    public NodeLease Lease { get; init; } = NodeLease.None;

    /// <summary>Its VMs are to move away; null: they are not.</summary>
    public NodeDrain? Drain { get; init; }

    /// <summary>Contact, lease and drain in one word, the worst first: for people.</summary>
    public NodeStatus ShownStatus => (Lease.Standing, Status) switch
    {
        (LeaseStanding.Fenced, _) => NodeStatus.Fenced,
        (LeaseStanding.Unknown, not NodeStatus.Lost) => NodeStatus.Unknown,
        (_, NodeStatus.Lost) => NodeStatus.Lost,
        (LeaseStanding.Suspect, _) => NodeStatus.Suspect,
        (_, NodeStatus.Active) when Drain is not null => NodeStatus.Draining,
        _ => Status,
    };
}
