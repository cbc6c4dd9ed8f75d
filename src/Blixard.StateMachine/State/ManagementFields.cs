using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.State;

/// <summary>The part of a VM that is the cluster's own, taken apart. Nothing for a VM that is only observed.</summary>
internal static class ManagementFields
{
    public static void Add(FieldList fields, Vm vm)
    {
        if (vm.Management is { } management)
        {
            // What holds, which a gate may change.
            fields.Text("policy", vm.Policy.ToString());
            Add(fields, management);
        }

        if (vm.Placement is { } placement)
        {
            Add(fields, placement);
        }

        if (vm.Operation is { } operation)
        {
            Add(fields, operation);
        }
    }

    private static void Add(FieldList fields, Management management)
    {
        fields.Number("management.index", (long)management.Index);
        fields.Text("management.policy", management.Policy.ToString());
        fields.Number("management.promised_at", Present(management.PromisedAt));
        fields.Text("management.desired", management.Desired.ToString());
        foreach (var candidate in management.Candidates)
        {
            fields.Flag($"management.candidates[{candidate}]", true);
        }

        fields.Number("management.priority", management.Priority);
        fields.Text("management.affinity", management.Affinity);
        fields.Text("management.anti_affinity", management.AntiAffinity);
        fields.Number("management.memory_bytes", Present(management.MemoryBytes));
        fields.Number("management.vcpus", Present(management.Vcpus));
        fields.Text(
            "management.storage", management.Storage == StorageKind.Unknown ? null : management.Storage.ToString());
        fields.Number("management.max_restarts", Present(management.MaxRestarts));
        foreach (var (node, gate) in management.Gates)
        {
            fields.Number($"gates[{node}].manage_index", (long)gate.ManageIndex);
            fields.Text($"gates[{node}].boot_id", gate.BootId);
        }
    }

    private static void Add(FieldList fields, Placement placement)
    {
        fields.Number("placement.generation", (long)placement.Generation);
        fields.Text("placement.node", placement.Node);
        fields.Text("placement.state", placement.State.ToString());
        fields.Number("placement.gated_generation", Present(placement.GatedGeneration));
        fields.Text("placement.reason", placement.Reason);
        fields.Number("placement.since", placement.Since);
        fields.Text("placement.drained_from", placement.DrainedFrom);
    }

    private static void Add(FieldList fields, Operation operation)
    {
        fields.Number("operation.index", (long)operation.Index);
        fields.Text("operation.kind", operation.Kind.ToString());
        fields.Text("operation.state", operation.State.ToString());
        fields.Text("operation.target", operation.Target);
        fields.Number("operation.generation", Present(operation.Generation));
        fields.Text("operation.actor", operation.Actor);
        fields.Text("operation.reason", operation.Reason);
        fields.Number("operation.since", operation.Since);
        fields.Number("operation.ended_at", operation.EndedAt == 0 ? null : operation.EndedAt);
        fields.Text("operation.detail", operation.Detail);
    }

    private static long? Present(ulong value) => value == 0 ? null : (long)value;
}
