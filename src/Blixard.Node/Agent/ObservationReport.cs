using System.Diagnostics;
using Blixard.StateMachine.Commands;
using UnitState = Blixard.Systemd.MicroVms.VmState;

namespace Blixard.Node.Agent;

/// <summary>What this host sees, in the words of the replicated log.</summary>
internal static class ObservationReport
{
    /// <param name="full">
    /// The cluster's version allows all that is known (<see cref="CommandVersions.FullObservations"/>); older nodes
    /// would stop at the rest.
    /// </param>
    /// <param name="serviceState">The message of the first check (<see cref="ServiceStateCheck"/>).</param>
    public static VmObservation Of(AgentVm vm, bool full, string? serviceState = null)
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

        if (ResourcesOf(vm, full) is { } resources)
        {
            observation.Resources = resources;
        }

        if (ServiceStateCheck.Run(vm, serviceState) is { } check)
        {
            observation.Checks.Add(check.Result(full));
        }

        observation.Checks.AddRange(vm.Findings.Checks.Select(found => found.Result(full)));
        if (full)
        {
            observation.Facts = FactsOf(vm);
            observation.Unseen = vm.Unseen;
            observation.Errors.AddRange(vm.Findings.Errors.Select(line =>
                new JournalError { TimeUnixMs = line.Time, Priority = line.Priority, Message = line.Message }));
            if (vm.Findings.Recovery is { } recovery)
            {
                observation.Recovery = new()
                {
                    Attempts = recovery.Attempts,
                    LastUnixMs = recovery.Last,
                    Reason = recovery.Reason,
                    NextUnixMs = recovery.Next,
                    Exhausted = recovery.Exhausted,
                };
            }
        }

        return observation;
    }

    /// <summary>Null if there is no figure at all.</summary>
    private static ResourceUsage? ResourcesOf(AgentVm vm, bool full)
    {
        var usage = vm.Sample is { } sample ? UsageReport.Of(sample, full) : null;
        if (vm.MemoryLimit is { } limit)
        {
            usage ??= new();
            usage.MemoryLimitBytes = limit.Bytes;
        }

        return usage;
    }

    private static VmFacts FactsOf(AgentVm vm)
    {
        var (definition, guest) = (vm.Definition, vm.Guest);
        var facts = new VmFacts
        {
            Hypervisor = vm.Hypervisor ?? "",
            Taps = { definition?.TapInterfaces ?? [] },
            Macvtaps = { definition?.MacvtapInterfaces ?? [] },

            // The link stays where a host lost its power: nothing runs by it.
            RunningRunner = (vm.IsAtWork ? definition?.BootedRunner : null) ?? "",
            CurrentRunner = definition?.CurrentRunner ?? "",
            MemoryLimitSource = vm.MemoryLimit?.Source ?? MemoryLimitSource.Unknown,
        };
        if (guest?.Vcpus is { } vcpus)
        {
            facts.Vcpus = (uint)vcpus;
        }

        if (definition?.VsockCid is { } cid)
        {
            facts.VsockCid = cid;
        }

        return facts;
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
