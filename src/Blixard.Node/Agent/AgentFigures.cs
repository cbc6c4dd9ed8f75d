using Blixard.Client.Contracts;
using Blixard.Node.Agent.HostChecks;
using Blixard.Node.Api;
using Blixard.Node.Metrics;
using Blixard.Systemd.Cgroups;

namespace Blixard.Node.Agent;

/// <summary>The agent's view in the words of <c>/metrics</c> and <c>/status</c>.</summary>
internal sealed class AgentFigures(AgentViewStore views, AgentJournal journal, UserIds users, ErrorLog errors)
    : ILocalVms, IAgentStatus
{
    public IReadOnlyCollection<LocalVm> Vms => [.. views.Current.Vms.Values.Select(Figures)];

    public AgentReport Report()
    {
        var view = views.Current;
        return new()
        {
            Started = view.Listed,
            Degraded = view.StaleSince is not null,
            Queue = new() { Paused = false, Working = 0, MaxJobs = 1, Channels = [], Backlog = [] },
            LastRefresh = journal.Refreshes is [.., var last] ? last.Date : null,
            RefreshErrors = journal.Errors,
            RefreshLog = journal.Refreshes,
            Watchers = [.. view.Buses.Values.Select(Watched)],
            Misses = [.. Misses(view)],
        };
    }

    public uint? UserIdOf(string vm) =>
        views.Current.Vms.TryGetValue(vm, out var known) ? users.Of(known.Bus) : null;

    private IEnumerable<LocalMiss> Misses(AgentView view)
    {
        foreach (var bus in view.Buses.Values)
        {
            if (bus.StaleSince is { } since)
            {
                yield return new()
                {
                    Kind = LocalMiss.Manager,
                    Name = bus.Name,
                    Since = since,
                    Reason = bus.StaleReason ?? "",
                };
            }
        }

        if (errors.Missing is var (from, why))
        {
            yield return new() { Kind = LocalMiss.Journal, Name = LocalMiss.Journal, Since = from, Reason = why };
        }

        foreach (var vm in view.Vms.Values)
        {
            if (vm.Guest is { Trouble: { } trouble } guest)
            {
                yield return new()
                {
                    Kind = LocalMiss.Hypervisor,
                    Name = vm.Name,
                    Since = guest.TroubleSince,
                    Reason = trouble,
                };
            }

            if (vm is { IsAtWork: true, FiguresMissing: true })
            {
                yield return new()
                {
                    Kind = LocalMiss.Figures,
                    Name = vm.Name,
                    Reason = $"control group {vm.ControlGroup} can't be read",
                };
            }
        }
    }

    private static string Watched(BusState bus) => bus.StaleSince is { } since
        ? $"{bus.Name}, out of reach since {UtcInstantConverter.Text(since)}: {bus.StaleReason}"
        : bus.Name;

    private static LocalVm Figures(AgentVm vm)
    {
        var cgroup = vm.Sample?.Cgroup;
        var network = vm.Sample?.Network;
        return new()
        {
            Name = vm.Name,
            State = ObservationReport.StateOf(vm.State),
            CpuUsageUsec = cgroup?.Cpu?.UsageMicroseconds,
            MemoryBytes = cgroup?.MemoryCurrent,
            MemoryLimitBytes = vm.MemoryLimit?.Bytes,
            Vcpus = (uint?)vm.Guest?.Vcpus,
            RestartPending = vm is { IsAtWork: true, Definition: { BootedRunner: { } runs, CurrentRunner: { } next } }
                ? runs != next
                : null,
            SwapBytes = cgroup?.MemorySwapCurrent,
            DiskReadBytes = cgroup?.Io?.ReadBytes,
            DiskWriteBytes = cgroup?.Io?.WriteBytes,
            DiskReads = cgroup?.Io?.ReadOperations,
            DiskWrites = cgroup?.Io?.WriteOperations,
            NetworkRxBytes = network?.ReceivedBytes,
            NetworkTxBytes = network?.SentBytes,
            NetworkRxPackets = network?.ReceivedPackets,
            NetworkTxPackets = network?.SentPackets,
            NetworkRxErrors = network?.ReceiveErrors,
            NetworkTxErrors = network?.SendErrors,
            NetworkRxDropped = network?.ReceiveDropped,
            NetworkTxDropped = network?.SendDropped,
            Pids = cgroup?.PidsCurrent,
            PidsLimit = cgroup?.PidsMax,
            Pressures =
            [
                .. Stalls("cpu", cgroup?.CpuPressure),
                .. Stalls("memory", cgroup?.MemoryPressure),
                .. Stalls("io", cgroup?.IoPressure),
            ],
            Restarts = vm.Restarts,
            Checks = [.. new[] { ServiceStateCheck.Run(vm) }.Concat(vm.Findings.Checks).OfType<HostCheck>()
                .Select(check => new LocalCheck(check.Name, check.Passed))],
        };
    }

    private static IEnumerable<LocalPressure> Stalls(string resource, Pressure? pressure) => pressure is { } stalled
        ? [new(resource, stalled.Some.TotalMicroseconds, stalled.Full?.TotalMicroseconds)]
        : [];
}
