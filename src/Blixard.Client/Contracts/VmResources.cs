using System.Text.Json.Serialization;

namespace Blixard.Client.Contracts;

/// <summary>
/// What a VM uses. Null means that the kernel does not tell (a controller that is not there), never zero.
/// Network counters are the guest's view: rx is what the guest received.
/// </summary>
public sealed record VmResources
{
    public DateTimeOffset? SampledAt { get; init; }

    /// <summary>Between the last two samples; 100 = one core busy.</summary>
    public double? CpuPercent { get; init; }

    /// <summary>Host CPU seconds since the unit started.</summary>
    public double? CpuSeconds { get; init; }

    /// <summary>Of <see cref="CpuSeconds"/>, in user mode.</summary>
    public double? CpuUserSeconds { get; init; }

    /// <summary>Of <see cref="CpuSeconds"/>, in the kernel.</summary>
    public double? CpuSystemSeconds { get; init; }

    public long? MemoryBytes { get; init; }

    /// <summary>
    /// The guest's size as its hypervisor tells, else the unit's memory.max, else what the hypervisor's command line
    /// says.
    /// </summary>
    public long? MemoryLimitBytes { get; init; }

    /// <summary>Which of them it was; null also where the node does not say (cluster versions before 4).</summary>
    public MemoryLimitSource? MemoryLimitSource { get; init; }

    /// <summary>Of <see cref="MemoryLimitBytes"/>.</summary>
    public double? MemoryPercent { get; init; }
    public long? SwapBytes { get; init; }

    public long? DiskReadBytes { get; init; }
    public long? DiskWriteBytes { get; init; }
    public long? DiskReadOperations { get; init; }
    public long? DiskWriteOperations { get; init; }

    /// <summary>Rates are those between the last two samples; null in the first one of a run.</summary>
    public long? DiskReadBytesPerSecond { get; init; }
    public long? DiskWriteBytesPerSecond { get; init; }
    public long? DiskReadOperationsPerSecond { get; init; }
    public long? DiskWriteOperationsPerSecond { get; init; }

    public long? NetRxBytes { get; init; }
    public long? NetTxBytes { get; init; }
    public long? NetRxPackets { get; init; }
    public long? NetTxPackets { get; init; }
    public long? NetRxErrors { get; init; }
    public long? NetTxErrors { get; init; }
    public long? NetRxDropped { get; init; }
    public long? NetTxDropped { get; init; }
    public long? NetRxBytesPerSecond { get; init; }
    public long? NetTxBytesPerSecond { get; init; }
    public long? NetRxPacketsPerSecond { get; init; }
    public long? NetTxPacketsPerSecond { get; init; }

    /// <summary>Processes and threads in the unit's cgroup.</summary>
    public long? Pids { get; init; }

    /// <summary>The most of them; null also where there is no limit.</summary>
    public long? PidsLimit { get; init; }

    /// <summary>
    /// Percent of the last 10 s in which some of the unit's processes waited for the resource, or all of them (PSI).
    /// </summary>
    public double? CpuPressureSomePercent { get; init; }
    public double? CpuPressureFullPercent { get; init; }
    public double? MemoryPressureSomePercent { get; init; }
    public double? MemoryPressureFullPercent { get; init; }
    public double? IoPressureSomePercent { get; init; }
    public double? IoPressureFullPercent { get; init; }
}

/// <summary>Who told how much memory a VM may use.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<MemoryLimitSource>))]
public enum MemoryLimitSource
{
    /// <summary>QEMU, on its QMP socket.</summary>
    Qmp = 1,
    CloudHypervisor,
    Firecracker,

    /// <summary>memory.max of the unit's cgroup.</summary>
    Cgroup,

    /// <summary>Of the hypervisor's process.</summary>
    CommandLine,
}
