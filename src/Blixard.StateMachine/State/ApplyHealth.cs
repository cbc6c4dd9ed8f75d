using System.Collections.Immutable;
using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.State;

/// <summary>
/// UpdateMonitoringAssignments, UpdateHealth and SetHealthPolicy: who judges a VM from outside, what was found, and
/// what is made of it.
/// </summary>
internal static class ApplyHealth
{
    public static CommandResult Update(StateEdit edit, UpdateHealth body)
    {
        if (edit.Command.Actor != body.Node)
        {
            return Refusals.NotYours(edit.Command.Actor, body.Node);
        }

        if (!edit.Before.Vms.TryGetValue(body.Vm, out var vm))
        {
            return new Rejected(RejectionReason.VmNotFound, Refusals.VmNotFound(body.Vm));
        }

        if (vm.Monitor is not null && vm.Monitor != body.Node)
        {
            return new Rejected(
                RejectionReason.NotMonitor, $"VM {vm.Name} is monitored by {vm.Monitor}, not by {body.Node}");
        }

        bool? verdict = body.HasHealthy ? body.Healthy : null;
        var health = body.Checks.Count == 0 && verdict is null
            ? vm.Health.Remove(body.Source)
            : vm.Health.SetItem(
                body.Source,
                new Health(
                    body.Source, body.Node, ObservationCodec.Read(body.Checks), verdict, body.Message, edit.Now));
        edit.Put(vm with { Health = health }, $"judged by {body.Node}");
        return edit.Applied();
    }

    public static CommandResult SetPolicy(StateEdit edit, SetHealthPolicy body)
    {
        if (!edit.Before.Vms.TryGetValue(body.Vm, out var vm))
        {
            return new Rejected(RejectionReason.VmNotFound, Refusals.VmNotFound(body.Vm));
        }

        var policy = body.Policy is { } given ? HealthPolicyCodec.Read(given) : null;
        if (policy is not null || vm.HealthPolicy is not null)
        {
            edit.Put(vm with { HealthPolicy = policy }, $"health policy set by {edit.Command.Actor}");
        }

        return edit.Applied();
    }

    public static CommandResult Assign(StateEdit edit, UpdateMonitoringAssignments body)
    {
        var refused = ImmutableArray.CreateBuilder<ItemRefusal>();
        foreach (var assignment in body.Assignments)
        {
            if (!edit.Before.Vms.TryGetValue(assignment.Vm, out var vm))
            {
                refused.Add(new(assignment.Vm, RejectionReason.VmNotFound, Refusals.VmNotFound(assignment.Vm)));
            }
            else if (Unfit(edit.Before, assignment.Node) is { } unfit)
            {
                refused.Add(new(assignment.Vm, unfit.Reason, unfit.Detail));
            }
            else
            {
                var monitor = assignment.Node.Length == 0 ? null : assignment.Node;
                edit.Put(vm with { Monitor = monitor }, $"monitoring assigned by {edit.Command.Actor}");
            }
        }

        return new Applied(edit.Index, refused.DrainToImmutable());
    }

    private static Rejected? Unfit(ClusterState state, string node) => node.Length == 0 ? null
        : !state.Nodes.TryGetValue(node, out var found) ? Refusals.NodeNotFound(node)
        : found.Status != NodeStatus.Active
            ? new Rejected(RejectionReason.NodeInactive, $"node {node} is {found.Status}, not Active")
            : null;
}
