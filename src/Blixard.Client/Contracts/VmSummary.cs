namespace Blixard.Client.Contracts;

/// <summary>
/// How many VMs are in which state. The six states add up to <see cref="Total"/>; the others overlap with
/// them and with each other.
/// </summary>
public sealed record VmSummary
{
    public required int Total { get; init; }
    public required int Running { get; init; }
    public required int Starting { get; init; }
    public required int Stopping { get; init; }
    public required int Stopped { get; init; }
    public required int Failed { get; init; }
    public required int Unknown { get; init; }

    /// <summary>VMs whose facts are no longer refreshed (their node is lost, or they vanished from it).</summary>
    public required int Stale { get; init; }

    /// <summary>By their health: see <see cref="HealthStatus"/>. Older nodes say unhealthy of all four.</summary>
    public required int Unhealthy { get; init; }
    public int Degraded { get; init; }
    public int Unresponsive { get; init; }
    public int Critical { get; init; }

    /// <summary>VMs for which <see cref="VmAttention.ReasonFor"/> has a reason.</summary>
    public required int NeedAttention { get; init; }

    /// <summary>Counts the VMs given.</summary>
    public static VmSummary Of(IEnumerable<Vm> vms)
    {
        ArgumentNullException.ThrowIfNull(vms);
        var states = new int[Enum.GetValues<VmState>().Length];
        var health = new int[Enum.GetValues<HealthStatus>().Length];
        int stale = 0, needAttention = 0;
        foreach (var vm in vms)
        {
            states[(int)vm.State]++;
            stale += vm.Stale ? 1 : 0;
            health[(int)VmAttention.HealthOf(vm)]++;
            needAttention += VmAttention.ReasonFor(vm) is null ? 0 : 1;
        }

        return new VmSummary
        {
            Total = states.Sum(),
            Running = states[(int)VmState.Running],
            Starting = states[(int)VmState.Starting],
            Stopping = states[(int)VmState.Stopping],
            Stopped = states[(int)VmState.Stopped],
            Failed = states[(int)VmState.Failed],
            Unknown = states[(int)VmState.Unknown],
            Stale = stale,
            Unhealthy = health[(int)HealthStatus.Unhealthy],
            Degraded = health[(int)HealthStatus.Degraded],
            Unresponsive = health[(int)HealthStatus.Unresponsive],
            Critical = health[(int)HealthStatus.Critical],
            NeedAttention = needAttention,
        };
    }
}
