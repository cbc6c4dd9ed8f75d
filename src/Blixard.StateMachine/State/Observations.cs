using System.Collections.Immutable;
using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.State;

/// <summary>How observations are replaced, age, are renewed and end.</summary>
internal static class Observations
{
    /// <summary>The VM with the node's new word, dated; an unchanged word keeps its date of change.</summary>
    public static Vm Replace(Vm vm, NodeObservation last, NodeObservation observation, long now)
    {
        var dated = observation with
        {
            LastUpdate = VmFields.SameContent(last, observation) ? last.LastUpdate : now,
            LastReported = now,
        };
        return vm with { Observations = vm.Observations.SetItem(dated.Node, dated) };
    }

    /// <summary>
    /// What the node said so far may no longer be true. Its claims to run what another runs end too: they are no
    /// fresher than the rest.
    /// </summary>
    public static void Age(
        StateEdit edit,
        string node,
        Staleness staleness,
        string reason,
        ImmutableSortedSet<string>.Builder? except = null)
    {
        foreach (var vm in edit.Before.Vms.Values)
        {
            if (except is null || !except.Contains(vm.Name))
            {
                var observations = vm.Observations;
                if (observations.TryGetValue(node, out var last) && Overrides(staleness, last.Staleness))
                {
                    observations = observations.SetItem(node, Aged(edit.Before, last, staleness));
                }

                Keep(edit, vm, observations, vm.RefusedClaims.Remove(node), reason);
            }
        }
    }

    /// <summary>A complete list without these VMs: the node has them no more.</summary>
    public static void Forget(StateEdit edit, string node, ImmutableSortedSet<string>.Builder listed, string reason)
    {
        foreach (var vm in edit.Before.Vms.Values)
        {
            if (!listed.Contains(vm.Name))
            {
                var observations = vm.Observations;
                if (observations.TryGetValue(node, out var last) && last.Staleness != Staleness.Absent)
                {
                    observations = observations.SetItem(node, Aged(edit.Before, last, Staleness.Absent));
                }

                Keep(edit, vm, observations, vm.RefusedClaims.Remove(node), reason);
            }
        }
    }

    /// <summary>What went stale only with the loss of the node holds again.</summary>
    public static void Renew(StateEdit edit, string node, string reason)
    {
        foreach (var vm in edit.Before.Vms.Values)
        {
            if (vm.Observations.TryGetValue(node, out var last) && last.Staleness == Staleness.NodeLost)
            {
                var renewed = last with { Staleness = Staleness.Fresh, LastReported = edit.Now };
                Keep(edit, vm, vm.Observations.SetItem(node, renewed), vm.RefusedClaims, reason);
            }
        }
    }

    /// <summary>When it was last seen no longer follows the node's keep-alives: the date is fixed here.</summary>
    private static NodeObservation Aged(ClusterState state, NodeObservation last, Staleness staleness) =>
        last with { Staleness = staleness, LastReported = state.LastSeen(last) };

    private static bool Overrides(Staleness next, Staleness last) =>
        last == Staleness.Fresh || (last is Staleness.NodeLost or Staleness.Unseen && next == Staleness.Rebooted);

    private static void Keep(
        StateEdit edit,
        Vm vm,
        ImmutableSortedDictionary<string, NodeObservation> observations,
        ImmutableSortedDictionary<string, long> claims,
        string reason)
    {
        if (!ReferenceEquals(observations, vm.Observations) || !ReferenceEquals(claims, vm.RefusedClaims))
        {
            edit.Put(vm with { Observations = observations, RefusedClaims = claims }, reason);
        }
    }
}
