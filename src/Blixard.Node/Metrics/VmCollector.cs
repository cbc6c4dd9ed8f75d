using Blixard.Node.Api;
using Blixard.Node.Replication;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.Node.Metrics;

/// <summary>
/// The VMs that this node runs, and no others: a VM is exported by one node, or every sum over the fleet is wrong.
/// No label changes when a VM restarts. What a host does not measure has no series. docs/metrics.md publishes the
/// budget; above it the last VMs by name are left out, always the same ones, and counted.
/// </summary>
internal sealed class VmCollector(ILocalVms local, Replica replica, NodeFacts node) : ICollector
{
    public const int MaxVms = 1000;

    /// <summary>Of one VM, the first by name.</summary>
    public const int MaxChecks = 13;

    /// <summary>
    /// The most series that one VM can have: six states, twenty-two figures, two for each of three pressures, six of its
    /// health, its checks.
    /// </summary>
    public const int MaxSeriesPerVm = 6 + 22 + 6 + 6 + MaxChecks;

    public void Collect(PrometheusText text)
    {
        var state = replica.State;
        var families = new VmFamilies(text);
        var exported = 0;
        foreach (var vm in local.Vms.Where(vm => IsOurs(vm, state)).OrderBy(vm => vm.Name, StringComparer.Ordinal))
        {
            var series = SeriesOf(vm, state.Vms.GetValueOrDefault(vm.Name), families, text);
            if (exported++ >= MaxVms)
            {
                text.Drop(DropReason.VmLimit, series.Count);
                continue;
            }

            foreach (var one in series)
            {
                one.Family.Add(one.Value, one.Labels);
            }
        }
    }

    /// <summary>
    /// At work here, or at rest where it was last at work: a VM that is merely defined here is left to the node that
    /// runs it.
    /// </summary>
    private bool IsOurs(LocalVm vm, ClusterState state) =>
        vm.State is VmState.Running or VmState.Starting or VmState.Stopping
        || !state.Vms.TryGetValue(vm.Name, out var known)
        || known.Location == node.Name;

    private static List<VmSeries> SeriesOf(LocalVm vm, Vm? known, VmFamilies families, PrometheusText text)
    {
        var name = new Label("vm", vm.Name);
        var series = new List<VmSeries>(MaxSeriesPerVm);
        foreach (var state in Enum.GetValues<VmState>())
        {
            series.Add(new(families.State, vm.State == state ? 1 : 0, name, new("state", Names.Of(state))));
        }

        void Figure(MetricFamily family, double? value)
        {
            if (value is { } figure)
            {
                series.Add(new(family, figure, name));
            }
        }

        Figure(families.Cpu, vm.CpuUsageUsec / 1e6);
        Figure(families.Memory, vm.MemoryBytes);
        Figure(families.MemoryLimit, vm.MemoryLimitBytes);
        Figure(families.Swap, vm.SwapBytes);
        Figure(families.DiskRead, vm.DiskReadBytes);
        Figure(families.DiskWritten, vm.DiskWriteBytes);
        Figure(families.DiskReads, vm.DiskReads);
        Figure(families.DiskWrites, vm.DiskWrites);
        Figure(families.NetworkReceived, vm.NetworkRxBytes);
        Figure(families.NetworkTransmitted, vm.NetworkTxBytes);
        Figure(families.PacketsReceived, vm.NetworkRxPackets);
        Figure(families.PacketsTransmitted, vm.NetworkTxPackets);
        Figure(families.ReceiveErrors, vm.NetworkRxErrors);
        Figure(families.TransmitErrors, vm.NetworkTxErrors);
        Figure(families.ReceiveDropped, vm.NetworkRxDropped);
        Figure(families.TransmitDropped, vm.NetworkTxDropped);
        Figure(families.Pids, vm.Pids);
        Figure(families.PidsLimit, vm.PidsLimit);
        Figure(families.Restarts, vm.Restarts);
        Figure(families.Vcpus, vm.Vcpus);
        Figure(families.RestartPending, vm.RestartPending is { } pending ? pending ? 1 : 0 : null);
        Figure(families.Healthy, known?.Healthy is { } healthy ? healthy ? 1 : 0 : null);

        foreach (var pressure in vm.Pressures)
        {
            var resource = new Label("resource", pressure.Resource);
            series.Add(new(families.Stalled, pressure.SomeUsec / 1e6, name, resource, new("waiting", "some")));
            if (pressure.FullUsec is { } full)
            {
                series.Add(new(families.Stalled, full / 1e6, name, resource, new("waiting", "all")));
            }
        }

        foreach (var status in known is null ? [] : Enum.GetValues<HealthStatus>())
        {
            series.Add(new(
                families.Health, known!.HealthStatus == status ? 1 : 0, name, new("status", Names.Of(status))));
        }

        var checks = ChecksOf(vm, known);
        text.Drop(DropReason.VmLimit, Math.Max(0, checks.Count - MaxChecks));
        foreach (var (check, passed) in checks.Take(MaxChecks))
        {
            series.Add(new(families.Check, passed ? 1 : 0, name, new("check", check)));
        }

        return series;
    }

    /// <summary>Those of this host as it made them last, and those that the monitor made from outside.</summary>
    private static SortedDictionary<string, bool> ChecksOf(LocalVm vm, Vm? known)
    {
        var checks = new SortedDictionary<string, bool>(StringComparer.Ordinal);
        foreach (var check in vm.Checks)
        {
            checks[check.Name] = check.Passed;
        }

        foreach (var check in known?.Health.Values.SelectMany(source => source.Checks.Values) ?? [])
        {
            checks.TryAdd(check.Name, check.Passed);
        }

        return checks;
    }

    private readonly struct VmSeries(MetricFamily family, double value, params Label[] labels)
    {
        public MetricFamily Family { get; } = family;

        public double Value { get; } = value;

        public Label[] Labels { get; } = labels;
    }
}
