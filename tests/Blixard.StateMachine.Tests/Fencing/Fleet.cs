using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.StateMachine.Tests.Fencing;

/// <summary>Three nodes with leases in epoch 1, and VMs that are defined on all of them.</summary>
internal static class Fleet
{
    public static readonly string[] Nodes = ["n1", "n2", "n3"];

    public static Replica Of(params string[] nodes)
    {
        var replica = Replica.With(nodes.Length == 0 ? Nodes : nodes);
        foreach (var node in replica.State.Nodes.Keys)
        {
            replica.Do(Make.Rejoin(node, 1));
        }

        return replica;
    }

    /// <summary>Defined everywhere, running on that node, seen by all, and not managed.</summary>
    public static void Define(this Replica replica, string vm, string node)
    {
        foreach (var name in replica.State.Nodes.Keys)
        {
            replica.Do(Make.RegisterVM(vm, name, name == node ? VmState.Running : VmState.Stopped));
        }
    }

    /// <summary>Managed, with all of its gates, and in the strict slice if it is strict.</summary>
    /// <returns>Its generation.</returns>
    public static ulong Promise(this Replica replica, string vm, string node, FailoverPolicy policy)
    {
        replica.Define(vm, node);
        var index = replica.Do(Make.Manage(vm, node, policy)).State.Index;
        replica.GateAll(vm);
        if (policy == FailoverPolicy.Strict)
        {
            replica.Do(Make.Gated(vm, index, node, replica.Node(node).Lease.Epoch));
        }

        return index;
    }

    public static void GateAll(this Replica replica, string vm)
    {
        foreach (var node in replica.State.Nodes.Values)
        {
            if (node.Lease.IsHeld)
            {
                replica.Do(Make.Gate(node.Name, node.Lease.BootId, (vm, replica.Vm(vm).Management!.Index)));
            }
        }
    }

    public static void Fence(this Replica replica, string node)
    {
        var epoch = replica.Node(node).Lease.Epoch;
        var suspect = replica.Do(Make.Suspect(node, epoch)).State.Index;
        replica.Do(Make.Fence(node, epoch, suspect));
    }

    public static Placement Place(this Replica replica, string vm) => replica.Vm(vm).Placement!;
}
