using Blixard.Systemd;
using Blixard.Systemd.MicroVms;
using Blixard.Systemd.Units;

namespace Blixard.Node.Agent;

/// <summary>
/// Reads what a manager has: the units that it knows, and the VMs that are laid out or have a unit file but do not run.
/// One VM that can't be read never hides the others.
/// </summary>
internal sealed partial class UnitInventory(MicroVmDirectory directory, ILogger<UnitInventory> logger)
{
    /// <param name="known">
    /// VMs as they are known: one whose unit has not changed since is taken from here, because to read all of a unit costs
    /// systemd milliseconds. Null: nothing is, and everything is read anew.
    /// </param>
    /// <exception cref="SystemdUnavailableException">The list as a whole could not be read.</exception>
    public async Task<BusListing> ListAsync(
        AgentBus bus, IReadOnlyDictionary<string, AgentVm>? known, CancellationToken cancellationToken)
    {
        var patterns = MicroVmUnits.Patterns(bus.Scope);
        var files = await bus.Units.ListUnitFilesByPatternsAsync(patterns, cancellationToken);
        var listed = await bus.Units.ListUnitsByPatternsAsync(patterns, cancellationToken);
        var vms = new SortedDictionary<string, AgentVm>(StringComparer.Ordinal);
        var refused = new List<RefusedVmUnit>();
        foreach (var definition in Definitions(bus))
        {
            vms[definition.Name] = Inactive(bus, definition.Name, definition);
        }

        // One that is masked can't be started: it is no candidate.
        foreach (var file in files.Where(f => !f.State.StartsWith("masked", StringComparison.Ordinal)))
        {
            if (MicroVmUnits.Parse(file.Name, bus.Scope) is VmUnit { VmName: var name })
            {
                vms.TryAdd(name, Inactive(bus, name, null));
            }
        }

        var unchanged = known is null ? [] : await UnchangedAsync(bus, listed, known, cancellationToken);
        foreach (var unit in listed)
        {
            switch (MicroVmUnits.Parse(unit.Name, bus.Scope))
            {
                case VmUnit found:
                    var definition = vms.GetValueOrDefault(found.VmName)?.Definition;
                    if (unchanged.TryGetValue(unit.Name, out var same))
                    {
                        vms[same.Name] = same with
                        {
                            // A user's lies where its unit works; that it has changed is noticed without a list.
                            Definition = bus.IsSystem ? definition : same.Definition,
                            Unseen = false,
                        };
                    }
                    else if (await ReadAsync(bus, found, definition, cancellationToken) is { } vm)
                    {
                        vms[vm.Name] = vm;
                    }

                    break;
                case RefusedVmUnit bad:
                    refused.Add(bad);
                    break;
            }
        }

        return new([.. vms.Values], refused);
    }

    /// <summary>By unit: those that are listed as they are known, and at the same change.</summary>
    private static async Task<Dictionary<string, AgentVm>> UnchangedAsync(
        AgentBus bus,
        IReadOnlyList<UnitStatus> listed,
        IReadOnlyDictionary<string, AgentVm> known,
        CancellationToken cancellationToken)
    {
        var alike = listed.Select(unit => KnownAs(bus, unit, known)).OfType<AgentVm>().ToArray();
        var versions = await bus.Units.GetVersionsAsync([.. alike.Select(vm => vm.Unit)], cancellationToken);
        return alike.Zip(versions)
            .Where(both => both.Second is { } version
                && version == new UnitVersion(both.First.Monotonic, both.First.MainPid, both.First.Restarts))
            .ToDictionary(both => both.First.Unit, both => both.First, StringComparer.Ordinal);
    }

    /// <summary>Null where the list alone shows that it has to be read.</summary>
    private static AgentVm? KnownAs(AgentBus bus, UnitStatus unit, IReadOnlyDictionary<string, AgentVm> known) =>
        MicroVmUnits.Parse(unit.Name, bus.Scope) is VmUnit { VmName: var name }
            && known.TryGetValue(name, out var vm)
            && vm.Bus == bus.Name
            && vm.Unit == unit.Name
            && unit.LoadState == "loaded"
            && vm.SubState == unit.SubState
            && vm.State == VmStates.FromUnit(unit.ActiveState, unit.SubState)
                ? vm
                : null;

    /// <summary>
    /// One VM as systemd has it now; null if neither systemd nor the state directory knows it any more.
    /// </summary>
    /// <exception cref="SystemdUnavailableException">systemd can't be asked.</exception>
    public async Task<AgentVm?> ReadAsync(AgentBus bus, VmUnit unit, CancellationToken cancellationToken)
    {
        var definition = bus.IsSystem ? directory.Find(unit.VmName) : null;
        return await ReadAsync(bus, unit, definition, cancellationToken)
            ?? (definition is null ? null : Inactive(bus, unit.VmName, definition));
    }

    public static AgentVm Inactive(AgentBus bus, string name, DefinedVm? definition) => new()
    {
        Name = name,
        Unit = MicroVmUnits.UnitOf(name, bus.Scope),
        Scope = bus.Scope,
        Bus = bus.Name,
        State = VmState.Stopped,
        SubState = "dead",
        Definition = definition,
    };

    /// <summary>The state directory is the system's; a user's VM lies where its unit works.</summary>
    private IReadOnlyList<DefinedVm> Definitions(AgentBus bus)
    {
        if (!bus.IsSystem)
        {
            return [];
        }

        var defined = directory.List();
        foreach (var problem in defined.Problems)
        {
            LogDefinitionProblem(problem);
        }

        return defined.Vms;
    }

    private static async Task<AgentVm?> ReadAsync(
        AgentBus bus, VmUnit unit, DefinedVm? definition, CancellationToken cancellationToken)
    {
        UnitDetails details;
        try
        {
            details = await bus.Units.GetUnitAsync(unit.Unit, cancellationToken);
        }
        catch (UnitNotFoundException)
        {
            return null;
        }

        // An instance of the template that was only asked about, and that nobody laid out, is no VM.
        var ownFile = Path.GetFileName(details.FragmentPath) == unit.Unit;
        if (definition is null && !ownFile && details.ActiveState == "inactive" && details.StateChangeMonotonic == 0)
        {
            return null;
        }

        if (!bus.IsSystem && details.WorkingDirectory is { } home)
        {
            definition = MicroVmDirectory.At(unit.VmName, home);
        }

        return new()
        {
            Name = unit.VmName,
            Unit = unit.Unit,
            Scope = unit.Scope,
            Bus = bus.Name,
            State = VmStates.FromUnit(details.ActiveState, details.SubState),
            SubState = details.SubState,
            Since = details.StateChangedAt,
            Monotonic = details.StateChangeMonotonic,
            Result = details.Result ?? "",
            ExitCode = details.ExecMainCode == 0 ? null : details.ExecMainStatus,
            Restarts = details.Restarts,
            MainPid = details.MainPid,
            ControlGroup = details.ControlGroup,
            WorkingDirectory = details.WorkingDirectory,
            Definition = definition,
        };
    }

    [LoggerMessage(LogLevel.Warning, "{Problem}")]
    private partial void LogDefinitionProblem(string problem);
}
