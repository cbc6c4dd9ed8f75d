using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;
using Vm = Blixard.StateMachine.State.Vm;

namespace Blixard.Node.Api;

/// <summary>
/// What goes with a VM that the cluster is made to forget. A VM that every node says it has no more, and with which nobody
/// noted anything or set a policy, is forgotten without a question.
/// </summary>
internal static class VmRemoval
{
    private const int MostKeys = 8;

    /// <summary>Clauses without a full stop; none: nothing is lost.</summary>
    public static IReadOnlyList<string> Losses(Vm vm)
    {
        var losses = new List<string>();
        Add(losses, "it runs on", vm.SaidToRunOn);
        Add(losses, "it may still run on", Where(vm, seen => seen.Stale && IsAtWork(seen)));
        Add(losses, "it is defined on", Where(vm, seen => !seen.Running && (!seen.Stale || !IsAtWork(seen))));
        var keys = vm.Annotations.All.Select(annotation => annotation.Key).ToArray();
        if (keys.Length > 0)
        {
            var shown = string.Join(", ", keys.Take(MostKeys)) + (keys.Length > MostKeys ? ", …" : "");
            losses.Add(keys.Length == 1
                ? $"its annotation {shown} goes with it"
                : $"its {keys.Length} annotations ({shown}) go with it");
        }

        if (vm.HealthPolicy is not null)
        {
            losses.Add("its health policy goes with it");
        }

        return losses;
    }

    // One that nobody has seen yet, registered by hand, is no loss.
    private static IEnumerable<string> Where(Vm vm, Func<NodeObservation, bool> holds) => vm.Observations.Values
        .Where(seen => seen.Staleness != Staleness.Absent && seen.State != VmState.Unknown && holds(seen))
        .Select(seen => seen.Node);

    private static bool IsAtWork(NodeObservation seen) =>
        seen.State is VmState.Starting or VmState.Running or VmState.Stopping;

    private static void Add(List<string> losses, string what, IEnumerable<string> nodes)
    {
        if (string.Join(" and ", nodes) is { Length: > 0 } named)
        {
            losses.Add($"{what} {named}");
        }
    }
}
