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
    };

    public static ImmutableSortedDictionary<string, Check> Read(RepeatedField<CheckResult> checks)
    {
        var byName = Ordinal.Map<Check>().ToBuilder();
        foreach (var check in checks)
        {
            byName[check.Name] = new Check(check.Name, check.Passed, check.Message);
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
        return item;
    }

    public static CheckResult Write(Check check) =>
        new() { Name = check.Name, Passed = check.Passed, Message = check.Message };

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

        return usage;
    }
}
