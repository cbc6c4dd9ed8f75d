using Blixard.StateMachine.State;
using Contracts = Blixard.Client.Contracts;
using MemoryLimitSource = Blixard.StateMachine.Commands.MemoryLimitSource;
using VmState = Blixard.StateMachine.Commands.VmState;

namespace Blixard.Node.Api;

/// <summary>A VM of the replicated state as the API shows it.</summary>
internal static class VmDocuments
{
    public static IReadOnlyList<Contracts.Vm> All(ClusterState state) => [.. state.Vms.Values.Select(vm => Of(state, vm))];

    public static Contracts.Vm Of(ClusterState state, Vm vm)
    {
        // The fields about the unit are those of the node where it runs or ran; without one, of the first candidate.
        var located = vm.Location is { } location ? vm.Observations[location] : null;
        var shown = located ?? vm.Observations.Values.FirstOrDefault();
        var facts = shown?.Facts;
        var staleness = vm.Staleness != Staleness.Fresh ? vm.Staleness : located?.Staleness ?? Staleness.Fresh;
        return new Contracts.Vm
        {
            Name = vm.Name,
            Uuid = vm.Uuid,
            CreatedAt = Instants.At(vm.CreatedAt),
            State = Of(vm.State),
            Node = vm.Location,
            Unit = shown?.Unit ?? StateMachine.Commands.Rules.UnitOf(vm.Name, userService: false),
            UserService = shown?.UserService ?? false,
            SubState = Text(located?.SubState),
            Since = Instants.Known(located?.Since),
            Health = HealthOf(vm, located),
            Monitor = vm.Monitor,
            Stale = staleness != Staleness.Fresh,
            StaleReason = ReasonFor(staleness),
            LastUpdate = Instants.Known(located?.LastUpdate),
            LastSeen = located is null ? null : Instants.Known(state.LastSeen(located)),
            Resources = ResourcesOf(located?.Resources, facts?.MemoryLimitSource),
            MainPid = (int?)located?.MainPid,
            Result = Text(located?.Result),
            ExitCode = located?.ExitCode,
            Restarts = (int?)located?.Restarts,
            Hypervisor = Text(facts?.Hypervisor),
            Vcpus = (int?)facts?.Vcpus,
            Taps = [.. facts?.Taps ?? []],
            Macvtaps = [.. facts?.Macvtaps ?? []],
            VsockCid = facts?.VsockCid,
            RunningRunner = Text(facts?.RunningRunner),
            CurrentRunner = Text(facts?.CurrentRunner),
            RestartPending = facts?.RestartPending ?? false,
            Candidates = [.. vm.Observations.Keys],
            Observations = [.. vm.Observations.Values.Select(seen => Of(state, seen))],
            RunningOn = vm.RunningOn,
            RefusedClaims =
            [
                .. vm.RefusedClaims.Select(claim => new Contracts.VmClaim
                {
                    Node = claim.Key,
                    Since = Instants.At(claim.Value),
                }),
            ],
            Alarms = vm.DuplicateRunning ? [Contracts.VmAlarms.DuplicateRunning] : [],
        };
    }

    public static Contracts.VmState Of(VmState state) => state switch
    {
        VmState.Starting => Contracts.VmState.Starting,
        VmState.Running => Contracts.VmState.Running,
        VmState.Stopping => Contracts.VmState.Stopping,
        VmState.Stopped => Contracts.VmState.Stopped,
        VmState.Failed => Contracts.VmState.Failed,
        _ => Contracts.VmState.Unknown,
    };

    /// <summary>Why facts are no longer refreshed, in a few words; null if they are.</summary>
    public static string? ReasonFor(Staleness staleness) => staleness switch
    {
        Staleness.Fresh => null,
        Staleness.NodeLost => "node lost",
        Staleness.Rebooted => "node rebooted",
        Staleness.Unseen => "manager out of reach",
        _ => "unit is gone",
    };

    public static Contracts.MemoryLimitSource? Of(MemoryLimitSource? source) => source switch
    {
        MemoryLimitSource.Qmp => Contracts.MemoryLimitSource.Qmp,
        MemoryLimitSource.CloudHypervisor => Contracts.MemoryLimitSource.CloudHypervisor,
        MemoryLimitSource.Firecracker => Contracts.MemoryLimitSource.Firecracker,
        MemoryLimitSource.Cgroup => Contracts.MemoryLimitSource.Cgroup,
        MemoryLimitSource.CommandLine => Contracts.MemoryLimitSource.CommandLine,
        _ => null,
    };

    private static Contracts.VmObservation Of(ClusterState state, NodeObservation observation) => new()
    {
        Node = observation.Node,
        State = Of(observation.State),
        SubState = Text(observation.SubState),
        Unit = observation.Unit,
        Stale = observation.Stale,
        StaleReason = ReasonFor(observation.Staleness),
        LastUpdate = Instants.Known(observation.LastUpdate),
        LastSeen = Instants.Known(state.LastSeen(observation)),
    };

