using System.Collections.Immutable;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.StateMachine.Planning;

/// <summary>
/// Which operations are done, or can't be done any more. A restart is settled by its host, which alone sees it.
/// </summary>
public static class OperationPlanner
{
    /// <summary>
    /// After so long an operation is given up, in milliseconds: it must not hold its VM for ever. What it has set in
    /// motion goes on; only that nobody waits for it any more.
    /// </summary>
    public const long GiveUpMs = 5 * 60 * 1000;

    /// <param name="state">As of now.</param>
    /// <param name="nowUnixMs">The leader's wall clock.</param>
    public static ImmutableArray<Planned> Plan(ClusterState state, long nowUnixMs)
    {
        ArgumentNullException.ThrowIfNull(state);
        var planned = ImmutableArray.CreateBuilder<Planned>();
        foreach (var vm in state.Vms.Values)
        {
            if (vm.Operation is { IsPending: true } operation
                && Outcome(state, vm, operation, nowUnixMs) is { } refused)
            {
                planned.Add(new Planned(
                    $"{operation.Kind} of VM {vm.Name} is {(refused.Length == 0 ? "done" : "not done")}",
                    refused.Length == 0 ? $"it is {vm.Placement!.State} on {vm.Placement.Node}" : refused,
                    Command.Of(new SettleOperation
                    {
                        Vm = vm.Name,
                        Operation = operation.Index,
                        Refused = refused.Length <= CommandValidator.MaxMessageLength
                            ? refused
                            : refused[..CommandValidator.MaxMessageLength],
                    })));
            }
        }

        return planned.DrainToImmutable();
    }

    /// <summary>Null: not yet. Empty: done. Else why not.</summary>
    private static string? Outcome(ClusterState state, Vm vm, Operation operation, long nowUnixMs)
    {
        var placement = vm.Placement!;
        var running = placement.State == PlacementState.Running;
        var moved = placement.Generation > operation.Generation;
        var outcome = operation.Kind switch
        {
            OperationKind.Start when running => "",
            OperationKind.Stop or OperationKind.Kill
                when placement.State is PlacementState.StoppedConfirmed or PlacementState.Lost => "",
            OperationKind.Move
                when running && moved && operation.Target.Length > 0 && placement.Node != operation.Target => $"it runs on {placement.Node}",
            OperationKind.Move when running && moved => "",
            OperationKind.Restart when moved || !(running || placement.State == PlacementState.Assigned) =>
                $"its generation {operation.Generation} ended meanwhile: {placement.Reason}",
            _ => null,
        };
        return outcome ?? (nowUnixMs - operation.Since < GiveUpMs ? null : WhyNot(state, vm));
    }

    private static string WhyNot(ClusterState state, Vm vm)
    {
        var placement = vm.Placement!;
        var minutes = Rules.Number(GiveUpMs / 60_000);
        var choice = placement.State is PlacementState.StoppedConfirmed or PlacementState.Lost
            ? Placements.Choose(state, vm, new PlacementBoard(state))
            : null;
        return choice is { Node: null }
            ? $"not within {minutes} minutes: {choice.Reason}"
            : $"not within {minutes} minutes: it is {placement.State} on {placement.Node} ({placement.Reason})";
    }
}
