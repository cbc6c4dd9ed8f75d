using System.Collections.Immutable;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.StateMachine.Planning;

/// <summary>
/// Which node judges which VM from outside. Round-robin over the active nodes in order of name: counts differ by at
/// most one, and only surplus and orphaned VMs move. Time plays no part in it.
/// </summary>
public static class MonitorAssignment
{
    /// <summary>
    /// The changes to propose; null if all is well, or if no node is active and there is nobody to assign.
    /// </summary>
    public static UpdateMonitoringAssignments? Plan(ClusterState state)
    {
        var loads = Loads(state, out var unassigned);
        if (loads.Length == 0)
        {
            return null;
        }

        var (each, extra) = int.DivRem(state.Vms.Count, loads.Length);

        // Whoever has most already keeps the odd ones: that moves least.
        foreach (var load in loads
            .OrderByDescending(load => load.Vms.Count)
            .ThenBy(load => load.Node, StringComparer.Ordinal))
        {
            load.Quota = extra-- > 0 ? each + 1 : each;
            unassigned.AddRange(load.TakeSurplus());
        }

        unassigned.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        return unassigned.Count == 0 ? null : DealOut(unassigned, loads);
    }

    private static ImmutableArray<Load> Loads(ClusterState state, out List<Vm> orphans)
    {
        var byNode = Ordinal.Map<Load>().ToBuilder();
        foreach (var node in state.Nodes.Values)
        {
            if (node.Status == NodeStatus.Active)
            {
                byNode.Add(node.Name, new Load(node.Name));
            }
        }

        orphans = [];
        foreach (var vm in state.Vms.Values)
        {
            var vms = vm.Monitor is { } monitor && byNode.TryGetValue(monitor, out var load) ? load.Vms : orphans;
            vms.Add(vm);
        }

        return [.. byNode.Values];
    }

    private static UpdateMonitoringAssignments DealOut(List<Vm> vms, ImmutableArray<Load> loads)
    {
        var plan = new UpdateMonitoringAssignments();
        var next = 0;
        foreach (var vm in vms)
        {
            var chosen = Choose(vm, loads, next);
            next = (chosen + 1) % loads.Length;
            loads[chosen].Vms.Add(vm);
            plan.Assignments.Add(
                new UpdateMonitoringAssignments.Types.Assignment { Vm = vm.Name, Node = loads[chosen].Node });
        }

        return plan;
    }

    /// <summary>The next node with room that does not run the VM itself: it is to be judged from outside.</summary>
    private static int Choose(Vm vm, ImmutableArray<Load> loads, int next)
    {
        var location = vm.Location;
        var own = -1;
        for (var i = 0; i < loads.Length; i++)
        {
            var candidate = (next + i) % loads.Length;
            if (!loads[candidate].HasRoom)
            {
                continue;
            }

            if (loads[candidate].Node != location)
            {
                return candidate;
            }

            own = candidate;
        }

        return own;
    }

    private sealed class Load(string node)
    {
        public string Node { get; } = node;

        /// <summary>By name.</summary>
        public List<Vm> Vms { get; } = [];

        public int Quota { get; set; }

        public bool HasRoom => Vms.Count < Quota;

        public List<Vm> TakeSurplus()
        {
            var keep = Math.Min(Quota, Vms.Count);
            var surplus = Vms.GetRange(keep, Vms.Count - keep);
            Vms.RemoveRange(keep, surplus.Count);
            return surplus;
        }
    }
}
