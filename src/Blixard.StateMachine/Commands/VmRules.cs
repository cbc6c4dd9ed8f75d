using System.Collections.Immutable;
using System.Text;
using Google.Protobuf.Collections;

namespace Blixard.StateMachine.Commands;

/// <summary>The form of the commands about VMs.</summary>
internal static class VmRules
{
    public static string? Check(RegisterVM body) =>
        Rules.Name("vm", body.Vm)
        ?? Rules.Uuid("uuid", body.Uuid)
        ?? Rules.Name("node", body.Node)
        ?? Rules.Unit(body.Vm, body.Unit, body.UserService)
        ?? State(body.State)
        ?? Rules.Text("sub_state", body.SubState, 64);

    public static string? Check(RemoveVM body) =>
        Rules.Name("vm", body.Vm) ?? Rules.Text("reason", body.Reason, CommandValidator.MaxReasonLength);

    public static string? Check(ForgetObservation body, ulong decidedTerm) =>
        (decidedTerm == 0 ? "what is forgotten is decided by the leader: decided_term is missing" : null)
        ?? Rules.Name("vm", body.Vm)
        ?? Rules.Name("node", body.Node)
        ?? Rules.Text("reason", body.Reason, CommandValidator.MaxReasonLength);

    public static string? Check(SetAnnotation body) =>
        Rules.Name("vm", body.Vm)
        ?? Rules.Name("key", body.Key)
        ?? Rules.Count("bytes of value", body.Value.Length, CommandValidator.MaxAnnotationBytes);

    public static string? Check(UpdateHealth body) =>
        Rules.Name("vm", body.Vm)
        ?? Rules.Name("node", body.Node)
        ?? Rules.Name("source", body.Source)
        ?? Checks(body.Checks)
        ?? Rules.Text("message", body.Message, CommandValidator.MaxMessageLength);

    public static string? Check(UpdateState body)
    {
        var problem = Rules.Name("node", body.Node)
            ?? Rules.RequiredText("boot_id", body.BootId, 64)
            ?? Rules.Count("observations", body.Vms.Count, CommandValidator.MaxObservations)
            ?? (body.ObservationSeq == 0) switch
            {
                true when body.UnchangedSince == 0 => "observation_seq is missing",
                true when body.Complete || body.Vms.Count > 0 => "a keep-alive carries no observations",
                false when body.UnchangedSince != 0 => "both observation_seq and unchanged_since are set",
                _ => null,
            };
        var seen = ImmutableSortedSet.CreateBuilder<string>(StringComparer.Ordinal);
        foreach (var observation in body.Vms)
        {
            problem ??= Check(observation)
                ?? (seen.Add(observation.Vm) ? null : $"VM {observation.Vm} is listed twice");
        }

        return problem;
    }

    private static string? Check(VmObservation observation)
    {
        var problem = Rules.Unit(observation.Vm, observation.Unit, observation.UserService)
            ?? State(observation.State)
            ?? Rules.Text("sub_state", observation.SubState, 64)
            ?? Rules.OptionalTime("since_unix_ms", observation.SinceUnixMs)
            ?? Rules.Text("result", observation.Result, 64)
            ?? Rules.Text("probe", observation.Probe, 256)
            ?? (observation.Resources is { } resources ? Check(resources) : null)
            ?? Checks(observation.Checks)
            ?? (observation.Facts is { } facts ? Check(facts) : null)
            ?? Errors(observation.Errors)
            ?? (observation.Recovery is { } recovery ? Check(recovery) : null);
        return Rules.Name("vm", observation.Vm) ?? (problem is null ? null : $"VM {observation.Vm}: {problem}");
    }

