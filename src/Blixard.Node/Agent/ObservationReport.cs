using System.Diagnostics;
using Blixard.StateMachine.Commands;
using UnitState = Blixard.Systemd.MicroVms.VmState;

namespace Blixard.Node.Agent;

/// <summary>What this host sees, in the words of the replicated log.</summary>
internal static class ObservationReport
{
    public static VmObservation Of(AgentVm vm)
    {
        var observation = new VmObservation
        {
            Vm = vm.Name,
            Unit = vm.Unit,
            UserService = vm.Scope == Systemd.MicroVms.UnitScope.User,
            State = StateOf(vm.State),
            SubState = vm.SubState,
            SinceUnixMs = vm.Since?.ToUnixTimeMilliseconds() ?? 0,
            Result = vm.Result,
            Restarts = vm.Restarts,
        };
        if (vm.ExitCode is { } exitCode)
        {
            observation.ExitCode = exitCode;
        }

        if (vm.MainPid is { } pid)
        {
            observation.MainPid = (uint)pid;
        }

        if (vm.Sample is { } sample)
        {
            observation.Resources = ResourcesOf(sample);
        }

        if (ServiceStateCheck.Run(vm) is { } check)
        {
            observation.Checks.Add(check);
        }

        return observation;
    }

    public static ResourceUsage ResourcesOf(VmSample sample)
    {
        var usage = new ResourceUsage { SampledAtUnixMs = sample.At.ToUnixTimeMilliseconds() };
        if (sample.CpuPercent is { } percent)
        {
            usage.CpuMillipercent = (ulong)Math.Round(percent * 1000);
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

        if (cgroup.MemoryMax is { } limit)
        {
            usage.MemoryLimitBytes = limit;
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

        return usage;
    }

    public static VmState StateOf(UnitState state) => state switch
    {
        UnitState.Unknown => VmState.Unknown,
        UnitState.Starting => VmState.Starting,
        UnitState.Running => VmState.Running,
        UnitState.Stopping => VmState.Stopping,
        UnitState.Stopped => VmState.Stopped,
        UnitState.Failed => VmState.Failed,
        _ => throw new UnreachableException($"unit state {state}"),
    };
}
