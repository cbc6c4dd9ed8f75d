using System.Collections.Immutable;
using Google.Protobuf.Collections;

namespace Blixard.StateMachine.Commands;

/// <summary>The form of the commands about nodes.</summary>
internal static class NodeRules
{
    public static string? Check(RegisterNode body) =>
        Rules.Name("node", body.Node)
        ?? (body.MemberId == 0 ? "member_id is missing" : null)
        ?? Rules.RequiredText("boot_id", body.BootId, 64)
        ?? Rules.Text("api_address", body.ApiAddress, Rules.MaxAddressLength)
        ?? Rules.Text("raft_address", body.RaftAddress, Rules.MaxAddressLength)
        ?? Rules.Text("version", body.Version, 64)
        ?? Labels(body.Labels)
        ?? Rules.Figure("memory_bytes", given: true, body.MemoryBytes);

    public static string? Check(UpdateNode body, ulong decidedTerm) =>
        Rules.Name("node", body.Node)
        ?? (body.HasStatus ? Status(body.Status, decidedTerm) : null)
        ?? Rules.Text("reason", body.Reason, CommandValidator.MaxReasonLength)
        ?? Rules.Text("api_address", body.ApiAddress, Rules.MaxAddressLength)
        ?? Rules.Text("raft_address", body.RaftAddress, Rules.MaxAddressLength)
        ?? Rules.Text("version", body.Version, 64)
        ?? (body.Labels is { } labels ? Labels(labels.Labels) : null)
        ?? (body.HasKillBudgetMs ? LeaseRules.KillBudget(body.KillBudgetMs) : null)
        ?? (body.HasWatchdogMs ? LeaseRules.Watchdog(body.WatchdogMs) : null);

    public static string? Check(UpdateMonitoringAssignments body, ulong decidedTerm)
    {
        var problem = (decidedTerm == 0 ? "monitoring is assigned by the leader: decided_term is missing" : null)
            ?? Rules.Count("assignments", body.Assignments.Count, CommandValidator.MaxAssignments);
        var seen = ImmutableSortedSet.CreateBuilder<string>(StringComparer.Ordinal);
        foreach (var assignment in body.Assignments)
        {
            problem ??= Rules.Name("vm", assignment.Vm)
                ?? Rules.OptionalName("node", assignment.Node)
                ?? (seen.Add(assignment.Vm) ? null : $"VM {assignment.Vm} is listed twice");
        }

        return problem;
    }

    private static string? Status(NodeStatus status, ulong decidedTerm) => status switch
    {
        not (NodeStatus.Active or NodeStatus.Lost) =>
            $"UpdateNode can't set status {Rules.Number((long)status)}: only Active (1) or Lost (5)",
        _ when decidedTerm == 0 => "a node's status is decided by the leader: decided_term is missing",
        _ => null,
    };

    private static string? Labels(RepeatedField<Label> labels)
    {
        var problem = Rules.Count("labels", labels.Count, CommandValidator.MaxLabels);
        var seen = ImmutableSortedSet.CreateBuilder<string>(StringComparer.Ordinal);
        foreach (var label in labels)
        {
            problem ??= Rules.Name("label", label.Key)
                ?? Rules.RequiredText($"value of label {label.Key}", label.Value, 255)
                ?? (seen.Add(label.Key) ? null : $"label {label.Key} is listed twice");
        }

        return problem;
    }
}
