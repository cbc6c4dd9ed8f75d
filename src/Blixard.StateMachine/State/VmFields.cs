using System.Collections.Immutable;
using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.State;

/// <summary>
/// A VM taken apart. Parts that are the same object in <c>other</c> are left out: the states on both sides of a command
/// share all that the command did not touch.
/// </summary>
internal static class VmFields
{
    public static FieldList Of(Vm vm, Vm? other)
    {
        var fields = new FieldList();
        fields.Text("uuid", vm.Uuid);
        fields.Number("created_at", vm.CreatedAt);
        fields.Text("monitor", vm.Monitor);

        ManagementFields.Add(fields, vm);

        // Concluded, but what a reader of events wants to know.
        fields.Text("state", vm.StateText);
        fields.Flag("healthy", vm.Healthy);
        fields.Concluded("health_status", HealthVerdict.Of(vm).ToString());
        fields.Flag("duplicate_running", vm.DuplicateRunning);
        foreach (var node in vm.RunningOn)
        {
            fields.Flag($"running_on[{node}]", true);
        }

        foreach (var (node, claimedAt) in vm.RefusedClaims)
        {
            fields.Number($"refused_claims[{node}]", claimedAt);
        }

        foreach (var (node, observation) in vm.Observations)
        {
            if (!ReferenceEquals(observation, other?.Observations.GetValueOrDefault(node)))
            {
                Add(fields, $"observations[{node}].", observation);
            }
        }

        foreach (var (source, health) in vm.Health)
        {
            if (!ReferenceEquals(health, other?.Health.GetValueOrDefault(source)))
            {
                Add(fields, $"health[{source}].", health);
            }
        }

        if (vm.HealthPolicy is { } policy && !ReferenceEquals(policy, other?.HealthPolicy))
        {
            HealthPolicyFields.Add(fields, "health_policy.", policy);
        }

        if (!ReferenceEquals(vm.Annotations, other?.Annotations))
        {
            foreach (var (key, annotation) in vm.Annotations.All)
            {
                if (!ReferenceEquals(annotation, other?.Annotations.All.Find(key)))
                {
                    Add(fields, key, annotation);
                }
            }
        }

        return fields;
    }

    /// <summary>The same, but for when it was said.</summary>
    public static bool SameContent(NodeObservation one, NodeObservation other)
    {
        var (before, after) = (new FieldList(), new FieldList());
        Add(before, "", one);
        Add(after, "", other);
        return after.Since(before).IsEmpty;
    }

    private static void Add(FieldList fields, string key, Annotation annotation) =>
        fields.Bytes(AnnotationDiff.PathOf(key), annotation.Shown, annotation.Digest);

    private static void Add(FieldList fields, string at, NodeObservation observation)
    {
        fields.Text(at + "unit", observation.Unit);
        fields.Flag(at + "user_service", observation.UserService);
        fields.Text(at + "state", observation.State.ToString());
        fields.Text(at + "sub_state", observation.SubState);
        fields.Number(at + "since", observation.Since == 0 ? null : observation.Since);
        fields.Text(at + "result", observation.Result);
        fields.Number(at + "exit_code", observation.ExitCode);
        fields.Number(at + "restarts", observation.Restarts);
        fields.Number(at + "main_pid", observation.MainPid);
        fields.Text(at + "probe", observation.Probe);
        fields.Flag(at + "stale", observation.Stale);
        fields.Text(at + "staleness", observation.Stale ? observation.Staleness.ToString() : null);
        fields.Number(at + "last_update", observation.LastUpdate, silent: true);
        fields.Number(at + "last_reported", observation.LastReported, silent: true);
        Add(fields, at, observation.Checks);
        if (observation.Facts is { } facts)
        {
            Add(fields, at + "facts.", facts);
        }

        for (var i = 0; i < observation.Errors.Length; i++)
        {
            var (line, which) = (observation.Errors[i], $"{at}errors[{i}].");
            fields.Number(which + "time", line.Time, silent: true);
            fields.Number(which + "priority", line.Priority, silent: true);
            fields.Text(which + "message", line.Message);
        }

        if (observation.Recovery is { } recovery)
        {
            fields.Number(at + "recovery.attempts", recovery.Attempts);
            fields.Number(at + "recovery.last", recovery.Last == 0 ? null : recovery.Last);
            fields.Text(at + "recovery.reason", recovery.Reason);
            fields.Number(at + "recovery.next", recovery.Next == 0 ? null : recovery.Next);
            fields.Flag(at + "recovery.exhausted", recovery.Exhausted);
        }

        if (observation.Resources is { } resources)
        {
            Add(fields, at + "resources.", resources);
        }
    }

