using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.State;

/// <summary>
/// BeginOperation and SettleOperation: an operation holds its VM from the one to the other, whoever leads meanwhile.
/// </summary>
internal static class ApplyOperation
{
    public static CommandResult Begin(StateEdit edit, BeginOperation body)
    {
        if (ApplyManagement.Find(edit, body.Vm, out var vm) is { } refused)
        {
            return refused;
        }

        if ((Refusals.Busy(vm) ?? Refuse(edit.Before, vm, body)) is { } unfit)
        {
            return unfit;
        }

        var management = vm.Management!;
        var why = body.Reason.Length == 0 ? "" : $": {body.Reason}";
        var operation = new Operation
        {
            Index = edit.Index,
            Kind = body.Kind,
            State = OperationState.Pending,
            Target = body.Node,
            Generation = vm.Placement!.Generation,
            Actor = edit.Command.Actor,
            Reason = body.Reason,
            Since = edit.Now,
        };
        edit.Put(
            vm with
            {
                Operation = operation,
                Management = management with
                {
                    Desired = body.Kind is OperationKind.Stop or OperationKind.Kill
                        ? DesiredState.Stopped
                        : DesiredState.Running,
                },
            },
            $"{Word(body.Kind)} asked for by {edit.Command.Actor}{why}");
        return edit.Applied();
    }

    public static CommandResult Settle(StateEdit edit, SettleOperation body)
    {
        if (ApplyManagement.Find(edit, body.Vm, out var vm) is { } refused)
        {
            return refused;
        }

        if (vm.Operation is not { IsPending: true } operation || operation.Index != body.Operation)
        {
            return new Rejected(
                RejectionReason.OperationNotPending,
                $"no operation of index {body.Operation} is pending on VM {vm.Name}");
        }

        if (edit.Command.DecidedTerm == 0 && edit.Command.Actor != vm.Placement!.Node)
        {
            return Refusals.NotYours(edit.Command.Actor, vm.Placement.Node);
        }

        var done = body.Refused.Length == 0;
        edit.Put(
            vm with
            {
                Operation = operation with
                {
                    State = done ? OperationState.Done : OperationState.Refused,
                    Detail = body.Refused,
                    EndedAt = edit.Now,
                },
            },
            done ? $"{Word(operation.Kind)} done" : $"{Word(operation.Kind)} not done: {body.Refused}");
        return edit.Applied();
    }

    /// <summary>For people.</summary>
    private static string Word(OperationKind kind) => kind switch
    {
        OperationKind.Start => "start",
        OperationKind.Stop => "stop",
        OperationKind.Restart => "restart",
        OperationKind.Kill => "kill",
        _ => "move",
    };

    private static Rejected? Refuse(ClusterState state, Vm vm, BeginOperation body)
    {
        var (management, placement) = (vm.Management!, vm.Placement!);
        var isRunning = placement.State is PlacementState.Assigned or PlacementState.Running;
        switch (body.Kind)
        {
            case OperationKind.Restart or OperationKind.Move when management.Desired != DesiredState.Running:
                return new(RejectionReason.NotDesired, $"VM {vm.Name} is stopped: start it");
            case OperationKind.Restart when !isRunning:
                return new(
                    RejectionReason.GenerationMismatch,
                    $"VM {vm.Name} is {placement.State}: there is nothing to restart");
            case OperationKind.Move when management.Policy == FailoverPolicy.None:
                return new(
                    RejectionReason.NotCandidate, $"VM {vm.Name} has the policy none: it stays on {placement.Node}");
            case OperationKind.Move when placement.State == PlacementState.Uncertain:
                return Refusals.StillHeld(vm);
            case OperationKind.Move when body.Node.Length > 0 && body.Node == placement.Node && isRunning:
                return new(RejectionReason.NotCandidate, $"VM {vm.Name} is on {placement.Node} already");
            case OperationKind.Move when body.Node.Length > 0:
                return Targets.Refuse(state, vm, body.Node);
            default:
                return null;
        }
    }
}
