using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.State;

/// <summary>How well a VM is; of those that are known, a higher one is worse.</summary>
public enum HealthStatus
{
    /// <summary>Nobody checked it, or nobody can say what became of it.</summary>
    Unknown = 0,

    Healthy = 1,

    /// <summary>The failing checks weigh as much as the policy's <see cref="VmHealthPolicy.DegradedAt"/>.</summary>
    Degraded = 2,

    /// <summary>They weigh <see cref="VmHealthPolicy.UnhealthyAt"/>, or a critical one is among them.</summary>
    Unhealthy = 3,

    /// <summary>It runs, and nothing of it is seen from outside, or its host has fallen silent about it.</summary>
    Unresponsive = 4,

    /// <summary>Its unit failed, or its host has given up restarting it.</summary>
    Critical = 5,
}

/// <summary>
/// What the checks of a VM, those of its host and those of its monitor, amount to. Pure, and computed wherever it is
/// asked for: it is no part of the state. A check that fails never makes the verdict better than the same check
/// passing.
/// </summary>
public static class HealthVerdict
{
    /// <summary>The monitor's check of whether a host still speaks of its VMs.</summary>
    public const string Freshness = "freshness";

    public static HealthStatus Of(Vm vm) => Of(vm, hostSpeaks: false);

    /// <summary>
    /// As the VM's own host sees it while it speaks: that it was silent, as its monitor may still believe, is no reason
    /// to do anything about the VM.
    /// </summary>
    public static HealthStatus OnItsHost(Vm vm) => Of(vm, hostSpeaks: true);

    private static HealthStatus Of(Vm vm, bool hostSpeaks)
    {
        ArgumentNullException.ThrowIfNull(vm);
        if (vm.State == VmState.Unknown)
        {
            return HealthStatus.Unknown;
        }

        var policy = vm.HealthPolicy ?? VmHealthPolicy.None;
        var here = vm.Location is { } node && vm.Observations[node] is { Stale: false } seen ? seen : null;
        if (vm.State == VmState.Failed)
        {
            return HealthStatus.Critical;
        }

        var tally = new Tally(policy);
        foreach (var check in here?.Checks.Values ?? [])
        {
            tally.Add(check);
        }

        var (outside, answered, silent) = (0, 0, false);
        foreach (var source in vm.Health.Values)
        {
            foreach (var check in source.Checks.Values)
            {
                if (hostSpeaks && check.Name == Freshness)
                {
                    continue;
                }

                tally.Add(check);
                if (check.Name == Freshness)
                {
                    silent |= !check.Passed;
                }
                else
                {
                    outside++;
                    answered += check.Passed ? 1 : 0;
                }
            }
        }

        var status = tally.Status;
        if (vm.State == VmState.Running && (silent || (outside > 0 && answered == 0)))
        {
            status = HealthStatus.Unresponsive;
        }

        return here?.Recovery is { Exhausted: true } && status >= HealthStatus.Unhealthy
            ? HealthStatus.Critical
            : status;
    }

    private sealed class Tally(VmHealthPolicy policy)
    {
        private ulong _failing;
        private bool _critical;
        private bool _any;

        public HealthStatus Status => !_any ? HealthStatus.Unknown
            : _critical || _failing >= policy.UnhealthyAt ? HealthStatus.Unhealthy
            : _failing >= policy.DegradedAt ? HealthStatus.Degraded
            : HealthStatus.Healthy;

        public void Add(Check check)
        {
            _any = true;
            _failing += check.Passed ? 0 : policy.WeightOf(check);
            _critical |= !check.Passed && policy.IsCritical(check);
        }
    }
}
