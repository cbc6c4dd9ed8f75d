using Blixard.StateMachine.Commands;
using Blixard.StateMachine.Fencing;

namespace Blixard.StateMachine.State;

/// <summary>What must be so before a VM may fail over by itself.</summary>
public static class Strictness
{
    /// <summary>Null, or why the VM must not be strict.</summary>
    /// <param name="vm">With its <see cref="Vm.Management"/> as it is to be.</param>
    /// <param name="state">The nodes.</param>
    public static string? Refuse(ClusterState state, Vm vm)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(vm);
        foreach (var observation in vm.Observations.Values)
        {
            if (observation.UserService)
            {
                return $"VM {vm.Name} is a user's unit on {observation.Node}: "
                    + "those are outside the fence, never strict";
            }
        }

        if (RefuseStorage(vm) is { } unsafeStorage)
        {
            return unsafeStorage;
        }

        foreach (var node in state.Nodes.Values)
        {
            if (node.Lease.Epoch > 0 && MayRunOn(vm, node.Name) && RefuseKill(vm, node) is { } tooSlow)
            {
                return tooSlow;
            }
        }

        return vm.MemoryBytes == 0
            ? $"the memory of VM {vm.Name} is not known, and with it how long it takes to die: declare it"
            : null;
    }

    /// <summary>Null, or why this node can't kill the VM within its budget.</summary>
    public static string? RefuseKill(Vm vm, ClusterNode node)
    {
        ArgumentNullException.ThrowIfNull(vm);
        ArgumentNullException.ThrowIfNull(node);
        var needed = FencingBudget.KillNeededMs(vm.MemoryBytes);
        return node.Lease.KillBudgetMs >= needed
            ? null
            : $"node {node.Name} has a kill budget of {node.Lease.KillBudgetMs} ms, VM {vm.Name} needs "
                + Rules.Number(needed);
    }

    /// <summary>Where its volumes lie: as declared, unless a node sees worse.</summary>
    public static StorageKind StorageOf(Vm vm)
    {
        ArgumentNullException.ThrowIfNull(vm);
        var declared = vm.Management?.Storage ?? StorageKind.Unknown;
        var observed = StorageKind.Unknown;
        foreach (var observation in vm.Observations.Values)
        {
            var seen = observation.Facts?.Storage ?? StorageKind.Unknown;
            observed = Rank(seen) > Rank(observed) ? seen : observed;
        }

        return declared == StorageKind.SharedFenced
            || (declared != StorageKind.Unknown && Rank(declared) >= Rank(observed))
            ? declared
            : observed;
    }

    private static string? RefuseStorage(Vm vm) => StorageOf(vm) switch
    {
        StorageKind.Unknown =>
            $"where the volumes of VM {vm.Name} lie is not known, and with it whether a kill ends its writes: "
                + "declare it",
        StorageKind.SharedCached =>
            $"VM {vm.Name} writes through its host's cache to shared storage: a kill does not end those writes, "
                + "it needs O_DIRECT volumes or a hook in the storage",
        _ => null,
    };

    private static bool MayRunOn(Vm vm, string node) =>
        vm.Management is { Candidates: { IsEmpty: false } candidates }
            ? candidates.Contains(node)
            : vm.IsDefinedOn(node);

    private static int Rank(StorageKind storage) => storage switch
    {
        StorageKind.Unknown => 0,
        StorageKind.Local => 1,
        StorageKind.SharedDirect or StorageKind.SharedFenced => 2,
        _ => 3,
    };
}
