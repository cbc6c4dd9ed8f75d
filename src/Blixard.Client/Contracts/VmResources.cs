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

    /// <summary>Since the unit started.</summary>
    public double? CpuSeconds { get; init; }

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

    public long? NetRxBytes { get; init; }
    public long? NetTxBytes { get; init; }
    public long? NetRxPackets { get; init; }
    public long? NetTxPackets { get; init; }

    /// <summary>Processes and threads in the unit's cgroup.</summary>
    public long? Pids { get; init; }
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
