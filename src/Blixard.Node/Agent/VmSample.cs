using Blixard.Systemd.Cgroups;
using Blixard.Systemd.Network;

namespace Blixard.Node.Agent;

/// <summary>What a VM used, read at one moment. Null is "the kernel does not tell", never zero.</summary>
/// <param name="CpuPercent">
/// 100 is one CPU busy all the time since the sample before; null for the first sample of a run.
/// </param>
/// <param name="Network">In the guest's view; null without a tap, and in the host's own network namespace.</param>
internal sealed record VmSample(DateTimeOffset At, CgroupSample Cgroup, double? CpuPercent, NetworkCounters? Network)
{
    /// <summary>Null as <see cref="CpuPercent"/> is.</summary>
    public IoRates? IoRates { get; init; }

    /// <inheritdoc cref="IoRates"/>
    public NetworkRates? NetworkRates { get; init; }
}
