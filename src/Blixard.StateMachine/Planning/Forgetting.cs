using System.Collections.Immutable;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.StateMachine.Planning;

/// <summary>
/// Records of VMs whose units are gone from their own node stay for a while: an operator may want to know where a VM was.
/// After that they are forgotten, but for a VM that somebody has annotated: what people wrote goes only when somebody says
/// so.
/// </summary>
public static class Forgetting
{
    /// <summary>In one look: what is left is there at the next.</summary>
    public const int Most = 32;

    /// <summary>What to propose, the first by name.</summary>
    /// <param name="now">Unix milliseconds by the leader's clock; the records' are by their nodes'.</param>
    /// <param name="after">Zero: nothing is ever forgotten.</param>
    public static ImmutableArray<ForgetObservation> Plan(ClusterState state, long now, TimeSpan after)
    {
        var plan = ImmutableArray.CreateBuilder<ForgetObservation>();
        if (after == TimeSpan.Zero || state.ClusterVersion < CommandVersions.FullObservations)
        {
            return plan.DrainToImmutable();
        }

        var before = now - (after.Ticks / TimeSpan.TicksPerMillisecond);
        foreach (var vm in state.Vms.Values)
        {
            foreach (var observation in vm.Observations.Values)
            {
                if (plan.Count < Most && observation.LastReported < before && vm.CanForget(observation.Node))
                {
                    plan.Add(new ForgetObservation
                    {
                        Vm = vm.Name,
                        Node = observation.Node,
                        Reason = $"not on {observation.Node} for more than {after.Ticks / TimeSpan.TicksPerHour} h",
                    });
                }
            }
        }

        return plan.DrainToImmutable();
    }
}