    private static string? Check(ResourceUsage usage) =>
        Rules.OptionalTime("sampled_at_unix_ms", usage.SampledAtUnixMs)
        ?? Rules.Figure("cpu_millipercent", usage.HasCpuMillipercent, usage.CpuMillipercent)
        ?? Rules.Figure("cpu_usage_usec", usage.HasCpuUsageUsec, usage.CpuUsageUsec)
        ?? Rules.Figure("memory_bytes", usage.HasMemoryBytes, usage.MemoryBytes)
        ?? Rules.Figure("memory_limit_bytes", usage.HasMemoryLimitBytes, usage.MemoryLimitBytes)
        ?? Rules.Figure("disk_read_bytes", usage.HasDiskReadBytes, usage.DiskReadBytes)
        ?? Rules.Figure("disk_write_bytes", usage.HasDiskWriteBytes, usage.DiskWriteBytes)
        ?? Rules.Figure("disk_reads", usage.HasDiskReads, usage.DiskReads)
        ?? Rules.Figure("disk_writes", usage.HasDiskWrites, usage.DiskWrites)
        ?? Rules.Figure("network_rx_bytes", usage.HasNetworkRxBytes, usage.NetworkRxBytes)
        ?? Rules.Figure("network_tx_bytes", usage.HasNetworkTxBytes, usage.NetworkTxBytes)
        ?? Rules.Figure("network_rx_packets", usage.HasNetworkRxPackets, usage.NetworkRxPackets)
        ?? Rules.Figure("network_tx_packets", usage.HasNetworkTxPackets, usage.NetworkTxPackets)
        ?? Rules.Figure("pids", usage.HasPids, usage.Pids)
        ?? Rules.Figure("swap_bytes", usage.HasSwapBytes, usage.SwapBytes)
        ?? Rules.Figure("cpu_user_usec", usage.HasCpuUserUsec, usage.CpuUserUsec)
        ?? Rules.Figure("cpu_system_usec", usage.HasCpuSystemUsec, usage.CpuSystemUsec)
        ?? Rules.Figure("disk_read_bytes_per_second", usage.HasDiskReadBytesPerSecond, usage.DiskReadBytesPerSecond)
        ?? Rules.Figure(
            "disk_write_bytes_per_second",
            usage.HasDiskWriteBytesPerSecond,
            usage.DiskWriteBytesPerSecond)
        ?? Rules.Figure("disk_reads_per_second", usage.HasDiskReadsPerSecond, usage.DiskReadsPerSecond)
        ?? Rules.Figure("disk_writes_per_second", usage.HasDiskWritesPerSecond, usage.DiskWritesPerSecond)
        ?? Rules.Figure(
            "network_rx_bytes_per_second",
            usage.HasNetworkRxBytesPerSecond,
            usage.NetworkRxBytesPerSecond)
        ?? Rules.Figure(
            "network_tx_bytes_per_second",
            usage.HasNetworkTxBytesPerSecond,
            usage.NetworkTxBytesPerSecond)
        ?? Rules.Figure(
            "network_rx_packets_per_second",
            usage.HasNetworkRxPacketsPerSecond,
            usage.NetworkRxPacketsPerSecond)
        ?? Rules.Figure(
            "network_tx_packets_per_second",
            usage.HasNetworkTxPacketsPerSecond,
            usage.NetworkTxPacketsPerSecond)
        ?? Rules.Figure("network_rx_errors", usage.HasNetworkRxErrors, usage.NetworkRxErrors)
        ?? Rules.Figure("network_tx_errors", usage.HasNetworkTxErrors, usage.NetworkTxErrors)
        ?? Rules.Figure("network_rx_dropped", usage.HasNetworkRxDropped, usage.NetworkRxDropped)
        ?? Rules.Figure("network_tx_dropped", usage.HasNetworkTxDropped, usage.NetworkTxDropped)
        ?? Rules.Figure("pids_limit", usage.HasPidsLimit, usage.PidsLimit)
        ?? Rules.Figure(
            "cpu_pressure_some_millipercent",
            usage.HasCpuPressureSomeMillipercent,
            usage.CpuPressureSomeMillipercent)
        ?? Rules.Figure(
            "cpu_pressure_full_millipercent",
            usage.HasCpuPressureFullMillipercent,
            usage.CpuPressureFullMillipercent)
        ?? Rules.Figure(
            "memory_pressure_some_millipercent",
            usage.HasMemoryPressureSomeMillipercent,
            usage.MemoryPressureSomeMillipercent)
        ?? Rules.Figure(
            "memory_pressure_full_millipercent",
            usage.HasMemoryPressureFullMillipercent,
            usage.MemoryPressureFullMillipercent)
        ?? Rules.Figure(
            "io_pressure_some_millipercent",
            usage.HasIoPressureSomeMillipercent,
            usage.IoPressureSomeMillipercent)
        ?? Rules.Figure(
            "io_pressure_full_millipercent",
            usage.HasIoPressureFullMillipercent,
            usage.IoPressureFullMillipercent);

