using System.Collections.Immutable;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.StateMachine.Planning;

/// <summary>
/// Which VMs are to be assigned now, the most important first: those that are wanted and surely run nowhere.
/// </summary>
public static class Placements
{
    public static ImmutableArray<Planned> Plan(ClusterState state)
    {
        var planned = ImmutableArray.CreateBuilder<Planned>();
        PlacementBoard? board = null;
        foreach (var vm in Waiting(state))
        {
            board ??= new PlacementBoard(state);
            var choice = Choose(state, vm, board);
            if (choice.Node is { } node && Targets.RefuseCopy(state, vm, node) is null)
            {
                board.Place(vm, node);
                var reason = $"{vm.Placement!.Reason}; {choice.Reason}";
                planned.Add(new Planned(
                    $"VM {vm.Name} is assigned to {node}",
                    reason,
                    Command.Of(new AssignVM
                    {
                        Vm = vm.Name,
                        Node = node,
                        Epoch = state.Nodes[node].Lease.Epoch,
                        Replaces = vm.Placement.Generation,
                        Reason = Cut(reason),
                    })));
            }
        }

        return planned.DrainToImmutable();
    }

    /// <summary>Why each VM that waits for a node gets none, for people. By name.</summary>
    public static ImmutableArray<PlacementChoice> Unplaced(ClusterState state)
    {
        var board = new PlacementBoard(state);
        var unplaced = ImmutableArray.CreateBuilder<PlacementChoice>();
        foreach (var vm in Waiting(state))
        {
            var choice = Choose(state, vm, board);
            if (choice.Node is { } node)
            {
                if (Targets.RefuseCopy(state, vm, node) is { } refused)
                {
                    unplaced.Add(choice with { Node = null, Reason = refused.Detail });
                    continue;
                }

                board.Place(vm, node);
            }
            else
            {
                unplaced.Add(choice);
            }
        }

        return unplaced.DrainToImmutable();
    }

    /// <summary>Where it may go: what is not strict goes elsewhere only on a person's word.</summary>
    internal static PlacementChoice Choose(ClusterState state, Vm vm, PlacementBoard board)
    {
        var placement = vm.Placement!;
        return vm.Operation is { IsPending: true, Kind: OperationKind.Move } move
            ? move.Target.Length > 0
                ? PlacementPlanner.Choose(state, vm, board, only: move.Target)
                : PlacementPlanner.Choose(state, vm, board, except: placement.Node)
            : vm.Policy == FailoverPolicy.Strict
                ? PlacementPlanner.Choose(state, vm, board)
                : PlacementPlanner.Choose(state, vm, board, only: Home(vm));
    }

    /// <summary>After a recovery that is where it runs, if it runs.</summary>
    private static string Home(Vm vm) =>
        vm.Placement is { State: PlacementState.Uncertain } && vm.RunningOn is [var runner]
            ? runner
            : vm.Placement!.Node;

    private static IEnumerable<Vm> Waiting(ClusterState state) =>
        state.Vms.Values.Where(IsWaiting)
            .OrderByDescending(vm => vm.Management!.Priority)
            .ThenBy(vm => vm.Name, StringComparer.Ordinal);

    private static bool IsWaiting(Vm vm) =>
        vm is { Management.Desired: DesiredState.Running, Placement: { } placement }
        && placement.State is PlacementState.StoppedConfirmed or PlacementState.Lost or PlacementState.Uncertain;

    private static string Cut(string reason) =>
        reason.Length <= CommandValidator.MaxReasonLength ? reason : reason[..CommandValidator.MaxReasonLength];
}
