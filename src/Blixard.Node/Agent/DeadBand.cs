using Blixard.StateMachine.Commands;

namespace Blixard.Node.Agent;

/// <summary>
/// Which movement of a figure is worth a log entry. The full figures stay on this node; the replicated ones are for an
/// overview.
/// </summary>
/// <param name="CpuPercent">Of one CPU.</param>
/// <param name="Bytes">Of memory, disk and network.</param>
internal sealed record DeadBand(int CpuPercent, long Bytes)
{
    /// <summary>Has a figure moved out of the band around what was reported?</summary>
    public bool IsLeft(ResourceUsage? reported, ResourceUsage? now)
    {
        if (reported is null || now is null)
        {
            return reported is not null || now is not null;
        }

        var (was, cpu) = (reported, CpuPercent * 1000L);
        return Left(was.HasCpuMillipercent, was.CpuMillipercent, now.HasCpuMillipercent, now.CpuMillipercent, cpu)
            || Left(was.HasMemoryBytes, was.MemoryBytes, now.HasMemoryBytes, now.MemoryBytes, Bytes)
            || Left(was.HasMemoryLimitBytes, was.MemoryLimitBytes, now.HasMemoryLimitBytes, now.MemoryLimitBytes, 0)
            || Left(was.HasDiskReadBytes, was.DiskReadBytes, now.HasDiskReadBytes, now.DiskReadBytes, Bytes)
            || Left(was.HasDiskWriteBytes, was.DiskWriteBytes, now.HasDiskWriteBytes, now.DiskWriteBytes, Bytes)
            || Left(was.HasNetworkRxBytes, was.NetworkRxBytes, now.HasNetworkRxBytes, now.NetworkRxBytes, Bytes)
            || Left(was.HasNetworkTxBytes, was.NetworkTxBytes, now.HasNetworkTxBytes, now.NetworkTxBytes, Bytes);
    }

    /// <summary>A figure that appears or vanishes is always worth it.</summary>
    private static bool Left(bool hadOne, ulong reported, bool hasOne, ulong now, long band) =>
        hadOne != hasOne || (hasOne && Math.Max(reported, now) - Math.Min(reported, now) > (ulong)band);
}
