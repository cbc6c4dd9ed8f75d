using System.Collections.Immutable;
using Blixard.StateMachine.Commands;
using Google.Protobuf.Collections;

namespace Blixard.StateMachine.State;

/// <summary>Observations between their message, as commands and snapshots carry it, and the state.</summary>
internal static class ObservationCodec
{
    public static NodeObservation Read(VmObservation item, string node) => new()
    {
        Node = node,
        Unit = item.Unit,
        UserService = item.UserService,
        State = item.State,
        SubState = item.SubState,
        Since = item.SinceUnixMs,
        Result = item.Result,
        ExitCode = item.HasExitCode ? item.ExitCode : null,
        Restarts = item.Restarts,
        MainPid = item.HasMainPid ? item.MainPid : null,
        Resources = item.Resources is { } usage ? Read(usage) : null,
        Checks = Read(item.Checks),
        Probe = item.Probe,
        Facts = item.Facts is { } facts ? FactsCodec.Read(facts) : null,
        Errors = [.. item.Errors.Select(line => new ErrorLine(line.TimeUnixMs, line.Priority, line.Message))],
        Recovery = item.Recovery is { } recovery ? Read(recovery) : null,
    };

    public static RecoveryRecord Read(Recovery recovery) =>
        new(recovery.Attempts, recovery.LastUnixMs, recovery.Reason, recovery.NextUnixMs, recovery.Exhausted);

    public static ImmutableSortedDictionary<string, Check> Read(RepeatedField<CheckResult> checks)
    {
        var byName = Ordinal.Map<Check>().ToBuilder();
        foreach (var check in checks)
        {
            byName[check.Name] = new Check(check.Name, check.Passed, check.Message)
            {
                Weight = check.HasWeight ? check.Weight : null,
                Critical = check.Critical,
            };
        }

        return byName.ToImmutable();
    }

    public static VmObservation Write(string vm, NodeObservation observation)
    {
        var item = new VmObservation
        {
            Vm = vm,
            Unit = observation.Unit,
            UserService = observation.UserService,
            State = observation.State,
            SubState = observation.SubState,
            SinceUnixMs = observation.Since,
            Result = observation.Result,
            Restarts = observation.Restarts,
            Probe = observation.Probe,
            Resources = observation.Resources is { } resources ? Write(resources) : null,
            Facts = observation.Facts is { } facts ? FactsCodec.Write(facts) : null,
        };
        if (observation.ExitCode is { } exitCode)
        {
            item.ExitCode = exitCode;
        }

        if (observation.MainPid is { } mainPid)
        {
            item.MainPid = mainPid;
        }

        item.Checks.AddRange(observation.Checks.Values.Select(Write));
        item.Errors.AddRange(observation.Errors.Select(
            line => new JournalError { TimeUnixMs = line.Time, Priority = line.Priority, Message = line.Message }));
        if (observation.Recovery is { } recovery)
        {
            item.Recovery = new()
            {
                Attempts = recovery.Attempts,
                LastUnixMs = recovery.Last,
                Reason = recovery.Reason,
                NextUnixMs = recovery.Next,
                Exhausted = recovery.Exhausted,
            };
        }

        return item;
    }

    public static CheckResult Write(Check check)
    {
        var result = new CheckResult
        {
            Name = check.Name,
            Passed = check.Passed,
            Message = check.Message,
            Critical = check.Critical,
        };
        if (check.Weight is { } weight)
        {
            result.Weight = weight;
        }

        return result;
    }

