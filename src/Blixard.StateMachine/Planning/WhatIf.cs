using System.Collections.Immutable;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.StateMachine.Planning;

/// <summary>What would become of one VM.</summary>
/// <param name="Vm">Its name.</param>
/// <param name="From">The node that is lost.</param>
/// <param name="To">Where it would run; null: nowhere.</param>
/// <param name="WithinMs">Until it is assigned anew, at most, in milliseconds; null: it is not.</param>
/// <param name="Reason">Why there, or why not.</param>
public sealed record Relocation(string Vm, string From, string? To, long? WithinMs, string Reason);

/// <param name="Relocations">Of the managed VMs on the lost nodes, by priority and name.</param>
/// <param name="Spare">
/// After that, for each node that is left: the strict VMs that would find no place if it were lost as well. Only
/// nodes for which there are some.
/// </param>
public sealed record LossForecast(
    ImmutableArray<Relocation> Relocations, ImmutableSortedDictionary<string, ImmutableArray<string>> Spare);

/// <summary>Runs the production planner on a copy of the state in which nodes are lost.</summary>
public static class WhatIf
{
    /// <param name="state">As of now; not changed.</param>
    /// <param name="nodes">Their names; those that are not known are passed over.</param>
    public static LossForecast Lose(ClusterState state, IReadOnlyCollection<string> nodes)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(nodes);
        var (relocations, after) = Relocate(state, nodes);
        return new LossForecast(relocations, Unspared(after));
    }

    /// <summary>
    /// The N+1 check: for each node the strict VMs on it that would find no place if it were lost. Only nodes for which
    /// there are some.
    /// </summary>
    public static ImmutableSortedDictionary<string, ImmutableArray<string>> Unspared(ClusterState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        var unspared = Ordinal.Map<ImmutableArray<string>>().ToBuilder();
        foreach (var node in state.Nodes.Values)
        {
            if (node.Lease.Standing != LeaseStanding.Active)
            {
                continue;
            }

            ImmutableArray<string> homeless =
            [
                .. Relocate(state, [node.Name]).Relocations
                    .Where(relocation => relocation.To is null
                        && state.Vms[relocation.Vm].Policy == FailoverPolicy.Strict)
                    .Select(relocation => relocation.Vm),
            ];
            if (!homeless.IsEmpty)
            {
                unspared.Add(node.Name, homeless);
            }
        }

        return unspared.ToImmutable();
    }

    private static (ImmutableArray<Relocation> Relocations, ClusterState After) Relocate(
        ClusterState state, IReadOnlyCollection<string> lost)
    {
        var after = Without(state, lost);
        var board = new PlacementBoard(after);
        var relocations = ImmutableArray.CreateBuilder<Relocation>();
        foreach (var vm in state.Vms.Values
            .Where(vm => vm.Placement is { MayRun: true } placement && lost.Contains(placement.Node))
            .OrderByDescending(vm => vm.Management!.Priority)
            .ThenBy(vm => vm.Name, StringComparer.Ordinal))
        {
            var from = vm.Placement!.Node;
            var found = after.Vms[vm.Name];
            if (found.Placement!.State != PlacementState.Lost)
            {
                relocations.Add(new Relocation(vm.Name, from, null, null, Stays(vm)));
                continue;
            }

            var choice = found.Management!.Desired == DesiredState.Running
                ? Placements.Choose(after, found, board)
                : new PlacementChoice(vm.Name, null, "it is to be stopped", []);
            if (choice.Node is not { } to)
            {
                relocations.Add(new Relocation(vm.Name, from, null, null, choice.Reason));
                continue;
            }

            board.Place(found, to);
            after = after with
            {
                Vms = after.Vms.SetItem(vm.Name, found with
                {
                    Placement = found.Placement with
                    {
                        Node = to,
                        State = PlacementState.Assigned,
                        Generation = after.Index,
                        GatedGeneration = after.Index,
                    },
                }),
            };
            var within = state.Nodes[from].Lease.Budget(state.Terms).WaitAtMostMs;
            relocations.Add(new Relocation(vm.Name, from, to, within, choice.Reason));
        }

        return (relocations.DrainToImmutable(), after);
    }

    /// <summary>The nodes fenced, and what that ends lost: as Apply would have it.</summary>
    private static ClusterState Without(ClusterState state, IReadOnlyCollection<string> lost)
    {
        var nodes = state.Nodes.ToBuilder();
        foreach (var name in lost)
        {
            if (nodes.TryGetValue(name, out var node))
            {
                nodes[name] = node with
                {
                    Status = NodeStatus.Lost,
                    Lease = node.Lease with { Standing = LeaseStanding.Fenced },
                };
            }
        }

        var vms = state.Vms.ToBuilder();
        foreach (var vm in state.Vms.Values)
        {
            if (vm is { Management.Policy: FailoverPolicy.Strict, Placement: { IsGated: true } placement }
                && placement.State is PlacementState.Assigned or PlacementState.Running
                && lost.Contains(placement.Node))
            {
                vms[vm.Name] = vm with { Placement = placement with { State = PlacementState.Lost } };
            }
        }

        return state with { Nodes = nodes.ToImmutable(), Vms = vms.ToImmutable() };
    }

    private static string Stays(Vm vm) =>
        vm.Placement!.State == PlacementState.Uncertain ? "where it runs is not known since the log was recovered"
        : vm.Management!.Policy != FailoverPolicy.Strict
            ? $"its policy is {vm.Management.Policy}: a fence proves nothing about it"
        : "it is not behind the gate yet: a fence proves nothing about it";
}
