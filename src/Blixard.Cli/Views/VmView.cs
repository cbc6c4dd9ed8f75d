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

        HealthView.WriteDetails(printer, vm.Health, now);
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
        new("disk", Pair(
            ("read", used.DiskReadBytes, used.DiskReadBytesPerSecond),
            ("written", used.DiskWriteBytes, used.DiskWriteBytesPerSecond))),
        new("operations", Counts(
            ("reads", used.DiskReadOperations, used.DiskReadOperationsPerSecond),
            ("writes", used.DiskWriteOperations, used.DiskWriteOperationsPerSecond))),
        new("network", Pair(
            ("received", used.NetRxBytes, used.NetRxBytesPerSecond), ("sent", used.NetTxBytes, used.NetTxBytesPerSecond))),
        new("packets", Counts(
            ("received", used.NetRxPackets, used.NetRxPacketsPerSecond),
            ("sent", used.NetTxPackets, used.NetTxPacketsPerSecond))),
        new("lost", used.NetRxErrors is null ? null
            : $"receiving {used.NetRxErrors} errors, {Humanize.Number(used.NetRxDropped)} dropped; "
                + $"sending {Humanize.Number(used.NetTxErrors)} errors, {Humanize.Number(used.NetTxDropped)} dropped"),
        new("pids", used.Pids is null ? null : Humanize.Number(used.Pids)
            + (used.PidsLimit is null ? "" : $" of {Humanize.Number(used.PidsLimit)}")),
        new("waiting", Waiting(used)),
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

    private static string? Pair(
        (string Name, long? All, long? PerSecond) one, (string Name, long? All, long? PerSecond) other) =>
        one.All is null && other.All is null ? null
        : $"{Humanize.Bytes(one.All)} {one.Name}, {Humanize.Bytes(other.All)} {other.Name}"
            + (one.PerSecond is null ? ""
                : $", now {Humanize.Bytes(one.PerSecond)}/s and {Humanize.Bytes(other.PerSecond)}/s");

    private static string? Counts(
        (string Name, long? All, long? PerSecond) one, (string Name, long? All, long? PerSecond) other) =>
        one.All is null && other.All is null ? null
        : $"{Humanize.Number(one.All)} {one.Name}, {Humanize.Number(other.All)} {other.Name}"
            + (one.PerSecond is null ? ""
                : $", now {Humanize.Number(one.PerSecond)}/s and {Humanize.Number(other.PerSecond)}/s");

    /// <summary>For what its processes waited in the last 10 s: some of them, and all of them.</summary>
    private static string? Waiting(VmResources used)
    {
        (string For, double? Some, double? All)[] pressures =
        [
            ("cpu", used.CpuPressureSomePercent, used.CpuPressureFullPercent),
            ("memory", used.MemoryPressureSomePercent, used.MemoryPressureFullPercent),
            ("io", used.IoPressureSomePercent, used.IoPressureFullPercent),
        ];
        var known = pressures.Where(pressure => pressure.Some is not null).ToArray();
        return known.Length == 0 ? null : string.Join(", ", known.Select(pressure =>
            $"{pressure.For} {Humanize.Percent(pressure.Some)}"
                + (pressure.All is null ? "" : $" (all {Humanize.Percent(pressure.All)})")));
    }

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
        new(
            "STALE",
            seen => seen.Stale ? new Cell(seen.StaleReason ?? "stale", Tone.Warning) : null,
            seen => Exact.Of(seen.Stale)),
        Columns.Age<VmObservation>("SEEN", seen => seen.LastSeen, now),
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
