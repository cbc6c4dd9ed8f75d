using System.Collections.Immutable;
using Blixard.Systemd;
using Blixard.Systemd.MicroVms;
using Blixard.Systemd.Units;

namespace Blixard.Node.Agent;

/// <summary>
/// Reads what this host has: the units that systemd knows and the VMs that are laid out but not running. One VM that
/// can't be read never hides the others.
/// </summary>
internal sealed partial class UnitInventory(
    IUnitManager units, MicroVmDirectory directory, ILogger<UnitInventory> logger)
{
    /// <exception cref="SystemdUnavailableException">The list as a whole could not be read.</exception>
    public async Task<AgentView> ListAsync(AgentView before, CancellationToken cancellationToken)
    {
        var listed = await units.ListUnitsByPatternsAsync(MicroVmUnits.Patterns(UnitScope.System), cancellationToken);
        var defined = directory.List();
        foreach (var problem in defined.Problems)
        {
            LogDefinitionProblem(problem);
        }

        var vms = AgentView.Empty.Vms.ToBuilder();
        var refused = AgentView.Empty.Refused.ToBuilder();
        foreach (var definition in defined.Vms)
        {
            vms[definition.Name] = Inactive(definition);
        }

        foreach (var unit in listed)
        {
            switch (MicroVmUnits.Parse(unit.Name, UnitScope.System))
            {
                case VmUnit found:
                    var known = before.Vms.GetValueOrDefault(found.VmName);
                    var definition = vms.GetValueOrDefault(found.VmName)?.Definition;
                    if (await ReadAsync(found, definition, known, cancellationToken) is { } vm)
                    {
                        vms[vm.Name] = vm;
                    }

                    break;
                case RefusedVmUnit bad:
                    refused[bad.Unit] = bad.Reason;
                    Refuse(before, bad);
                    break;
            }
        }

        return new(vms.ToImmutable(), refused.ToImmutable(), null, null) { Listed = true };
    }

    /// <summary>
    /// One VM as systemd has it now; null if neither systemd nor the state directory knows it any more.
    /// </summary>
    /// <exception cref="SystemdUnavailableException">systemd can't be asked.</exception>
    public async Task<AgentVm?> RefreshAsync(VmUnit unit, AgentVm? known, CancellationToken cancellationToken)
    {
        var definition = directory.Find(unit.VmName);
        return await ReadAsync(unit, definition, known, cancellationToken)
            ?? (definition is null ? null : Inactive(definition));
    }

    /// <summary>The view with a unit whose name is refused, which is told once.</summary>
    public AgentView Refuse(AgentView view, RefusedVmUnit unit)
    {
        if (view.Refused.ContainsKey(unit.Unit))
        {
            return view;
        }

        LogRefused(unit.Unit, unit.Reason);
        return view with { Refused = view.Refused.Add(unit.Unit, unit.Reason) };
    }

    private static AgentVm Inactive(DefinedVm definition) => new()
    {
        Name = definition.Name,
        Unit = MicroVmUnits.UnitOf(definition.Name, UnitScope.System),
        Scope = UnitScope.System,
        State = VmState.Stopped,
        SubState = "dead",
        Definition = definition,
    };

    private async Task<AgentVm?> ReadAsync(
        VmUnit unit, DefinedVm? definition, AgentVm? known, CancellationToken cancellationToken)
    {
        UnitDetails details;
        try
        {
            details = await units.GetUnitAsync(unit.Unit, cancellationToken);
        }
        catch (UnitNotFoundException)
        {
            return null;
        }

        // An instance of the template that was only asked about, and that nobody laid out, is no VM.
        if (definition is null && details.ActiveState == "inactive" && details.StateChangeMonotonic == 0)
        {
            return null;
        }

        var state = VmStates.FromUnit(details.ActiveState, details.SubState);
        return new()
        {
            Name = unit.VmName,
            Unit = unit.Unit,
            Scope = unit.Scope,
            State = state,
            SubState = details.SubState,
            Since = details.StateChangedAt,
            Monotonic = details.StateChangeMonotonic,
            Result = details.Result ?? "",
            ExitCode = details.ExecMainCode == 0 ? null : details.ExecMainStatus,
            Restarts = details.Restarts,
            MainPid = details.MainPid,
            ControlGroup = details.ControlGroup,
            Definition = definition,
            Sample = state is VmState.Stopped or VmState.Failed ? null : known?.Sample,
        };
    }

    [LoggerMessage(LogLevel.Warning, "{Problem}")]
    private partial void LogDefinitionProblem(string problem);

    [LoggerMessage(LogLevel.Warning, "Unit {Unit} is not taken for a VM: {Reason}")]
    private partial void LogRefused(string unit, string reason);
}
