using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.Node.Fencing;

/// <summary>What the replicated state wants of this host for one managed VM. Pure.</summary>
internal static class ManagedVms
{
    /// <summary>As the gate must know it: strict only from the moment at which that is promised.</summary>
    public static GatePolicy PolicyOf(Vm vm) => vm.Policy switch
    {
        FailoverPolicy.Strict => GatePolicy.Strict,
        FailoverPolicy.Manual => GatePolicy.Manual,
        _ => GatePolicy.None,
    };

    /// <summary>All that the gate of every host must know.</summary>
    public static IEnumerable<(string Vm, GatePolicy Policy)> ListOf(ClusterState state) =>
        state.Vms.Values.Where(vm => vm.Management is not null).Select(vm => (vm.Name, PolicyOf(vm)));

    /// <summary>Its units lie in the strict slice: also while the promise has not begun, so that it can.</summary>
    public static bool WantsStrictSlice(Vm vm) => vm.Management?.Policy == FailoverPolicy.Strict;

    /// <summary>This node may run the VM's generation of now.</summary>
    public static bool IsHere(Vm vm, string node) =>
        vm.Placement is { State: PlacementState.Assigned or PlacementState.Running } placement
        && placement.Node == node;

    /// <summary>It is to be ended here for good, so that it may run elsewhere or not at all.</summary>
    public static bool MustEnd(Vm vm, string node) =>
        IsHere(vm, node)
        && (vm.Management!.Desired == DesiredState.Stopped
            || (vm.Operation is { IsPending: true, Kind: OperationKind.Move } move
                && move.Generation == vm.Placement!.Generation));

    /// <summary>The grant by which it may start here; null: it may not.</summary>
    public static Grant? GrantOf(ClusterState state, Vm vm, string node) =>
        IsHere(vm, node) && !MustEnd(vm, node) && state.Nodes.TryGetValue(node, out var self) && self.Lease.IsHeld
            ? new(vm.Name, PolicyOf(vm), vm.Placement!.Generation, self.Lease.Epoch)
            : null;
}
