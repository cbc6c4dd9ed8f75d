using System.Collections.Immutable;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.StateMachine.Planning;

/// <summary>
/// Which VMs begin to move now, because their node is drained or because it no longer is: never more at a time than is
/// set, and only those that have where to go.
/// </summary>
public static class DrainPlanner
{
    /// <param name="state">As of now.</param>
    /// <param name="nowUnixMs">The leader's wall clock, for the deadline that a person set.</param>
    public static ImmutableArray<Planned> Plan(ClusterState state, long nowUnixMs)
    {
        ArgumentNullException.ThrowIfNull(state);
        if (state.ClusterVersion < CommandVersions.ManagedVms)
        {
            return [];
        }

        var free = (int)state.PlacementSettings.MaxMoving - state.Vms.Values.Count(IsMoving);
        var planned = ImmutableArray.CreateBuilder<Planned>();
        PlacementBoard? board = null;
        foreach (var vm in InOrder(state))
        {
            if (planned.Count >= free)
            {
                break;
            }

            if (MoveOf(state, vm, board ??= new PlacementBoard(state), nowUnixMs) is { } move)
            {
                planned.Add(move);
            }
        }

        return planned.DrainToImmutable();
    }

    /// <summary>The VMs that keep a drained node from being empty, with the reason; by name.</summary>
    public static ImmutableArray<NodeRemainder> Remaining(ClusterState state, string node)
    {
        ArgumentNullException.ThrowIfNull(state);
        var board = new PlacementBoard(state);
        var remaining = ImmutableArray.CreateBuilder<NodeRemainder>();
        foreach (var vm in state.Vms.Values)
        {
            if (vm.Placement is { MayRun: true } placement && placement.Node == node)
            {
                var reason = IsMoving(vm) ? "moves"
                    : vm.Management!.Policy == FailoverPolicy.None ? "has the policy none"
                    : PlacementPlanner.Choose(state, vm, board, except: node) is { Node: null, Reason: var why } ? why
                    : "waits for its turn";
                remaining.Add(new NodeRemainder(vm.Name, reason));
            }
        }

        return remaining.DrainToImmutable();
    }

    private static Planned? MoveOf(ClusterState state, Vm vm, PlacementBoard board, long nowUnixMs)
    {
        var placement = vm.Placement!;
        if (!state.Nodes.TryGetValue(placement.Node, out var node))
        {
            return null;
        }

        if (node.Drain is { } drain)
        {
            if (drain.DeadlineAt != 0 && nowUnixMs >= drain.DeadlineAt)
            {
                return null;
            }

            var choice = PlacementPlanner.Choose(state, vm, board, except: node.Name);
            return choice.Node is { } target ? Move(vm, target, $"drain of {node.Name}", pinned: false, board) : null;
        }

        if (placement.DrainedFrom.Length == 0)
        {
            return null;
        }

        return PlacementPlanner.Choose(state, vm, board, only: placement.DrainedFrom).Node is { } home
            ? Move(vm, home, $"back after the drain of {home}", pinned: true, board)
            : null;
    }

    private static Planned Move(Vm vm, string target, string reason, bool pinned, PlacementBoard board)
    {
        board.Place(vm, target);
        return new Planned(
            $"VM {vm.Name} moves",
            reason,
            Command.Of(new BeginOperation
            {
                Vm = vm.Name,
                Kind = OperationKind.Move,

                // Where it goes from a drained node is decided once it has stopped: what is fit may have changed.
                Node = pinned ? target : "",
                Reason = reason,
            }));
    }

    private static IEnumerable<Vm> InOrder(ClusterState state) =>
        state.Vms.Values
            .Where(vm => vm.Placement is { } placement
                && (placement.DrainedFrom.Length > 0
                    || (state.Nodes.TryGetValue(placement.Node, out var node) && node.Drain is not null)))
            .Where(vm => vm is
            {
                Management: { Desired: DesiredState.Running, Policy: not FailoverPolicy.None },
                Operation: null or { IsPending: false },
                Placement.State: PlacementState.Assigned or PlacementState.Running,
            })
            .OrderByDescending(vm => vm.Management!.Priority)
            .ThenBy(vm => vm.Name, StringComparer.Ordinal);

    private static bool IsMoving(Vm vm) => vm.Operation is { IsPending: true, Kind: OperationKind.Move };
}

/// <param name="Vm">Its name.</param>
/// <param name="Reason">Why it is still there.</param>
public readonly record struct NodeRemainder(string Vm, string Reason);
