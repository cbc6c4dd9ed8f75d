using Blixard.StateMachine.State.Images;

namespace Blixard.StateMachine.State;

/// <summary>
/// What the cluster keeps of its own with a VM, in a snapshot. Left out, a replica restored from it would start a VM
/// that may be running.
/// </summary>
internal static class ManagementImages
{
    public static ManagementImage? Of(Management? management)
    {
        if (management is null)
        {
            return null;
        }

        var image = new ManagementImage
        {
            Index = management.Index,
            Policy = management.Policy,
            PromisedAt = management.PromisedAt,
            Desired = management.Desired,
            Priority = management.Priority,
            Affinity = management.Affinity,
            AntiAffinity = management.AntiAffinity,
            MemoryBytes = management.MemoryBytes,
            Vcpus = management.Vcpus,
            Storage = management.Storage,
            MaxRestarts = management.MaxRestarts,
        };
        image.Candidates.AddRange(management.Candidates);
        image.Gates.AddRange(management.Gates.Select(gate => new GateImage
        {
            Node = gate.Key,
            ManageIndex = gate.Value.ManageIndex,
            BootId = gate.Value.BootId,
        }));
        return image;
    }

    public static Management? Read(ManagementImage? image) => image is null ? null : new Management
    {
        Index = image.Index,
        Policy = image.Policy,
        PromisedAt = image.PromisedAt,
        Desired = image.Desired,
        Candidates = Ordinal.Set.Union(image.Candidates),
        Priority = image.Priority,
        Affinity = image.Affinity,
        AntiAffinity = image.AntiAffinity,
        MemoryBytes = image.MemoryBytes,
        Vcpus = image.Vcpus,
        Storage = image.Storage,
        MaxRestarts = image.MaxRestarts,
        Gates = Ordinal.Map<GateRecord>().AddRange(image.Gates.Select(
            gate => KeyValuePair.Create(gate.Node, new GateRecord(gate.ManageIndex, gate.BootId)))),
    };

    public static PlacementImage? Of(Placement? placement) => placement is null ? null : new PlacementImage
    {
        Generation = placement.Generation,
        Node = placement.Node,
        State = (uint)placement.State,
        GatedGeneration = placement.GatedGeneration,
        Reason = placement.Reason,
        Since = placement.Since,
        DrainedFrom = placement.DrainedFrom,
    };

    public static Placement? Read(PlacementImage? image) => image is null ? null : new Placement
    {
        Generation = image.Generation,
        Node = image.Node,
        State = (PlacementState)image.State,
        GatedGeneration = image.GatedGeneration,
        Reason = image.Reason,
        Since = image.Since,
        DrainedFrom = image.DrainedFrom,
    };

    public static OperationImage? Of(Operation? operation) => operation is null ? null : new OperationImage
    {
        Index = operation.Index,
        Kind = operation.Kind,
        State = (uint)operation.State,
        Target = operation.Target,
        Generation = operation.Generation,
        Actor = operation.Actor,
        Reason = operation.Reason,
        Since = operation.Since,
        EndedAt = operation.EndedAt,
        Detail = operation.Detail,
    };

    public static Operation? Read(OperationImage? image) => image is null ? null : new Operation
    {
        Index = image.Index,
        Kind = image.Kind,
        State = (OperationState)image.State,
        Target = image.Target,
        Generation = image.Generation,
        Actor = image.Actor,
        Reason = image.Reason,
        Since = image.Since,
        EndedAt = image.EndedAt,
        Detail = image.Detail,
    };
}
