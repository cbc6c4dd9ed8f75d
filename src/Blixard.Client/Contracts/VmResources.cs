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

    /// <summary>memory.max, else the guest's size as its hypervisor tells.</summary>
    public long? MemoryLimitBytes { get; init; }

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