    private static void Add(FieldList fields, string at, Facts facts)
    {
        // Told apart from no facts at all, even where none of them is known.
        fields.Flag(at + "restart_pending", facts.RestartPending);
        fields.Text(at + "hypervisor", facts.Hypervisor);
        fields.Number(at + "vcpus", facts.Vcpus);
        fields.Number(at + "vsock_cid", facts.VsockCid);
        fields.Text(at + "running_runner", facts.RunningRunner);
        fields.Text(at + "current_runner", facts.CurrentRunner);
        fields.Text(
            at + "memory_limit_source",
            facts.MemoryLimitSource == MemoryLimitSource.Unknown ? null : facts.MemoryLimitSource.ToString());
        fields.Text(at + "storage", facts.Storage == StorageKind.Unknown ? null : facts.Storage.ToString());
        Add(fields, at + "taps", facts.Taps);
        Add(fields, at + "macvtaps", facts.Macvtaps);
    }

    private static void Add(FieldList fields, string at, ImmutableArray<string> names)
    {
        for (var i = 0; i < names.Length; i++)
        {
            fields.Text($"{at}[{Rules.Number(i)}]", names[i]);
        }
    }

    private static void Add(FieldList fields, string at, Resources resources)
    {
        fields.Number(at + "sampled_at", resources.SampledAt, silent: true);
        fields.Figure(at + "cpu_millipercent", resources.CpuMillipercent);
        fields.Figure(at + "cpu_usage_usec", resources.CpuUsageUsec);
        fields.Figure(at + "memory_bytes", resources.MemoryBytes);
        fields.Figure(at + "memory_limit_bytes", resources.MemoryLimitBytes);
        fields.Figure(at + "disk_read_bytes", resources.DiskReadBytes);
        fields.Figure(at + "disk_write_bytes", resources.DiskWriteBytes);
        fields.Figure(at + "disk_reads", resources.DiskReads);
        fields.Figure(at + "disk_writes", resources.DiskWrites);
        fields.Figure(at + "network_rx_bytes", resources.NetworkRxBytes);
        fields.Figure(at + "network_tx_bytes", resources.NetworkTxBytes);
        fields.Figure(at + "network_rx_packets", resources.NetworkRxPackets);
        fields.Figure(at + "network_tx_packets", resources.NetworkTxPackets);
        fields.Figure(at + "pids", resources.Pids);
        fields.Figure(at + "swap_bytes", resources.SwapBytes);
        fields.Figure(at + "cpu_user_usec", resources.CpuUserUsec);
        fields.Figure(at + "cpu_system_usec", resources.CpuSystemUsec);
        fields.Figure(at + "disk_read_bytes_per_second", resources.DiskReadBytesPerSecond);
        fields.Figure(at + "disk_write_bytes_per_second", resources.DiskWriteBytesPerSecond);
        fields.Figure(at + "disk_reads_per_second", resources.DiskReadsPerSecond);
        fields.Figure(at + "disk_writes_per_second", resources.DiskWritesPerSecond);
        fields.Figure(at + "network_rx_bytes_per_second", resources.NetworkRxBytesPerSecond);
        fields.Figure(at + "network_tx_bytes_per_second", resources.NetworkTxBytesPerSecond);
        fields.Figure(at + "network_rx_packets_per_second", resources.NetworkRxPacketsPerSecond);
        fields.Figure(at + "network_tx_packets_per_second", resources.NetworkTxPacketsPerSecond);
        fields.Figure(at + "network_rx_errors", resources.NetworkRxErrors);
        fields.Figure(at + "network_tx_errors", resources.NetworkTxErrors);
        fields.Figure(at + "network_rx_dropped", resources.NetworkRxDropped);
        fields.Figure(at + "network_tx_dropped", resources.NetworkTxDropped);
        fields.Figure(at + "pids_limit", resources.PidsLimit);
        fields.Figure(at + "cpu_pressure_some_millipercent", resources.CpuPressureSomeMillipercent);
        fields.Figure(at + "cpu_pressure_full_millipercent", resources.CpuPressureFullMillipercent);
        fields.Figure(at + "memory_pressure_some_millipercent", resources.MemoryPressureSomeMillipercent);
        fields.Figure(at + "memory_pressure_full_millipercent", resources.MemoryPressureFullMillipercent);
        fields.Figure(at + "io_pressure_some_millipercent", resources.IoPressureSomeMillipercent);
        fields.Figure(at + "io_pressure_full_millipercent", resources.IoPressureFullMillipercent);
    }

    private static void Add(FieldList fields, string at, Health health)
    {
        fields.Text(at + "node", health.Node);
        fields.Flag(at + "healthy", health.Healthy);
        fields.Text(at + "message", health.Message);
        fields.Number(at + "last_update", health.LastUpdate, silent: true);
        Add(fields, at, health.Checks);
    }

    private static void Add(FieldList fields, string at, ImmutableSortedDictionary<string, Check> checks)
    {
        foreach (var check in checks.Values)
        {
            fields.Flag($"{at}checks[{check.Name}].passed", check.Passed);
            fields.Text($"{at}checks[{check.Name}].message", check.Message);
            fields.Number($"{at}checks[{check.Name}].weight", check.Weight);
            if (check.Critical)
            {
                fields.Flag($"{at}checks[{check.Name}].critical", true);
            }
        }
    }
}
