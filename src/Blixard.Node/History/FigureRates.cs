using Blixard.Node.Agent;
using Blixard.Systemd.Cgroups;
using Blixard.Systemd.Network;

namespace Blixard.Node.History;

/// <summary>
/// Takes the figures of a sweep from the agent's view: the one place that knows <see cref="VmSample"/>. Counters become
/// rates over the time since the sample before; a counter that went back has started anew, and has no rate.
/// </summary>
/// <param name="longest">A rate over more than this would hide that nobody looked.</param>
internal sealed class FigureRates(TimeSpan longest, TimeProvider time)
{
    private Dictionary<string, VmSample> _before = new(StringComparer.Ordinal);

    public TimeSpan Longest { get; set; } = longest;

    /// <summary>Null if the view has no sample that was not taken before.</summary>
    public Sweep? Take(AgentView view)
    {
        var vms = new SortedDictionary<string, VmFigures>(StringComparer.Ordinal);
        var samples = new Dictionary<string, VmSample>(view.Vms.Count, StringComparer.Ordinal);
        var at = DateTimeOffset.MinValue;
        var isNew = false;
        foreach (var vm in view.Vms.Values)
        {
            if (vm.Sample is not { } sample)
            {
                continue;
            }

            var before = _before.GetValueOrDefault(vm.Name);
            samples.Add(vm.Name, sample);
            isNew |= !ReferenceEquals(before, sample);
            vms.Add(vm.Name, Figures(before, sample));
            at = sample.At > at ? sample.At : at;
        }

        _before = samples;
        return isNew ? new Sweep(at, vms) : null;
    }

    private VmFigures Figures(VmSample? before, VmSample now)
    {
        var figures = new VmFigures();
        var cgroup = now.Cgroup;
        figures.Set(HistoryMetric.Cpu, now.CpuPercent);
        figures.Set(HistoryMetric.Memory, cgroup.MemoryCurrent);
        figures.Set(HistoryMetric.Pids, cgroup.PidsCurrent);
        figures.Set(HistoryMetric.PressureCpu, cgroup.CpuPressure?.Some.Avg10);
        figures.Set(HistoryMetric.PressureMemory, cgroup.MemoryPressure?.Some.Avg10);
        figures.Set(HistoryMetric.PressureIo, cgroup.IoPressure?.Some.Avg10);
        var elapsed = before is null
            ? TimeSpan.Zero
            : time.GetElapsedTime(before.Cgroup.Timestamp, cgroup.Timestamp);
        if (before is null || elapsed <= TimeSpan.Zero || elapsed > Longest)
        {
            return figures;
        }

        double? Rate(ulong? was, ulong? became) =>
            was is { } from && became is { } to && to >= from ? (to - from) / elapsed.TotalSeconds : null;

        (IoUsage? wasIo, NetworkCounters? wasNetwork) = (before.Cgroup.Io, before.Network);
        figures.Set(HistoryMetric.DiskRead, Rate(wasIo?.ReadBytes, cgroup.Io?.ReadBytes));
        figures.Set(HistoryMetric.DiskWrite, Rate(wasIo?.WriteBytes, cgroup.Io?.WriteBytes));
        figures.Set(HistoryMetric.NetRx, Rate(wasNetwork?.ReceivedBytes, now.Network?.ReceivedBytes));
        figures.Set(HistoryMetric.NetTx, Rate(wasNetwork?.SentBytes, now.Network?.SentBytes));
        return figures;
    }
}
