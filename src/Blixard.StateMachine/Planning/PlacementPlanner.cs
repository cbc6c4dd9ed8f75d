using System.Collections.Immutable;
using System.Globalization;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.StateMachine.Planning;

/// <summary>Where a VM is to run, or why nowhere.</summary>
/// <param name="Vm">Its name.</param>
/// <param name="Node">Null: none is fit.</param>
/// <param name="Reason">Why this node, or in one sentence why none.</param>
/// <param name="Refused">Every node that is not fit, with its reason.</param>
public sealed record PlacementChoice(string Vm, string? Node, string Reason, ImmutableArray<NodeRefusal> Refused);

/// <param name="Node">Which.</param>
/// <param name="Reason">Why it is not fit.</param>
public readonly record struct NodeRefusal(string Node, string Reason);

/// <summary>
/// Chooses a node: first what must be (what Apply will ask, contact, room, anti-affinity), then what is better: the
/// friends of its group of affinity, a zone and a rack without its rivals, and the emptiest or the fullest node.
/// </summary>
public static class PlacementPlanner
{
    private static readonly ImmutableArray<string> DomainLabels = ["zone", "rack"];

    /// <param name="state">As of now.</param>
    /// <param name="vm">Managed.</param>
    /// <param name="board">Of this state, with what was planned before.</param>
    /// <param name="only">Fit is this node alone; null: any.</param>
    /// <param name="except">This node is not fit; null: any is.</param>
    public static PlacementChoice Choose(
        ClusterState state, Vm vm, PlacementBoard board, string? only = null, string? except = null)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(vm);
        ArgumentNullException.ThrowIfNull(board);
        var fit = new List<NodeLoad>();
        var refused = ImmutableArray.CreateBuilder<NodeRefusal>();
        foreach (var load in board.All)
        {
            var reason = only is not null && load.Node.Name != only ? $"only {only} was asked for"
                : load.Node.Name == except ? "it is to leave this node"
                : Refuse(state, vm, load);
            if (reason is null)
            {
                fit.Add(load);
            }
            else
            {
                refused.Add(new NodeRefusal(load.Node.Name, reason));
            }
        }

        if (fit.Count == 0)
        {
            return new PlacementChoice(vm.Name, null, WhyNowhere(refused), refused.DrainToImmutable());
        }

        var scores = fit.Select(load => Score(vm, load, board, state.PlacementSettings)).ToList();
        scores.Sort();
        return new PlacementChoice(
            vm.Name, scores[0].Load.Node.Name, Why(scores, board.All.Count()), refused.DrainToImmutable());
    }

    /// <summary>Null, or why the VM can't or should not go there now.</summary>
    private static string? Refuse(ClusterState state, Vm vm, NodeLoad load) =>
        Targets.Refuse(state, vm, load.Node.Name)?.Detail
        ?? (load.Node.Status == NodeStatus.Active ? null : $"node {load.Node.Name} does not answer")
        ?? (vm.Observations.TryGetValue(load.Node.Name, out var seen) && seen.Facts is { CurrentRunner: "" }
            ? $"node {load.Node.Name} has no runner of VM {vm.Name} to start"
            : null)
        ?? load.RefuseRoom(vm)
        ?? (load.RivalOf(vm) is { } rival ? $"{rival} of the group {vm.Management!.AntiAffinity} is there" : null);

    private static Ranked Score(Vm vm, NodeLoad load, PlacementBoard board, PlacementSettings settings)
    {
        var rivals = DomainLabels.Select(label => Rivals(vm, load, board, label)).ToImmutableArray();
        var fill = (long)load.MemoryPermille;
        return new Ranked(
            load,
            load.FriendsOf(vm),
            rivals[0],
            rivals[1],
            settings.Strategy == PlacementStrategy.Pack ? -fill : fill);
    }

    /// <summary>VMs of its group of anti-affinity in the same zone, or in the same rack of it.</summary>
    private static int Rivals(Vm vm, NodeLoad load, PlacementBoard board, string label)
    {
        if (vm.Management is not { AntiAffinity: { Length: > 0 } group }
            || DomainOf(load.Node, label) is not { } domain)
        {
            return 0;
        }

        var rivals = 0;
        foreach (var other in board.All)
        {
            if (DomainOf(other.Node, label) == domain)
            {
                rivals += other.Vms.Count(rival => rival.Name != vm.Name && rival.Management?.AntiAffinity == group);
            }
        }

        return rivals;
    }

    private static string? DomainOf(ClusterNode node, string label) =>
        !node.Labels.TryGetValue(label, out var value) ? null
        : label == DomainLabels[0] ? value
        : $"{node.Labels.GetValueOrDefault(DomainLabels[0])}/{value}";

    private static string Why(List<Ranked> scores, int nodes)
    {
        var best = scores[0];
        var fit = $"{Text(scores.Count)} of {Text(nodes)} nodes are fit";
        if (scores.Count == 1)
        {
            return $"{best.Load.Node.Name} alone is fit";
        }

        var next = scores[1];
        var better = best.Friends != next.Friends ? $"{Text(best.Friends)} of its group of affinity are there"
            : best.ZoneRivals != next.ZoneRivals ? "it has the fewest of its group of anti-affinity in the zone"
            : best.RackRivals != next.RackRivals ? "it has the fewest of its group of anti-affinity in the rack"
            : best.Fill != next.Fill && best.Fill < 0 ? "it is the fullest that has room"
            : best.Fill != next.Fill ? "it is the emptiest"
            : "it is the first by name of equals";
        return $"{fit}, {better}";
    }

    private static string WhyNowhere(ImmutableArray<NodeRefusal>.Builder refused) => refused.Count == 0
        ? "the cluster has no nodes"
        : $"no node is fit: {string.Join("; ", refused.Select(refusal => $"{refusal.Node}: {refusal.Reason}"))}";

    private static string Text(int number) => number.ToString(NumberFormatInfo.InvariantInfo);

    /// <summary>The best first; by name among equals.</summary>
    private sealed record Ranked(NodeLoad Load, int Friends, int ZoneRivals, int RackRivals, long Fill)
        : IComparable<Ranked>
    {
        public int CompareTo(Ranked? other)
        {
            if (other is null)
            {
                return -1;
            }

            var order = other.Friends.CompareTo(Friends);
            order = order != 0 ? order : ZoneRivals.CompareTo(other.ZoneRivals);
            order = order != 0 ? order : RackRivals.CompareTo(other.RackRivals);
            order = order != 0 ? order : Fill.CompareTo(other.Fill);
            return order != 0 ? order : string.CompareOrdinal(Load.Node.Name, other.Load.Node.Name);
        }
    }
}