    /// <summary>The host's own checks first, then those from outside; each group by name.</summary>
    private static Contracts.VmHealth HealthOf(Vm vm, NodeObservation? located)
    {
        var checks = new List<Contracts.VmCheck>();
        foreach (var check in located?.Checks.Values ?? [])
        {
            checks.Add(Of(check, located!.LastUpdate, fresh: !located.Stale));
        }

        foreach (var source in vm.Health.Values)
        {
            checks.AddRange(source.Checks.Values.Select(check => Of(check, source.LastUpdate, fresh: true)));
        }

        return new Contracts.VmHealth
        {
            Healthy = vm.Healthy,
            Status = Of(vm.HealthStatus),
            Checks = checks,
            Errors = [.. (located?.Errors ?? []).Select(Of)],
            Recovery = located?.Recovery is { } recovery ? Of(recovery) : null,
            Policy = vm.HealthPolicy is { } policy ? HealthPolicyDocuments.Of(policy) : null,
        };
    }

    public static Contracts.HealthStatus Of(HealthStatus status) => status switch
    {
        HealthStatus.Healthy => Contracts.HealthStatus.Healthy,
        HealthStatus.Degraded => Contracts.HealthStatus.Degraded,
        HealthStatus.Unhealthy => Contracts.HealthStatus.Unhealthy,
        HealthStatus.Unresponsive => Contracts.HealthStatus.Unresponsive,
        HealthStatus.Critical => Contracts.HealthStatus.Critical,
        _ => Contracts.HealthStatus.Unknown,
    };

    private static Contracts.VmErrorLine Of(ErrorLine line) => new()
    {
        At = Instants.At(line.Time),
        Priority = (int)line.Priority,
        Message = line.Message,
    };

    private static Contracts.VmRecovery Of(RecoveryRecord recovery) => new()
    {
        Attempts = (int)recovery.Attempts,
        LastAt = Instants.Known(recovery.Last),
        Reason = recovery.Reason,
        NextAt = Instants.Known(recovery.Next),
        Exhausted = recovery.Exhausted,
    };

    /// <summary>What a host said before it was lost is not said any more: only the message stays.</summary>
    private static Contracts.VmCheck Of(Check check, long at, bool fresh) => new()
    {
        Name = check.Name,
        Status = !fresh ? Contracts.CheckStatus.Unknown
            : check.Passed ? Contracts.CheckStatus.Passing
            : Contracts.CheckStatus.Failing,
        Message = check.Message,
        At = Instants.Known(at),
    };

    private static Contracts.VmResources ResourcesOf(Resources? resources, MemoryLimitSource? limitSource)
    {
        if (resources is null)
        {
            return new();
        }

        return new()
        {
            SampledAt = Instants.Known(resources.SampledAt),
            CpuPercent = resources.CpuMillipercent / 1000.0,
            CpuSeconds = resources.CpuUsageUsec / 1e6,
            CpuUserSeconds = resources.CpuUserUsec / 1e6,
            CpuSystemSeconds = resources.CpuSystemUsec / 1e6,
            MemoryBytes = (long?)resources.MemoryBytes,
            MemoryLimitBytes = (long?)resources.MemoryLimitBytes,
            MemoryLimitSource = resources.MemoryLimitBytes is null ? null : Of(limitSource),
            MemoryPercent = resources is { MemoryBytes: { } used, MemoryLimitBytes: > 0 and var limit }
                ? Math.Round(100.0 * used / limit, 3)
                : null,
            SwapBytes = (long?)resources.SwapBytes,
            DiskReadBytes = (long?)resources.DiskReadBytes,
            DiskWriteBytes = (long?)resources.DiskWriteBytes,
            DiskReadOperations = (long?)resources.DiskReads,
            DiskWriteOperations = (long?)resources.DiskWrites,
            DiskReadBytesPerSecond = (long?)resources.DiskReadBytesPerSecond,
            DiskWriteBytesPerSecond = (long?)resources.DiskWriteBytesPerSecond,
            DiskReadOperationsPerSecond = (long?)resources.DiskReadsPerSecond,
            DiskWriteOperationsPerSecond = (long?)resources.DiskWritesPerSecond,
            NetRxBytes = (long?)resources.NetworkRxBytes,
            NetTxBytes = (long?)resources.NetworkTxBytes,
            NetRxPackets = (long?)resources.NetworkRxPackets,
            NetTxPackets = (long?)resources.NetworkTxPackets,
            NetRxErrors = (long?)resources.NetworkRxErrors,
            NetTxErrors = (long?)resources.NetworkTxErrors,
            NetRxDropped = (long?)resources.NetworkRxDropped,
            NetTxDropped = (long?)resources.NetworkTxDropped,
            NetRxBytesPerSecond = (long?)resources.NetworkRxBytesPerSecond,
            NetTxBytesPerSecond = (long?)resources.NetworkTxBytesPerSecond,
            NetRxPacketsPerSecond = (long?)resources.NetworkRxPacketsPerSecond,
            NetTxPacketsPerSecond = (long?)resources.NetworkTxPacketsPerSecond,
            Pids = (long?)resources.Pids,
            PidsLimit = (long?)resources.PidsLimit,
            CpuPressureSomePercent = resources.CpuPressureSomeMillipercent / 1000.0,
            CpuPressureFullPercent = resources.CpuPressureFullMillipercent / 1000.0,
            MemoryPressureSomePercent = resources.MemoryPressureSomeMillipercent / 1000.0,
            MemoryPressureFullPercent = resources.MemoryPressureFullMillipercent / 1000.0,
            IoPressureSomePercent = resources.IoPressureSomeMillipercent / 1000.0,
            IoPressureFullPercent = resources.IoPressureFullMillipercent / 1000.0,
        };
    }

    private static string? Text(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
