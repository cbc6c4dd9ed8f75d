using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.State;

/// <summary>
/// What must be so of a node and a VM before the VM is assigned to it. Asked by Apply of every AssignVM, and by the
/// planner before it proposes one; what is only preferred is the planner's alone.
/// </summary>
public static class Targets
{
    /// <summary>Null, or why the managed VM must not be assigned to this node.</summary>
    public static Rejected? Refuse(ClusterState state, Vm vm, string name)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(vm);
        if (vm.Management is not { } management || vm.Placement is not { } placement)
        {
            return new(RejectionReason.NotManaged, $"VM {vm.Name} is not managed");
        }

        if (!state.Nodes.TryGetValue(name, out var node))
        {
            return Refusals.NodeNotFound(name);
        }

        if (!vm.IsDefinedOn(name))
        {
            return new(RejectionReason.NotDefinedHere, $"VM {vm.Name} is not defined on {name}");
        }

        if (!management.Candidates.IsEmpty && !management.Candidates.Contains(name))
        {
            return new(RejectionReason.NotCandidate, $"{name} is not among the candidates of VM {vm.Name}");
        }

        if (management.Policy == FailoverPolicy.None && name != placement.Node)
        {
            return new(RejectionReason.NotCandidate, $"VM {vm.Name} has the policy none: it stays on {placement.Node}");
        }

        if (state.Membership.Pending is { Kind: MembershipChangeKind.Remove } removal && removal.Node == name)
        {
            return new(RejectionReason.NotCandidate, $"node {name} is being removed");
        }

        if (node.Lease.Standing != LeaseStanding.Active)
        {
            return Refusals.LeaseUnfit(node);
        }

        if (node.Drain is not null)
        {
            return new(RejectionReason.NotCandidate, $"node {name} is drained");
        }

        if (!Gates.IsCurrent(management, node))
        {
            return new(RejectionReason.GateMissing, $"node {name} has no gate for VM {vm.Name} in this boot");
        }

        return management.Policy == FailoverPolicy.Strict && Strictness.RefuseKill(vm, node) is { } slow
            ? new(RejectionReason.Unsafe, slow)
            : null;
    }

    /// <summary>Null, or why a new copy of the VM must not be started anywhere yet.</summary>
    /// <param name="state">The nodes.</param>
    /// <param name="vm">Managed.</param>
    /// <param name="target">Where the new copy would be.</param>
    public static Rejected? RefuseCopy(ClusterState state, Vm vm, string target)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(vm);
        var placement = vm.Placement!;
        if (placement.State is PlacementState.Assigned or PlacementState.Running)
        {
            return Refusals.StillHeld(vm);
        }

        foreach (var claim in vm.RefusedClaims.Keys)
        {
            if (claim != target)
            {
                return new(RejectionReason.RunningElsewhere, $"{claim} says that it runs VM {vm.Name}");
            }
        }

        var uncertain = placement.State == PlacementState.Uncertain;
        foreach (var observation in vm.Observations.Values)
        {
            // Stopped or fenced where it was placed: that is a proof, and what was observed may be older.
            var proven = !uncertain && observation.Node == placement.Node;
            if (!proven && observation.Node != target
                && RefuseOther(state, vm, observation, uncertain) is { } other)
            {
                return other;
            }
        }

        return null;
    }

    private static Rejected? RefuseOther(ClusterState state, Vm vm, NodeObservation observation, bool uncertain)
    {
        var standing = state.Nodes.TryGetValue(observation.Node, out var node)
            ? node.Lease.Standing
            : LeaseStanding.None;
        if (standing == LeaseStanding.Fenced)
        {
            return null;
        }

        if (!observation.Stale && Vm.AtWork(observation))
        {
            return new(RejectionReason.RunningElsewhere, $"VM {vm.Name} runs on {observation.Node}");
        }

        // After a recovery only a node's own word counts, given to this cluster.
        var unheard = observation.Stale && observation.Staleness != Staleness.Absent;
        return uncertain && (unheard || standing == LeaseStanding.Unknown)
            ? new(
                RejectionReason.StillHeld,
                $"VM {vm.Name} may run on {observation.Node}, which has not rejoined since the log was recovered")
            : null;
    }
}
