using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.State;

/// <summary>RegisterVM, RemoveVM and SetAnnotation.</summary>
internal static class ApplyVm
{
    /// <summary>
    /// Makes the VM, or adds the node to those that define it. Of what a node already said nothing is overwritten by
    /// another node, nor by a registration of its own that comes late: states change by UpdateState alone.
    /// </summary>
    public static CommandResult Register(StateEdit edit, RegisterVM body)
    {
        if (!edit.Before.Nodes.TryGetValue(body.Node, out var node))
        {
            return Refusals.NodeNotFound(body.Node);
        }

        if (body.State != VmState.Unknown && edit.Command.Actor != body.Node)
        {
            return Refusals.NotYours(edit.Command.Actor, body.Node);
        }

        var vm = edit.Before.Vms.GetValueOrDefault(body.Vm)
            ?? new Vm { Name = body.Vm, Uuid = body.Uuid, CreatedAt = edit.Now };
        var reason = $"registered by {edit.Command.Actor}";
        if (vm.Observations.TryGetValue(body.Node, out var seen) && !seen.Stale)
        {
            seen = seen with { Unit = body.Unit, UserService = body.UserService };
            edit.Put(vm with { Observations = vm.Observations.SetItem(body.Node, seen) }, reason);
            return edit.Applied();
        }

        if (body.State == VmState.Running && RunnerOtherThan(body.Node, vm) is { } other)
        {
            // Not a candidate, and not forgotten either: two hosts may be writing to the same volumes.
            var claims = vm.RefusedClaims.ContainsKey(body.Node)
                ? vm.RefusedClaims
                : vm.RefusedClaims.Add(body.Node, edit.Now);
            edit.Put(vm with { RefusedClaims = claims }, $"{body.Node} says it runs {vm.Name}, and so does {other}");
            return new Rejected(
                RejectionReason.RunningElsewhere,
                $"VM {vm.Name} runs on {other}: {body.Node}, which runs it too, is not taken as a candidate");
        }

        var observation = new NodeObservation
        {
            Node = body.Node,
            Unit = body.Unit,
            UserService = body.UserService,
            State = body.State,
            SubState = body.SubState,
            LastUpdate = edit.Now,
            LastReported = edit.Now,
            Staleness = node.Status == NodeStatus.Lost ? Staleness.NodeLost : Staleness.Fresh,
        };
        vm = vm with
        {
            Observations = vm.Observations.SetItem(body.Node, observation),
            RefusedClaims = vm.RefusedClaims.Remove(body.Node),
        };
        edit.Put(vm, reason);
        return edit.Applied();
    }

    public static CommandResult Remove(StateEdit edit, RemoveVM body)
    {
        if (edit.Before.Vms.TryGetValue(body.Vm, out var vm))
        {
            if (vm.Placement is { MayRun: true })
            {
                return Refusals.StillHeld(vm);
            }

            var why = body.Reason.Length == 0 ? "" : $": {body.Reason}";
            edit.Remove(vm, $"removed by {edit.Command.Actor}{why}");
        }

        return edit.Applied();
    }

    public static CommandResult Annotate(StateEdit edit, SetAnnotation body)
    {
        if (edit.FindVm(body.Vm) is not { } vm)
        {
            return new Rejected(RejectionReason.VmNotFound, Refusals.VmNotFound(body.Vm));
        }

        var annotations = vm.Annotations.With(body.Key, body.Value);
        if (annotations.Excess(vm.Annotations) is { } excess)
        {
            return new Rejected(RejectionReason.AnnotationsFull, $"VM {vm.Name} would have {excess}");
        }

        edit.Annotate(vm, body.Key, annotations);
        return edit.Applied();
    }

    private static string? RunnerOtherThan(string node, Vm vm)
    {
        foreach (var runner in vm.RunningOn)
        {
            if (runner != node)
            {
                return runner;
            }
        }

        return null;
    }
}
