using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.State;

/// <summary>The texts that more than one command gives.</summary>
internal static class Refusals
{
    public static string VmNotFound(string vm) => $"VM {vm} not found";

    public static Rejected NodeNotFound(string node) => new(RejectionReason.NodeNotFound, $"node {node} not found");

    public static Rejected NotYours(string actor, string node) =>
        new(RejectionReason.NotYours, $"{actor} can't report for {node}: a node reports only what is its own");

    public static Rejected MemberRemoved(ulong member, RemovedMember removed) => new(
        RejectionReason.MemberRemoved,
        $"member {NodeFields.MemberText(member)} was node {removed.Node} and is removed: a removed member never comes "
            + "back, its host joins as a new one");

    public static Rejected LeaseUnfit(ClusterNode node) => new(
        RejectionReason.LeaseUnfit,
        node.Lease.Standing == LeaseStanding.None
            ? $"node {node.Name} has no lease: its host does not take part in fencing"
            : $"the lease of node {node.Name} is {node.Lease.Standing}, not Active");

    /// <summary>A process of its generation may exist.</summary>
    public static Rejected StillHeld(Vm vm) => new(
        RejectionReason.StillHeld,
        vm.Placement!.State == PlacementState.Uncertain
            ? $"VM {vm.Name} may run anywhere since the log was recovered"
            : $"VM {vm.Name} may run on {vm.Placement.Node}: it is neither stopped nor fenced there");

    /// <summary>Null, or: an operation holds the VM.</summary>
    public static Rejected? Busy(Vm vm) => vm.Operation is { IsPending: true } operation
        ? new(
            RejectionReason.OperationPending,
            $"VM {vm.Name} is held by the operation of index {operation.Index} ({operation.Kind}), which is not done")
        : null;
}