    private static Resources Read(ResourceUsage usage) => new()
    {
        SampledAt = usage.SampledAtUnixMs,
        CpuMillipercent = usage.HasCpuMillipercent ? usage.CpuMillipercent : null,
        CpuUsageUsec = usage.HasCpuUsageUsec ? usage.CpuUsageUsec : null,
        MemoryBytes = usage.HasMemoryBytes ? usage.MemoryBytes : null,
        MemoryLimitBytes = usage.HasMemoryLimitBytes ? usage.MemoryLimitBytes : null,
        DiskReadBytes = usage.HasDiskReadBytes ? usage.DiskReadBytes : null,
        DiskWriteBytes = usage.HasDiskWriteBytes ? usage.DiskWriteBytes : null,
        DiskReads = usage.HasDiskReads ? usage.DiskReads : null,
        DiskWrites = usage.HasDiskWrites ? usage.DiskWrites : null,
        NetworkRxBytes = usage.HasNetworkRxBytes ? usage.NetworkRxBytes : null,
        NetworkTxBytes = usage.HasNetworkTxBytes ? usage.NetworkTxBytes : null,
        NetworkRxPackets = usage.HasNetworkRxPackets ? usage.NetworkRxPackets : null,
        NetworkTxPackets = usage.HasNetworkTxPackets ? usage.NetworkTxPackets : null,
        Pids = usage.HasPids ? usage.Pids : null,
        SwapBytes = usage.HasSwapBytes ? usage.SwapBytes : null,
        CpuUserUsec = usage.HasCpuUserUsec ? usage.CpuUserUsec : null,
        CpuSystemUsec = usage.HasCpuSystemUsec ? usage.CpuSystemUsec : null,
        DiskReadBytesPerSecond = usage.HasDiskReadBytesPerSecond ? usage.DiskReadBytesPerSecond : null,
        DiskWriteBytesPerSecond = usage.HasDiskWriteBytesPerSecond ? usage.DiskWriteBytesPerSecond : null,
        DiskReadsPerSecond = usage.HasDiskReadsPerSecond ? usage.DiskReadsPerSecond : null,
        DiskWritesPerSecond = usage.HasDiskWritesPerSecond ? usage.DiskWritesPerSecond : null,
        NetworkRxBytesPerSecond = usage.HasNetworkRxBytesPerSecond ? usage.NetworkRxBytesPerSecond : null,
        NetworkTxBytesPerSecond = usage.HasNetworkTxBytesPerSecond ? usage.NetworkTxBytesPerSecond : null,
        NetworkRxPacketsPerSecond = usage.HasNetworkRxPacketsPerSecond ? usage.NetworkRxPacketsPerSecond : null,
        NetworkTxPacketsPerSecond = usage.HasNetworkTxPacketsPerSecond ? usage.NetworkTxPacketsPerSecond : null,
        NetworkRxErrors = usage.HasNetworkRxErrors ? usage.NetworkRxErrors : null,
        NetworkTxErrors = usage.HasNetworkTxErrors ? usage.NetworkTxErrors : null,
        NetworkRxDropped = usage.HasNetworkRxDropped ? usage.NetworkRxDropped : null,
        NetworkTxDropped = usage.HasNetworkTxDropped ? usage.NetworkTxDropped : null,
        PidsLimit = usage.HasPidsLimit ? usage.PidsLimit : null,
        CpuPressureSomeMillipercent = usage.HasCpuPressureSomeMillipercent ? usage.CpuPressureSomeMillipercent : null,
        CpuPressureFullMillipercent = usage.HasCpuPressureFullMillipercent ? usage.CpuPressureFullMillipercent : null,
        MemoryPressureSomeMillipercent = usage.HasMemoryPressureSomeMillipercent
            ? usage.MemoryPressureSomeMillipercent
            : null,
        MemoryPressureFullMillipercent = usage.HasMemoryPressureFullMillipercent
            ? usage.MemoryPressureFullMillipercent
            : null,
        IoPressureSomeMillipercent = usage.HasIoPressureSomeMillipercent ? usage.IoPressureSomeMillipercent : null,
        IoPressureFullMillipercent = usage.HasIoPressureFullMillipercent ? usage.IoPressureFullMillipercent : null,
    };

