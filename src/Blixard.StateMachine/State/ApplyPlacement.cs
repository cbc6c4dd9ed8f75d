using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.State;

/// <summary>
/// AssignVM and ReportStopped: where a VM may run, and the proof that it does not run there any more.
/// </summary>
internal static class ApplyPlacement
{
    /// <summary>
    /// Nothing starts without the proof that the copy before it can't run: whatever the leader thinks.
    /// </summary>
    public static CommandResult Assign(StateEdit edit, AssignVM body)
    {
        if (ApplyManagement.Find(edit, body.Vm, out var vm) is { } refused)
        {
            return refused;
        }

        var placement = vm.Placement!;
        if (placement.Generation != body.Replaces)
        {
            return new Rejected(
                RejectionReason.GenerationMismatch,
                $"VM {vm.Name} is in generation {placement.Generation}, not {body.Replaces}");
        }

        if (vm.Management!.Desired != DesiredState.Running)
        {
            return new Rejected(RejectionReason.NotDesired, $"VM {vm.Name} is to be stopped");
        }

        if ((Targets.Refuse(edit.Before, vm, body.Node) ?? Targets.RefuseCopy(edit.Before, vm, body.Node)) is { } unfit)
        {
            return unfit;
        }

        var node = edit.Before.Nodes[body.Node];
        if (node.Lease.Epoch != body.Epoch)
        {
            return new Rejected(
                RejectionReason.EpochMismatch, $"node {node.Name} is in epoch {node.Lease.Epoch}, not {body.Epoch}");
        }

        var source = edit.Before.Nodes.GetValueOrDefault(placement.Node);
        edit.Put(
            vm with
            {
                Placement = new Placement
                {
                    Generation = edit.Index,
                    Node = node.Name,
                    State = PlacementState.Assigned,

                    // It can only start behind the gate; until the promise begins a fence proves nothing all the same.
                    GatedGeneration = vm.Policy == FailoverPolicy.Strict ? edit.Index : 0,
                    Reason = body.Reason,
                    Since = edit.Now,
                    DrainedFrom = DrainedFrom(placement, source, node),
                },
            },
            $"assigned to {node.Name}: {body.Reason}");
        return edit.Applied();
    }

    public static CommandResult Stopped(StateEdit edit, ReportStopped body)
    {
        if (FindReported(edit, body.Vm, body.Generation, body.Node, body.Epoch, body.BootId, out var vm, out var node)
            is { } refused)
        {
            return refused;
        }

        var placement = vm.Placement!;
        if (placement.State is PlacementState.Assigned or PlacementState.Running)
        {
            edit.Put(
                vm with
                {
                    Placement = placement with
                    {
                        State = PlacementState.StoppedConfirmed,
                        Reason = $"stopped on {node.Name}",
                        Since = edit.Now,
                    },
                },
                $"stopped and revoked by {node.Name}");
        }

        return edit.Applied();
    }

    /// <summary>
    /// A node's word about a generation counts only if all of it fits: a word of before a fence, of before a reboot
    /// or of an earlier generation proves nothing.
    /// </summary>
    public static Rejected? FindReported(
        StateEdit edit,
        string name,
        ulong generation,
        string nodeName,
        ulong epoch,
        string bootId,
        out Vm vm,
        out ClusterNode node)
    {
        node = null!;
        if (ApplyManagement.Find(edit, name, out vm) is { } refused)
        {
            return refused;
        }

        if (edit.Command.Actor != nodeName)
        {
            return Refusals.NotYours(edit.Command.Actor, nodeName);
        }

        if (!edit.Before.Nodes.TryGetValue(nodeName, out node!))
        {
            return Refusals.NodeNotFound(nodeName);
        }

        if (node.Lease.Epoch != epoch || node.Lease.BootId != bootId || !node.Lease.IsHeld)
        {
            return new(
                RejectionReason.EpochMismatch,
                $"node {nodeName} is {node.Lease.Standing} in epoch {node.Lease.Epoch}, this is of epoch {epoch} of "
                    + (node.Lease.BootId == bootId ? "this boot" : "another boot"));
        }

        var placement = vm.Placement!;
        return placement.Node == nodeName && placement.Generation == generation ? null : new(
            RejectionReason.GenerationMismatch,
            $"VM {vm.Name} is in generation {placement.Generation} on {placement.Node}, this is of {generation} on "
                + nodeName);
    }

    /// <summary>Whether it runs where it is placed, as the node last said. Decides nothing.</summary>
    public static Vm Observed(Vm vm, NodeObservation observation)
    {
        if (vm.Placement is not { State: PlacementState.Assigned or PlacementState.Running } placement
            || placement.Node != observation.Node)
        {
            return vm;
        }

        var state = observation.Running ? PlacementState.Running : PlacementState.Assigned;
        return placement.State == state ? vm : vm with { Placement = placement with { State = state } };
    }

    /// <summary>Where it may return to once the drain is over.</summary>
    private static string DrainedFrom(Placement placement, ClusterNode? source, ClusterNode target)
    {
        var origin = placement.DrainedFrom.Length > 0 ? placement.DrainedFrom
            : source is { Drain: not null } ? source.Name
            : "";
        return origin == target.Name ? "" : origin;
    }
}
