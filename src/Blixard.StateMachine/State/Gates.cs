using System.Collections.Immutable;

namespace Blixard.StateMachine.State;

/// <summary>Which nodes are known to start a VM only with a grant.</summary>
public static class Gates
{
    /// <summary>The node has said so, in this boot and for the VM as it is managed now.</summary>
    public static bool IsCurrent(Management management, ClusterNode node)
    {
        ArgumentNullException.ThrowIfNull(management);
        ArgumentNullException.ThrowIfNull(node);
        return management.Gates.TryGetValue(node.Name, out var gate)
            && gate.ManageIndex == management.Index
            && gate.BootId == node.Lease.BootId;
    }

    /// <summary>
    /// The nodes that keep the promise from beginning: those without a gate, or with a copy of their own.
    /// </summary>
    public static ImmutableArray<string> Missing(ClusterState state, Vm vm)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(vm);
        if (vm.Management is not { } management || vm.Placement is not { } placement)
        {
            return [];
        }

        var missing = ImmutableArray.CreateBuilder<string>();
        foreach (var node in state.Nodes.Values)
        {
            var defined = vm.IsDefinedOn(node.Name);
            if (!defined && !management.Candidates.Contains(node.Name) && node.Name != placement.Node)
            {
                continue;
            }

            var second = defined && node.Name != placement.Node
                && vm.Observations[node.Name] is { Stale: false } seen && Vm.AtWork(seen);
            if (second || !IsCurrent(management, node))
            {
                missing.Add(node.Name);
            }
        }

        return missing.DrainToImmutable();
    }
}
