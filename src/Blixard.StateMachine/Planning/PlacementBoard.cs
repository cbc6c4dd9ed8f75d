using System.Collections.Immutable;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.StateMachine.Planning;

/// <summary>
/// What the nodes have to carry: by the state, and by what was planned since. Made for one plan, changed by it.
/// </summary>
public sealed class PlacementBoard
{
    private readonly SortedList<string, NodeLoad> _loads = new(StringComparer.Ordinal);

    public PlacementBoard(ClusterState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        foreach (var node in state.Nodes.Values)
        {
            _loads.Add(node.Name, new NodeLoad(node, state.PlacementSettings));
        }

        foreach (var vm in state.Vms.Values)
        {
            foreach (var node in CarriedBy(vm))
            {
                if (_loads.TryGetValue(node, out var load))
                {
                    load.Add(vm);
                }
            }
        }
    }

    public NodeLoad Of(string node) => _loads[node];

    public IEnumerable<NodeLoad> All => _loads.Values;

    /// <summary>From here on the VM counts there.</summary>
    public void Place(Vm vm, string node)
    {
        foreach (var load in _loads.Values)
        {
            load.Remove(vm);
        }

        _loads[node].Add(vm);
    }

    /// <summary>A managed VM weighs where it may run; one that is only observed where it runs.</summary>
    private static ImmutableArray<string> CarriedBy(Vm vm) => vm.Placement switch
    {
        null => vm.RunningOn,
        { State: PlacementState.Assigned or PlacementState.Running } placement => [placement.Node],
        { State: PlacementState.Uncertain } => [.. vm.Observations.Keys],
        _ => [],
    };
}

/// <summary>One node of a <see cref="PlacementBoard"/>.</summary>
public sealed class NodeLoad(ClusterNode node, PlacementSettings settings)
{
    private readonly SortedList<string, Vm> _vms = new(StringComparer.Ordinal);

    public ClusterNode Node { get; } = node;

    public IEnumerable<Vm> Vms => _vms.Values;

    /// <summary>Bytes that its VMs need together, as far as that is known.</summary>
    public ulong MemoryUsed { get; private set; }

    /// <summary>CPUs that its VMs have together, as far as that is known.</summary>
    public ulong VcpusUsed { get; private set; }

    /// <summary>Bytes that they may need; 0: the node has not said what it has.</summary>
    public ulong MemoryRoom { get; } = node.MemoryBytes / 100 * settings.MemoryOvercommitPercent;

    /// <summary>CPUs that they may have; 0: the node has not said what it has.</summary>
    public ulong VcpuRoom { get; } = (ulong)node.Cpus * settings.CpuOvercommitPercent / 100;

    /// <summary>Of its memory, in thousandths of what may be used.</summary>
    public ulong MemoryPermille => MemoryRoom < 1000 ? 0 : MemoryUsed / (MemoryRoom / 1000);

    public void Add(Vm vm)
    {
        ArgumentNullException.ThrowIfNull(vm);
        if (_vms.TryAdd(vm.Name, vm))
        {
            MemoryUsed += vm.MemoryBytes;
            VcpusUsed += vm.Vcpus;
        }
    }

    public void Remove(Vm vm)
    {
        ArgumentNullException.ThrowIfNull(vm);
        if (_vms.Remove(vm.Name, out var known))
        {
            MemoryUsed -= known.MemoryBytes;
            VcpusUsed -= known.Vcpus;
        }
    }

    /// <summary>Null, or why the VM does not fit in beside the others.</summary>
    public string? RefuseRoom(Vm vm)
    {
        ArgumentNullException.ThrowIfNull(vm);
        if (_vms.ContainsKey(vm.Name))
        {
            return null;
        }

        if (MemoryRoom > 0 && MemoryUsed + vm.MemoryBytes > MemoryRoom)
        {
            return $"needs {MiB(vm.MemoryBytes)} MiB, of {MiB(MemoryRoom)} MiB {MiB(MemoryUsed)} are taken";
        }

        return VcpuRoom > 0 && VcpusUsed + vm.Vcpus > VcpuRoom
            ? $"needs {vm.Vcpus} vCPUs, of {VcpuRoom} {VcpusUsed} are taken"
            : null;
    }

    /// <summary>Another VM of that group of anti-affinity that counts here; null: none.</summary>
    public string? RivalOf(Vm vm)
    {
        ArgumentNullException.ThrowIfNull(vm);
        return vm.Management is { AntiAffinity: { Length: > 0 } group }
            ? First(vm, other => other.AntiAffinity == group)
            : null;
    }

    /// <summary>Others of that group of affinity that count here.</summary>
    public int FriendsOf(Vm vm)
    {
        ArgumentNullException.ThrowIfNull(vm);
        return vm.Management is { Affinity: { Length: > 0 } group }
            ? _vms.Values.Count(other => other.Name != vm.Name && other.Management?.Affinity == group)
            : 0;
    }

    private static ulong MiB(ulong bytes) => bytes >> 20;

    private string? First(Vm vm, Func<Management, bool> isIt)
    {
        foreach (var other in _vms.Values)
        {
            if (other.Name != vm.Name && other.Management is { } management && isIt(management))
            {
                return other.Name;
            }
        }

        return null;
    }
}
