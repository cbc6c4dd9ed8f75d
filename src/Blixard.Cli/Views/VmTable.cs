using Blixard.Cli.Output;
using Blixard.Client.Contracts;

namespace Blixard.Cli.Views;

/// <summary>VMs, one a line.</summary>
internal static class VmTable
{
    public static IReadOnlyList<Column<Vm>> ColumnsAt(DateTimeOffset now) =>
    [
        Columns.Text<Vm>("NAME", vm => vm.Name),
        new("STATE", State, vm => Exact.Name(vm.State)),
        Columns.Text<Vm>("NODE", vm => vm.Node),
        new("HEALTH", Health, vm => Exact.Of(vm.Health.Healthy)),
        new("CPU", Cpu, vm => Exact.Of(vm.Resources.CpuPercent), Right: true),
        Columns.Bytes<Vm>("MEMORY", vm => vm.Resources.MemoryBytes),
        Columns.Text<Vm>("MONITOR", vm => vm.Monitor),
        Columns.Age<Vm>("SINCE", vm => vm.Since, now),
        Columns.Text<Vm>("SUBSTATE", vm => vm.SubState, wide: true),
        Columns.Bytes<Vm>("LIMIT", vm => vm.Resources.MemoryLimitBytes, wide: true),
        Columns.Bytes<Vm>("READ", vm => vm.Resources.DiskReadBytes, wide: true),
        Columns.Bytes<Vm>("WRITTEN", vm => vm.Resources.DiskWriteBytes, wide: true),
        Columns.Bytes<Vm>("RX", vm => vm.Resources.NetRxBytes, wide: true),
        Columns.Bytes<Vm>("TX", vm => vm.Resources.NetTxBytes, wide: true),
        Columns.Number<Vm>("PIDS", vm => vm.Resources.Pids, wide: true),
        Columns.Number<Vm>("RESTARTS", vm => vm.Restarts, wide: true),
        Columns.Text<Vm>("HYPERVISOR", vm => vm.Hypervisor, wide: true),
        Columns.Age<Vm>("SEEN", vm => vm.LastSeen, now, wide: true),
        Columns.Text<Vm>("UUID", vm => vm.Uuid, wide: true),
        Columns.Text<Vm>("UNIT", vm => vm.Unit, wide: true),
        new("CANDIDATES", vm => string.Join(',', vm.Candidates), vm => string.Join(' ', vm.Candidates), Wide: true),
        new("ALARMS", vm => string.Join(',', vm.Alarms), vm => string.Join(' ', vm.Alarms), Wide: true),
    ];

    /// <summary>With why a VM needs a look, as the last of the narrow columns.</summary>
    public static IReadOnlyList<Column<Vm>> WithReason(IReadOnlyList<Column<Vm>> columns) =>
    [
        .. columns.Where(column => !column.Wide && column.Header is not "MONITOR"),
        Columns.Text<Vm>("WHY", VmAttention.ReasonFor),
        .. columns.Where(column => column.Wide),
    ];

    /// <summary>A stale VM's state is not known, whatever was last reported.</summary>
    public static Cell State(Vm vm) => vm.Stale
        ? new Cell($"Unknown ({vm.StaleReason ?? "stale"})", Tone.Warning)
        : StateCell(vm.State);

    public static Cell StateCell(VmState state) => new(state.ToString(), state switch
    {
        VmState.Running => Tone.Good,
        VmState.Failed => Tone.Bad,
        VmState.Stopped => Tone.Faint,
        _ => Tone.Warning,
    });

    private static Cell Cpu(Vm vm) => Humanize.Percent(vm.Resources.CpuPercent);

    public static Cell Health(Vm vm) => vm switch
    {
        { Alarms: [var alarm, ..] } => new Cell(alarm == VmAlarms.DuplicateRunning ? "duplicate" : alarm, Tone.Bad),
        _ => VmAttention.HealthOf(vm) switch
        {
            HealthStatus.Unknown => null,
            HealthStatus.Healthy => new Cell("healthy", Tone.Good),
            HealthStatus.Degraded => new Cell("degraded", Tone.Warning),
            var bad => new Cell(Exact.Name(bad), Tone.Bad),
        },
    };
}