    private static string? Check(VmFacts facts) =>
        Rules.OptionalName("hypervisor", facts.Hypervisor)
        ?? Interfaces("taps", facts.Taps)
        ?? Interfaces("macvtaps", facts.Macvtaps)
        ?? Rules.Text("running_runner", facts.RunningRunner, CommandValidator.MaxRunnerLength)
        ?? Rules.Text("current_runner", facts.CurrentRunner, CommandValidator.MaxRunnerLength)
        ?? (facts.MemoryLimitSource is >= MemoryLimitSource.Unknown and <= MemoryLimitSource.CommandLine
            ? null
            : $"memory_limit_source {Rules.Number((long)facts.MemoryLimitSource)} is none")
        ?? ManagementRules.Storage(facts.Storage);

    private static string? Interfaces(string what, RepeatedField<string> names)
    {
        var problem = Rules.Count(what, names.Count, CommandValidator.MaxInterfaces);
        foreach (var name in names)
        {
            problem ??= Rules.RequiredText($"one of {what}", name, CommandValidator.MaxInterfaceNameLength);
        }

        return problem;
    }

    private static string? Checks(RepeatedField<CheckResult> checks)
    {
        var problem = Rules.Count("checks", checks.Count, CommandValidator.MaxChecks);
        var seen = ImmutableSortedSet.CreateBuilder<string>(StringComparer.Ordinal);
        foreach (var check in checks)
        {
            problem ??= Rules.Name("check", check.Name)
                ?? Rules.Text($"message of check {check.Name}", check.Message, CommandValidator.MaxMessageLength)
                ?? (check.Weight > HealthPolicyRules.MaxWeight
                    ? $"weight {check.Weight} of check {check.Name} is not 0 to {HealthPolicyRules.MaxWeight}"
                    : null)
                ?? (seen.Add(check.Name) ? null : $"check {check.Name} is listed twice");
        }

        return problem;
    }

    private static string? Errors(RepeatedField<JournalError> lines)
    {
        var problem = Rules.Count("errors", lines.Count, CommandValidator.MaxJournalLines);
        foreach (var line in lines)
        {
            problem ??= Rules.Time("time of a line", line.TimeUnixMs)
                ?? (line.Priority > 7 ? $"priority {line.Priority} is not one of syslog" : null)
                ?? Rules.Text("a line", line.Message, CommandValidator.MaxJournalLineBytes)
                ?? Rules.Count(
                    "bytes of a line",
                    Encoding.UTF8.GetByteCount(line.Message),
                    CommandValidator.MaxJournalLineBytes);
        }

        return problem;
    }

    private static string? Check(Recovery recovery) =>
        Rules.OptionalTime("last_unix_ms", recovery.LastUnixMs)
        ?? Rules.OptionalTime("next_unix_ms", recovery.NextUnixMs)
        ?? Rules.Text("reason of the recovery", recovery.Reason, CommandValidator.MaxReasonLength);

    private static string? State(VmState state) =>
        state is >= VmState.Unknown and <= VmState.Failed
            ? null
            : $"state {Rules.Number((long)state)} is not a VM state";
}
