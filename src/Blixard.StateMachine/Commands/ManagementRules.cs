using System.Collections.Immutable;
using Google.Protobuf.Collections;

namespace Blixard.StateMachine.Commands;

/// <summary>The form of the commands about managed VMs.</summary>
internal static class ManagementRules
{
    public static string? Check(ManageVM body) =>
        Rules.Name("vm", body.Vm)
        ?? Rules.OptionalName("node", body.Node)
        ?? (body.Policy is >= FailoverPolicy.None and <= FailoverPolicy.Strict
            ? null
            : $"policy {Rules.Number((long)body.Policy)} is none of none (1), manual (2) and strict (3)")
        ?? Desired(body.Desired)
        ?? Candidates(body.Candidates)
        ?? Rules.OptionalName("affinity", body.Affinity)
        ?? Rules.OptionalName("anti_affinity", body.AntiAffinity)
        ?? (body.Affinity.Length > 0 && body.Affinity == body.AntiAffinity
            ? $"affinity and anti_affinity are both {body.Affinity}"
            : null)
        ?? Rules.Figure("memory_bytes", given: true, body.MemoryBytes)
        ?? Storage(body.Storage);

    public static string? Check(UnmanageVM body) =>
        Rules.Name("vm", body.Vm) ?? Rules.Text("reason", body.Reason, CommandValidator.MaxReasonLength);

    public static string? Check(SetDesiredState body) =>
        Rules.Name("vm", body.Vm)
        ?? Desired(body.Desired)
        ?? Rules.Text("reason", body.Reason, CommandValidator.MaxReasonLength);

    public static string? Check(AssignVM body, ulong decidedTerm) =>
        (decidedTerm == 0 ? "a VM is assigned by the leader: decided_term is missing" : null)
        ?? Rules.Name("vm", body.Vm)
        ?? Rules.Name("node", body.Node)
        ?? Number("epoch", body.Epoch)
        ?? Number("replaces", body.Replaces)
        ?? Rules.Text("reason", body.Reason, CommandValidator.MaxReasonLength);

    public static string? Check(GateInstalled body)
    {
        var problem = Rules.Name("node", body.Node)
            ?? Rules.RequiredText("boot_id", body.BootId, 64)
            ?? Rules.Count("gates", body.Gates.Count, CommandValidator.MaxGates);
        var seen = ImmutableSortedSet.CreateBuilder<string>(StringComparer.Ordinal);
        foreach (var gate in body.Gates)
        {
            problem ??= Rules.Name("vm", gate.Vm)
                ?? Number($"manage_index of VM {gate.Vm}", gate.ManageIndex)
                ?? (seen.Add(gate.Vm) ? null : $"VM {gate.Vm} is listed twice");
        }

        return problem;
    }

    public static string? Check(ReportGated body) =>
        Report(body.Vm, body.Generation, body.Node, body.Epoch, body.BootId);

    public static string? Check(ReportStopped body) =>
        Report(body.Vm, body.Generation, body.Node, body.Epoch, body.BootId);

    public static string? Check(BeginOperation body) =>
        Rules.Name("vm", body.Vm)
        ?? (body.Kind is >= OperationKind.Start and <= OperationKind.Move
            ? null
            : $"kind {Rules.Number((long)body.Kind)} is no operation")
        ?? Rules.OptionalName("node", body.Node)
        ?? (body.Node.Length > 0 && body.Kind != OperationKind.Move ? "only a move has a node" : null)
        ?? Rules.Text("reason", body.Reason, CommandValidator.MaxReasonLength);

    public static string? Check(SettleOperation body) =>
        Rules.Name("vm", body.Vm)
        ?? Number("operation", body.Operation)
        ?? Rules.Text("refused", body.Refused, CommandValidator.MaxMessageLength);

    public static string? Check(SetSettings body) =>
        Percent("memory_overcommit_percent", body.HasMemoryOvercommitPercent, body.MemoryOvercommitPercent)
        ?? Percent("cpu_overcommit_percent", body.HasCpuOvercommitPercent, body.CpuOvercommitPercent)
        ?? (body.HasStrategy && body.Strategy is not (PlacementStrategy.Spread or PlacementStrategy.Pack)
            ? $"strategy {Rules.Number((long)body.Strategy)} is neither spread (1) nor pack (2)"
            : null)
        ?? (body.HasMaxMoving && body.MaxMoving is 0 or > 1000
            ? $"max_moving {Rules.Number(body.MaxMoving)} is not between 1 and 1000"
            : null);

    public static string? Storage(StorageKind storage) =>
        storage is >= StorageKind.Unknown and <= StorageKind.SharedCached
            ? null
            : $"storage {Rules.Number((long)storage)} is no kind of storage";

    private static string? Report(string vm, ulong generation, string node, ulong epoch, string bootId) =>
        Rules.Name("vm", vm)
        ?? Number("generation", generation)
        ?? Rules.Name("node", node)
        ?? Number("epoch", epoch)
        ?? Rules.RequiredText("boot_id", bootId, 64);

    private static string? Desired(DesiredState desired) =>
        desired is DesiredState.Running or DesiredState.Stopped
            ? null
            : $"desired {Rules.Number((long)desired)} is neither running (1) nor stopped (2)";

    private static string? Candidates(RepeatedField<string> candidates)
    {
        var problem = Rules.Count("candidates", candidates.Count, CommandValidator.MaxCandidates);
        var seen = ImmutableSortedSet.CreateBuilder<string>(StringComparer.Ordinal);
        foreach (var candidate in candidates)
        {
            problem ??= Rules.Name("candidate", candidate)
                ?? (seen.Add(candidate) ? null : $"candidate {candidate} is listed twice");
        }

        return problem;
    }

    private static string? Percent(string what, bool given, uint percent) => given && percent is < 10 or > 10_000
        ? $"{what} {Rules.Number(percent)} is not between 10 and 10000"
        : null;

    private static string? Number(string what, ulong value) =>
        value is 0 or > long.MaxValue ? $"{what} is missing" : null;
}
