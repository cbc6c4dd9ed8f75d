using System.Text.Json.Serialization;

namespace Blixard.Client.Contracts;

/// <summary>
/// <c>GET /v1/cluster</c>: is there a leader, is the quorum safe, who lags, who is lost, which VMs need a look.
/// </summary>
public sealed record ClusterStatus
{
    /// <summary>16 hexadecimal digits, fixed at bootstrap. A string: JSON readers lose integers above 2^53.</summary>
    public required string ClusterId { get; init; }

    public string? ClusterName { get; init; }

    /// <summary>Name of the node that made this answer.</summary>
    public required string AnsweredBy { get; init; }

    /// <summary>Name of the leader as far as the answering node knows; null when it knows none.</summary>
    public string? Leader { get; init; }

    public required ulong Term { get; init; }

    /// <summary>Highest log index known committed, and applied, at the answering node.</summary>
    public required ulong CommitIndex { get; init; }
    public required ulong AppliedIndex { get; init; }

    public required QuorumStatus Quorum { get; init; }

    /// <summary>Sorted by name.</summary>
    public required IReadOnlyList<ClusterMember> Members { get; init; }

    /// <summary>
    /// The change of the members that was asked for and is not done yet, as a sentence; null: none is under way.
    /// </summary>
    public string? PendingChange { get; init; }

    public required VmSummary Vms { get; init; }

    /// <summary>
    /// VMs that are not how they should be, the worst first; at most <see cref="AttentionLimit"/> of them.
    /// <see cref="VmSummary.NeedAttention"/> counts all.
    /// </summary>
    public required IReadOnlyList<VmAttention> Attention { get; init; }

    /// <summary>Whole sentences for an operator, the most urgent first.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>True when this was answered from the local replica without a quorum's confirmation.</summary>
    public required bool Stale { get; init; }

    /// <summary>
    /// Seconds since the answering node last had contact with a leader, when stale; null if it never had.
    /// </summary>
    public double? AgeSeconds { get; init; }

    /// <summary>The status stays one screen long, however bad the day.</summary>
    public const int AttentionLimit = 20;
}

/// <summary>
/// The voters as the leader sees them; as counted from its own contacts where the answering node has no leader.
/// </summary>
public sealed record QuorumStatus
{
    public required int Voters { get; init; }

    /// <summary>Voters in contact with the leader, itself included.</summary>
    public required int Healthy { get; init; }

    /// <summary>Majority of <see cref="Voters"/>.</summary>
    public required int Needed { get; init; }

    /// <summary>At least <see cref="Needed"/> voters are healthy and there is a leader: writes are accepted.</summary>
    public required bool Safe { get; init; }

    /// <summary>How many more voters may fail before writes stop. Never negative.</summary>
    public required int Tolerates { get; init; }
}

/// <summary>One Raft member and the node it is.</summary>
public sealed record ClusterMember
{
    /// <summary>16 hexadecimal digits.</summary>
    public required string Id { get; init; }
    public required string Name { get; init; }
    public required MemberRole Role { get; init; }

    /// <summary>What it is in the cluster's configuration, whether it answers or not.</summary>
    public MembershipKind Membership { get; init; }

    /// <summary>It leads, as far as the answering node knows.</summary>
    public bool Leader { get; init; }

    /// <summary>
    /// A change of it that is under way: <c>the promotion of node n4, since 12 s, asked through n1</c>; null: none.
    /// </summary>
    public string? Pending { get; init; }
    public required NodeStatus Status { get; init; }

    /// <summary>
    /// What its disk keeps it from: <c>repairing</c> (it lost what it had stored and does not vote until it has it back),
    /// <c>low on disk space</c> (it takes no proposals), or both; null: nothing. Only the leader knows it of others.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Trouble { get; init; }

    /// <summary><c>host:port</c>.</summary>
    public string? RaftAddress { get; init; }
    public string? ApiAddress { get; init; }
    public string? Version { get; init; }

    /// <summary>
    /// Highest index known stored at that member. Null where only the leader knows and another node answers.
    /// </summary>
    public ulong? MatchIndex { get; init; }

    /// <summary>Entries behind the leader's last one; null when unknown.</summary>
    public ulong? Lag { get; init; }

    /// <summary>Seconds since the leader heard from that member; 0 for the leader itself, null when unknown.</summary>
    public double? LastContactSeconds { get; init; }
}

[JsonConverter(typeof(CamelCaseEnumConverter<MemberRole>))]
public enum MemberRole
{
    Unknown = 0,
    Leader,
    Follower,
    Candidate,
    Learner,

    /// <summary>In no configuration; follows what any member tells it.</summary>
    Observer,
}

/// <summary>A member's part in the log.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<MembershipKind>))]
public enum MembershipKind
{
    /// <summary>Not known to the answering node.</summary>
    Unknown = 0,

    /// <summary>Counts for every decision.</summary>
    Voter,

    /// <summary>Gets the log from the leader and does not count.</summary>
    Learner,

    /// <summary>Takes the log from any member.</summary>
    Observer,

    /// <summary>Counts until the change that is under way is committed, and no longer.</summary>
    Leaving,
}

/// <summary>What the replicated state holds of a node; <see cref="Lost"/> = no answer to the leader for 3 s.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<NodeStatus>))]
public enum NodeStatus
{
    Unknown = 0,
    Active,
    Suspect,
    Draining,
    Fenced,
    Lost,
}