    private static ResourceUsage Write(Resources resources)
    {
        var usage = new ResourceUsage { SampledAtUnixMs = resources.SampledAt };
        if (resources.CpuMillipercent is { } cpuMillipercent)
        {
            usage.CpuMillipercent = cpuMillipercent;
        }

        if (resources.CpuUsageUsec is { } cpuUsageUsec)
        {
            usage.CpuUsageUsec = cpuUsageUsec;
        }

        if (resources.MemoryBytes is { } memoryBytes)
        {
            usage.MemoryBytes = memoryBytes;
        }

        if (resources.MemoryLimitBytes is { } memoryLimitBytes)
        {
            usage.MemoryLimitBytes = memoryLimitBytes;
        }

        if (resources.DiskReadBytes is { } diskReadBytes)
        {
            usage.DiskReadBytes = diskReadBytes;
        }

        if (resources.DiskWriteBytes is { } diskWriteBytes)
        {
            usage.DiskWriteBytes = diskWriteBytes;
        }

        if (resources.DiskReads is { } diskReads)
        {
            usage.DiskReads = diskReads;
        }

        if (resources.DiskWrites is { } diskWrites)
        {
            usage.DiskWrites = diskWrites;
        }

        if (resources.NetworkRxBytes is { } networkRxBytes)
        {
            usage.NetworkRxBytes = networkRxBytes;
        }

        if (resources.NetworkTxBytes is { } networkTxBytes)
        {
            usage.NetworkTxBytes = networkTxBytes;
        }

        if (resources.NetworkRxPackets is { } networkRxPackets)
        {
            usage.NetworkRxPackets = networkRxPackets;
        }

        if (resources.NetworkTxPackets is { } networkTxPackets)
        {
            usage.NetworkTxPackets = networkTxPackets;
        }

        if (resources.Pids is { } pids)
        {
            usage.Pids = pids;
        }

        if (resources.SwapBytes is { } swapBytes)
        {
            usage.SwapBytes = swapBytes;
        }

        if (resources.CpuUserUsec is { } cpuUserUsec)
        {
            usage.CpuUserUsec = cpuUserUsec;
        }

        if (resources.CpuSystemUsec is { } cpuSystemUsec)
        {
            usage.CpuSystemUsec = cpuSystemUsec;
        }

        if (resources.DiskReadBytesPerSecond is { } diskReadBytesPerSecond)
        {
            usage.DiskReadBytesPerSecond = diskReadBytesPerSecond;
        }

        if (resources.DiskWriteBytesPerSecond is { } diskWriteBytesPerSecond)
        {
            usage.DiskWriteBytesPerSecond = diskWriteBytesPerSecond;
        }

        if (resources.DiskReadsPerSecond is { } diskReadsPerSecond)
        {
            usage.DiskReadsPerSecond = diskReadsPerSecond;
        }

        if (resources.DiskWritesPerSecond is { } diskWritesPerSecond)
        {
            usage.DiskWritesPerSecond = diskWritesPerSecond;
        }

        if (resources.NetworkRxBytesPerSecond is { } networkRxBytesPerSecond)
        {
            usage.NetworkRxBytesPerSecond = networkRxBytesPerSecond;
        }

        if (resources.NetworkTxBytesPerSecond is { } networkTxBytesPerSecond)
        {
            usage.NetworkTxBytesPerSecond = networkTxBytesPerSecond;
        }

        if (resources.NetworkRxPacketsPerSecond is { } networkRxPacketsPerSecond)
        {
            usage.NetworkRxPacketsPerSecond = networkRxPacketsPerSecond;
        }

        if (resources.NetworkTxPacketsPerSecond is { } networkTxPacketsPerSecond)
        {
            usage.NetworkTxPacketsPerSecond = networkTxPacketsPerSecond;
        }

        if (resources.NetworkRxErrors is { } networkRxErrors)
        {
            usage.NetworkRxErrors = networkRxErrors;
        }

        if (resources.NetworkTxErrors is { } networkTxErrors)
        {
            usage.NetworkTxErrors = networkTxErrors;
        }

        if (resources.NetworkRxDropped is { } networkRxDropped)
        {
            usage.NetworkRxDropped = networkRxDropped;
        }

        if (resources.NetworkTxDropped is { } networkTxDropped)
        {
            usage.NetworkTxDropped = networkTxDropped;
        }

        if (resources.PidsLimit is { } pidsLimit)
        {
            usage.PidsLimit = pidsLimit;
        }

        if (resources.CpuPressureSomeMillipercent is { } cpuPressureSomeMillipercent)
        {
            usage.CpuPressureSomeMillipercent = cpuPressureSomeMillipercent;
        }

        if (resources.CpuPressureFullMillipercent is { } cpuPressureFullMillipercent)
        {
            usage.CpuPressureFullMillipercent = cpuPressureFullMillipercent;
        }

        if (resources.MemoryPressureSomeMillipercent is { } memoryPressureSomeMillipercent)
        {
            usage.MemoryPressureSomeMillipercent = memoryPressureSomeMillipercent;
        }

        if (resources.MemoryPressureFullMillipercent is { } memoryPressureFullMillipercent)
        {
            usage.MemoryPressureFullMillipercent = memoryPressureFullMillipercent;
        }

        if (resources.IoPressureSomeMillipercent is { } ioPressureSomeMillipercent)
        {
            usage.IoPressureSomeMillipercent = ioPressureSomeMillipercent;
        }

        if (resources.IoPressureFullMillipercent is { } ioPressureFullMillipercent)
        {
            usage.IoPressureFullMillipercent = ioPressureFullMillipercent;
        }

        return usage;
    }
}
