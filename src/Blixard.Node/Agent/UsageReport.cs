using Blixard.StateMachine.Commands;
using Blixard.Systemd.Cgroups;

namespace Blixard.Node.Agent;

/// <summary>A sample in the words of the replicated log: whole numbers, and what is not known left out.</summary>
internal static class UsageReport
{
    /// <param name="full">Also what came with <see cref="CommandVersions.FullObservations"/>.</param>
    public static ResourceUsage Of(VmSample sample, bool full)
    {
        var usage = new ResourceUsage { SampledAtUnixMs = sample.At.ToUnixTimeMilliseconds() };
        if (sample.CpuPercent is { } percent)
        {
            usage.CpuMillipercent = Whole(percent * 1000);
        }

        var cgroup = sample.Cgroup;
        if (cgroup.Cpu is { } cpu)
        {
            usage.CpuUsageUsec = cpu.UsageMicroseconds;
        }

        if (cgroup.MemoryCurrent is { } memory)
        {
            usage.MemoryBytes = memory;
        }

        if (cgroup.Io is { } io)
        {
            usage.DiskReadBytes = io.ReadBytes;
            usage.DiskWriteBytes = io.WriteBytes;
            usage.DiskReads = io.ReadOperations;
            usage.DiskWrites = io.WriteOperations;
        }

        if (sample.Network is { } network)
        {
            usage.NetworkRxBytes = network.ReceivedBytes;
            usage.NetworkTxBytes = network.SentBytes;
            usage.NetworkRxPackets = network.ReceivedPackets;
            usage.NetworkTxPackets = network.SentPackets;
        }

        if (cgroup.PidsCurrent is { } pids)
        {
            usage.Pids = pids;
        }

        if (full)
        {
            AddRest(usage, sample);
            AddRates(usage, sample);
            AddPressure(usage, cgroup);
        }

        return usage;
    }

    private static void AddRest(ResourceUsage usage, VmSample sample)
    {
        var cgroup = sample.Cgroup;
        if (cgroup.Cpu is { } cpu)
        {
            usage.CpuUserUsec = cpu.UserMicroseconds;
            usage.CpuSystemUsec = cpu.SystemMicroseconds;
        }

        if (cgroup.MemorySwapCurrent is { } swap)
        {
            usage.SwapBytes = swap;
        }

        if (sample.Network is { } network)
        {
            usage.NetworkRxErrors = network.ReceiveErrors;
            usage.NetworkTxErrors = network.SendErrors;
            usage.NetworkRxDropped = network.ReceiveDropped;
            usage.NetworkTxDropped = network.SendDropped;
        }

        if (cgroup.PidsMax is { } limit)
        {
            usage.PidsLimit = limit;
        }
    }

    private static void AddRates(ResourceUsage usage, VmSample sample)
    {
        if (sample.IoRates is { } io)
        {
            usage.DiskReadBytesPerSecond = Whole(io.ReadBytes);
            usage.DiskWriteBytesPerSecond = Whole(io.WriteBytes);
            usage.DiskReadsPerSecond = Whole(io.ReadOperations);
            usage.DiskWritesPerSecond = Whole(io.WriteOperations);
        }

        if (sample.NetworkRates is { } traffic)
        {
            usage.NetworkRxBytesPerSecond = Whole(traffic.ReceivedBytes);
            usage.NetworkTxBytesPerSecond = Whole(traffic.SentBytes);
            usage.NetworkRxPacketsPerSecond = Whole(traffic.ReceivedPackets);
            usage.NetworkTxPacketsPerSecond = Whole(traffic.SentPackets);
        }
    }

    private static void AddPressure(ResourceUsage usage, in CgroupSample cgroup)
    {
        if (cgroup.CpuPressure is { } cpu)
        {
            usage.CpuPressureSomeMillipercent = Whole(cpu.Some.Avg10 * 1000);
        }

        if (cgroup.CpuPressure?.Full is { } cpuFull)
        {
            usage.CpuPressureFullMillipercent = Whole(cpuFull.Avg10 * 1000);
        }

        if (cgroup.MemoryPressure is { } memory)
        {
            usage.MemoryPressureSomeMillipercent = Whole(memory.Some.Avg10 * 1000);
        }

        if (cgroup.MemoryPressure?.Full is { } memoryFull)
        {
            usage.MemoryPressureFullMillipercent = Whole(memoryFull.Avg10 * 1000);
        }

        if (cgroup.IoPressure is { } io)
        {
            usage.IoPressureSomeMillipercent = Whole(io.Some.Avg10 * 1000);
        }

        if (cgroup.IoPressure?.Full is { } ioFull)
        {
            usage.IoPressureFullMillipercent = Whole(ioFull.Avg10 * 1000);
        }
    }

    private static ulong Whole(double figure) => (ulong)Math.Round(figure);
}
