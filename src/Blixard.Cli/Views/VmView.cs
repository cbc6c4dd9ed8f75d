using Blixard.Cli.Output;
using Blixard.Client.Contracts;

namespace Blixard.Cli.Views;

/// <summary>Everything about one VM.</summary>
internal static class VmView
{
    public static void Write(Printer printer, Vm vm, DateTimeOffset now)
    {
        Fields.Write(printer, Identity(vm, now));
        printer.Line();
        Fields.Write(printer, Usage(vm.Resources, now));
        if (vm.Health.Checks.Count > 0)
        {
            printer.Line();
            printer.Table(vm.Health.Checks, CheckColumns(now));
        }

        if (vm.Observations.Count > 0)
        {
            printer.Line();
            printer.Table(vm.Observations, ObservationColumns(now));
        }
    }

    private static List<Field> Identity(Vm vm, DateTimeOffset now) =>
    [
        new("name", vm.Name),
        new("uuid", vm.Uuid),
        new("state", State(vm)),
        new("node", vm.Node),
        new("since", Instant(vm.Since, now)),
        new("health", VmTable.Health(vm)),
        new("attention", VmAttention.ReasonFor(vm) is { } reason ? new Cell(reason, Tone.Bad) : null),
        new("unit", vm.Unit + (vm.UserService ? " (user service)" : "")),
        new("process", vm.MainPid is { } pid ? $"pid {Humanize.Number<int>(pid)}" : null),
        new("result", vm.Result + (vm.ExitCode is { } code ? $" (exit code {Humanize.Number<int>(code)})" : "")),
        new("restarts", Humanize.Number(vm.Restarts)),
        new("hypervisor", vm.Hypervisor + (vm.Vcpus is { } vcpus ? $" ({Humanize.Number<int>(vcpus)} vcpus)" : "")),
        new("taps", string.Join(", ", [.. vm.Taps, .. vm.Macvtaps.Select(name => $"{name} (macvtap)")])),
        new("vsock cid", Humanize.Number(vm.VsockCid)),
        new("runner", Runner(vm)),
        new("monitor", vm.Monitor),
        new("candidates", string.Join(", ", vm.Candidates)),
        new("created", Instant(vm.CreatedAt, now)),
        new("changed", Instant(vm.LastUpdate, now)),
        new("seen", Instant(vm.LastSeen, now)),
    ];

    private static List<Field> Usage(VmResources used, DateTimeOffset now) =>
    [
        new("cpu", used.CpuPercent is null && used.CpuSeconds is null
            ? null
            : $"{Humanize.Percent(used.CpuPercent)} of a core, {Humanize.Number(Rounded(used.CpuSeconds))} s in all"),
        new("memory", used.MemoryBytes is null
            ? null
            : $"{Humanize.Bytes(used.MemoryBytes)} of {Humanize.Bytes(used.MemoryLimitBytes)}{LimitSource(used)} "
                + $"({Humanize.Percent(used.MemoryPercent)}), swap {Humanize.Bytes(used.SwapBytes)}"),
        new("disk", Pair("read", used.DiskReadBytes, "written", used.DiskWriteBytes)),
        new("network", Pair("received", used.NetRxBytes, "sent", used.NetTxBytes)),
        new("pids", Humanize.Number(used.Pids)),
        new("sampled", Instant(used.SampledAt, now)),
    ];

    private static Cell State(Vm vm)
    {
        var state = VmTable.State(vm);
        return !vm.Stale && vm.SubState is { Length: > 0 }
            ? state with { Text = $"{state.Text} ({vm.SubState})" }
            : state;
    }

    private static Cell Runner(Vm vm) => vm.RestartPending
        ? new Cell($"{vm.RunningRunner}, restart pending: {vm.CurrentRunner} is current", Tone.Warning)
        : vm.RunningRunner ?? (vm.CurrentRunner is { } current ? $"{current} (not started)" : null);

    private static string? Instant(DateTimeOffset? instant, DateTimeOffset now) =>
        instant is { } value ? $"{UtcInstantConverter.Text(value)} ({Humanize.Age(now - value)} ago)" : null;

    private static string LimitSource(VmResources used) => used.MemoryLimitSource switch
    {
        MemoryLimitSource.Qmp => " by QMP",
        MemoryLimitSource.CloudHypervisor => " by cloud-hypervisor",
        MemoryLimitSource.Firecracker => " by firecracker",
        MemoryLimitSource.Cgroup => " by memory.max",
        MemoryLimitSource.CommandLine => " by its command line",
        _ => "",
    };

    private static string? Pair(string one, long? first, string other, long? second) =>
        first is null && second is null ? null : $"{Humanize.Bytes(first)} {one}, {Humanize.Bytes(second)} {other}";

    private static double? Rounded(double? seconds) => seconds is { } value ? Math.Round(value, 1) : null;

    private static IReadOnlyList<Column<VmCheck>> CheckColumns(DateTimeOffset now) =>
    [
        Columns.Text<VmCheck>("CHECK", check => check.Name),
        Columns.State<VmCheck, CheckStatus>("STATUS", check => check.Status, StatusCell),
        Columns.Age<VmCheck>("AGE", check => check.At, now),
        Columns.Text<VmCheck>("MESSAGE", check => check.Message),
    ];

    private static IReadOnlyList<Column<VmObservation>> ObservationColumns(DateTimeOffset now) =>
    [
        Columns.Text<VmObservation>("SEEN BY", seen => seen.Node),
        Columns.State<VmObservation, VmState>("LAST STATE", seen => seen.State, VmTable.StateCell),
        Columns.Text<VmObservation>("SUBSTATE", seen => seen.SubState),
        new("STALE", seen => seen.Stale ? new Cell("stale", Tone.Warning) : null, seen => Exact.Of(seen.Stale)),
        Columns.Age<VmObservation>("CHANGED", seen => seen.LastUpdate, now),
        Columns.Text<VmObservation>("UNIT", seen => seen.Unit),
    ];

    private static Cell StatusCell(CheckStatus status) => new(Exact.Name(status), status switch
    {
        CheckStatus.Passing => Tone.Good,
        CheckStatus.Failing => Tone.Bad,
        _ => Tone.Warning,
    });
}
