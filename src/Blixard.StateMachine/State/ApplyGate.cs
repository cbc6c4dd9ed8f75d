using System.Collections.Immutable;
using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.State;

/// <summary>GateInstalled and ReportGated: from when on a fence proves something about a VM.</summary>
internal static class ApplyGate
{
    public static CommandResult Installed(StateEdit edit, GateInstalled body)
    {
        if (edit.Command.Actor != body.Node)
        {
            return Refusals.NotYours(edit.Command.Actor, body.Node);
        }

        if (!edit.Before.Nodes.TryGetValue(body.Node, out var node))
        {
            return Refusals.NodeNotFound(body.Node);
        }

        if (!node.Lease.IsHeld || node.Lease.BootId != body.BootId)
        {
            return new Rejected(
                RejectionReason.EpochMismatch,
                $"node {node.Name} holds no lease in this boot: it rejoins before it speaks of its gates");
        }

        var refused = ImmutableArray.CreateBuilder<ItemRefusal>();
        foreach (var gate in body.Gates)
        {
            if (!edit.Before.Vms.TryGetValue(gate.Vm, out var vm))
            {
                refused.Add(new(gate.Vm, RejectionReason.VmNotFound, Refusals.VmNotFound(gate.Vm)));
            }
            else if (vm.Management is not { } management || management.Index != gate.ManageIndex)
            {
                refused.Add(new(
                    gate.Vm,
                    RejectionReason.GenerationMismatch,
                    $"VM {vm.Name} is not managed since index {gate.ManageIndex}"));
            }
            else
            {
                var record = new GateRecord(gate.ManageIndex, body.BootId);
                management = management with { Gates = management.Gates.SetItem(node.Name, record) };
                edit.Put(
                    Promised(edit, vm with { Management = management }, edit.Before),
                    $"gate for {vm.Name} on {node.Name}");
            }
        }

        return new Applied(edit.Index, refused.DrainToImmutable());
    }

    /// <summary>The VM, with its promise if nothing keeps it from beginning any more.</summary>
    /// <param name="edit">The command that may have brought the last gate.</param>
    /// <param name="vm">As it is to be.</param>
    /// <param name="state">The nodes as they are to be.</param>
    public static Vm Promised(StateEdit edit, Vm vm, ClusterState state) =>
        vm.Management is { PromisedAt: 0 } management && Gates.Missing(state, vm).IsEmpty
            ? vm with { Management = management with { PromisedAt = edit.Index } }
            : vm;

    public static CommandResult Gated(StateEdit edit, ReportGated body)
    {
        if (ApplyPlacement.FindReported(
            edit, body.Vm, body.Generation, body.Node, body.Epoch, body.BootId, out var vm, out var node)
            is { } refused)
        {
            return refused;
        }

        if (vm.Policy != FailoverPolicy.Strict)
        {
            return new Rejected(
                RejectionReason.GateMissing, $"VM {vm.Name} is not strict, or not every node has its gate yet");
        }

        var placement = vm.Placement!;
        if (!Gates.IsCurrent(vm.Management!, node))
        {
            return new Rejected(
                RejectionReason.GateMissing, $"node {node.Name} has no gate for VM {vm.Name} in this boot");
        }

        if (placement.State is not (PlacementState.Assigned or PlacementState.Running))
        {
            return new Rejected(
                RejectionReason.GenerationMismatch,
                $"generation {placement.Generation} of VM {vm.Name} is {placement.State}: it has ended");
        }

        edit.Put(
            vm with { Placement = placement with { GatedGeneration = placement.Generation } },
            $"in the strict slice of {node.Name}");
        return edit.Applied();
    }
}
