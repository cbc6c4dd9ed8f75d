using System.Collections.Immutable;

namespace Blixard.StateMachine.Commands;

/// <summary>
/// What a command came to: the same on every replica, and kept in the session for a proposer that asks again.
/// Closed: <see cref="Applied"/> or <see cref="Rejected"/>.
/// </summary>
public abstract record CommandResult
{
    private protected CommandResult()
    {
    }
}

/// <summary>
/// Done at log index <paramref name="Index"/> (of the first time, if this answers a duplicate). What a batch asked of
/// single VMs and did not get is in <paramref name="Refused"/>; the rest of the batch is done.
/// </summary>
public sealed record Applied(ulong Index, ImmutableArray<ItemRefusal> Refused) : CommandResult
{
    public Applied(ulong index)
        : this(index, [])
    {
    }

    public bool Equals(Applied? other) =>
        other is not null && Index == other.Index && Refused.AsSpan().SequenceEqual(other.Refused.AsSpan());

    public override int GetHashCode() => Index.GetHashCode();
}

/// <summary>Nothing of the command was done. <paramref name="Detail"/> is a sentence for people.</summary>
public sealed record Rejected(RejectionReason Reason, string Detail) : CommandResult;

/// <summary>One VM of a batch that was passed over.</summary>
public readonly record struct ItemRefusal(string Vm, RejectionReason Reason, string Detail);

/// <summary>Why. Permanent numbers: results are replicated with their session and written to snapshots.</summary>
public enum RejectionReason
{
    None = 0,

    /// <summary>The command breaks a rule of form (<see cref="CommandValidator"/>).</summary>
    Invalid = 1,

    /// <summary>The leader decided it in another term than the one it was committed in.</summary>
    TermChanged = 2,

    /// <summary>
    /// The session was never opened or is forgotten: whether the command was applied before can't be told.
    /// </summary>
    SessionExpired = 3,

    /// <summary>The session holds as many unacknowledged results as it may. Acknowledge, then send again.</summary>
    SessionFull = 4,

    /// <summary>The client said earlier that it had the answer to this sequence.</summary>
    AlreadyAcknowledged = 5,

    VmNotFound = 6,

    /// <summary>The VM is known, but this node never registered it.</summary>
    NotDefinedHere = 7,

    NodeNotFound = 8,

    /// <summary>The node is not <see cref="NodeStatus.Active"/>.</summary>
    NodeInactive = 9,

    /// <summary>Another member already has this node name, or the member another name.</summary>
    NameTaken = 10,

    /// <summary>The VM runs on two nodes: the second is not taken as a candidate, and an alarm is raised.</summary>
    RunningElsewhere = 11,

    /// <summary>A later observation of that node is already applied.</summary>
    StaleObservation = 12,

    /// <summary>A keep-alive refers to a report that never arrived: send a complete one.</summary>
    ObservationGap = 13,

    /// <summary>A node may report only what is its own.</summary>
    NotYours = 14,

    /// <summary>Another node is assigned to judge this VM.</summary>
    NotMonitor = 15,

    /// <summary>The VM has as many annotations, or as many bytes of them, as it may.</summary>
    AnnotationsFull = 16,

    /// <summary>A cluster version that a node does not know, or lower than the one the cluster has.</summary>
    ClusterVersionUnfit = 17,

    /// <summary>The client's key was used before, for another request.</summary>
    IdempotencyKeyReused = 18,

    /// <summary>What the command supersedes may have been applied or not: that is no longer known.</summary>
    OutcomeForgotten = 19,

    /// <summary>Another change of the members is under way; one at a time.</summary>
    ChangePending = 32,

    /// <summary>The change that the leader settles is not the one that is pending.</summary>
    ChangeNotPending = 33,

    /// <summary>The member was removed; its id never comes back, its host joins as a new member.</summary>
    MemberRemoved = 34,

    /// <summary>Another member listens at this address.</summary>
    AddressTaken = 35,

    /// <summary>A member has no address at which a peer could reach it.</summary>
    NoRaftAddress = 36,

    /// <summary>It is the only node of the cluster.</summary>
    LastNode = 37,

    /// <summary>The VM is only observed.</summary>
    NotManaged = 48,

    /// <summary>What was asked of a VM would not be safe; the detail says why.</summary>
    Unsafe = 49,

    /// <summary>A process of the VM's generation may exist: it is neither stopped nor fenced.</summary>
    StillHeld = 50,

    /// <summary>The node is in another epoch, or in another boot.</summary>
    EpochMismatch = 51,

    /// <summary>The node is not suspect, or of another suspicion.</summary>
    NotSuspect = 52,

    /// <summary>The node has no gate for the VM in this boot.</summary>
    GateMissing = 53,

    /// <summary>The VM is in another generation, or on another node.</summary>
    GenerationMismatch = 54,

    /// <summary>The VM may not run there.</summary>
    NotCandidate = 55,

    /// <summary>The node's lease stands otherwise than the command needs.</summary>
    LeaseUnfit = 56,

    /// <summary>Another SetTerm came since.</summary>
    TermSuperseded = 57,

    /// <summary>Another operation holds the VM.</summary>
    OperationPending = 58,

    /// <summary>The operation is not the one that is pending.</summary>
    OperationNotPending = 59,

    /// <summary>The VM is to be stopped.</summary>
    NotDesired = 60,

    /// <summary>A node that is heard can't be dead.</summary>
    StillHeard = 61,
}
