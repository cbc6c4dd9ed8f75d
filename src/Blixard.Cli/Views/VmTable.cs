using Blixard.Cli.Output;
using Blixard.Client.Contracts;

namespace Blixard.Cli.Views;

/// <summary>VMs, one a line.</summary>
internal static class VmTable
{
    public static IReadOnlyList<Column<Vm>> Columns(DateTimeOffset now) =>
    [
        new("NAME", vm => vm.Name, vm => vm.Name),
        new("STATE", State, vm => Exact.Name(vm.State)),
        new("NODE", vm => vm.Node, vm => vm.Node),
        new("HEALTH", Health, vm => Exact.Of(vm.Health.Healthy)),
        new("CPU", vm => Humanize.Percent(vm.Resources.CpuPercent), vm => Exact.Of(vm.Resources.CpuPercent), Right: true),
        new("MEMORY", vm => Humanize.Bytes(vm.Resources.MemoryBytes), vm => Exact.Of(vm.Resources.MemoryBytes), Right: true),
        new("MONITOR", vm => vm.Monitor, vm => vm.Monitor),
        new("SINCE", vm => Humanize.Age(vm.Since, now), vm => Exact.Of(vm.Since), Right: true),
        new("SUBSTATE", vm => vm.SubState, vm => vm.SubState, Wide: true),
        new("LIMIT", vm => Humanize.Bytes(vm.Resources.MemoryLimitBytes), vm => Exact.Of(vm.Resources.MemoryLimitBytes), Wide: true, Right: true),
        new("READ", vm => Humanize.Bytes(vm.Resources.DiskReadBytes), vm => Exact.Of(vm.Resources.DiskReadBytes), Wide: true, Right: true),
        new("WRITTEN", vm => Humanize.Bytes(vm.Resources.DiskWriteBytes), vm => Exact.Of(vm.Resources.DiskWriteBytes), Wide: true, Right: true),
        new("RX", vm => Humanize.Bytes(vm.Resources.NetRxBytes), vm => Exact.Of(vm.Resources.NetRxBytes), Wide: true, Right: true),
        new("TX", vm => Humanize.Bytes(vm.Resources.NetTxBytes), vm => Exact.Of(vm.Resources.NetTxBytes), Wide: true, Right: true),
        new("PIDS", vm => Humanize.Number(vm.Resources.Pids), vm => Exact.Of(vm.Resources.Pids), Wide: true, Right: true),
        new("RESTARTS", vm => Humanize.Number(vm.Restarts), vm => Exact.Of(vm.Restarts), Wide: true, Right: true),
        new("HYPERVISOR", vm => vm.Hypervisor, vm => vm.Hypervisor, Wide: true),
        new("SEEN", vm => Humanize.Age(vm.LastSeen, now), vm => Exact.Of(vm.LastSeen), Wide: true, Right: true),
        new("UUID", vm => vm.Uuid, vm => vm.Uuid, Wide: true),
        new("UNIT", vm => vm.Unit, vm => vm.Unit, Wide: true),
        new("CANDIDATES", vm => string.Join(',', vm.Candidates), vm => string.Join(' ', vm.Candidates), Wide: true),
        new("ALARMS", vm => string.Join(',', vm.Alarms), vm => string.Join(' ', vm.Alarms), Wide: true),
    ];

    /// <summary>With why a VM needs a look, as the last of the narrow columns.</summary>
    public static IReadOnlyList<Column<Vm>> WithReason(IReadOnlyList<Column<Vm>> columns) =>
    [
        .. columns.Where(column => !column.Wide && column.Header is not "MONITOR"),
        new("WHY", vm => VmAttention.ReasonFor(vm), VmAttention.ReasonFor),
        .. columns.Where(column => column.Wide),
    ];

    /// <summary>A stale VM's state is not known, whatever was last reported.</summary>
    public static Cell State(Vm vm) => vm.Stale
        ? new Cell($"Unknown ({vm.StaleReason ?? "stale"})", Tone.Warning)
        : new Cell(vm.State.ToString(), ToneOf(vm.State));

    public static Tone ToneOf(VmState state) => state switch
    {
        VmState.Running => Tone.Good,
        VmState.Failed => Tone.Bad,
        VmState.Stopped => Tone.Faint,
        _ => Tone.Warning,
    };

    public static Cell Health(Vm vm) => vm switch
    {
        { Alarms: [var alarm, ..] } => new Cell(alarm == VmAlarms.DuplicateRunning ? "duplicate" : alarm, Tone.Bad),
        { Health.Healthy: true } => new Cell("healthy", Tone.Good),
        { Health.Healthy: false } => new Cell("unhealthy", Tone.Bad),
        _ => null,
    };
}
