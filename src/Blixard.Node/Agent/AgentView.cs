using System.Collections.Immutable;
using Blixard.Systemd.MicroVms;

namespace Blixard.Node.Agent;

/// <summary>
/// All VMs of this host at one moment. Readable at any time, in a partition and while systemd is away: then it is the
/// last view, and says since when it is stale.
/// </summary>
/// <param name="Vms">By name; one name is one VM, on whichever bus had it first.</param>
/// <param name="Buses">By name: how it stands with each that is watched.</param>
internal sealed record AgentView(
    ImmutableSortedDictionary<string, AgentVm> Vms, ImmutableSortedDictionary<string, BusState> Buses)
{
    /// <summary>Before the first list, of the system alone.</summary>
    public static AgentView Empty { get; } = Of([AgentBus.SystemName]);

    /// <summary>Every bus has been listed, or was found to be out of reach; the system's has been listed.</summary>
    public bool Listed => System.Listed && Buses.Values.All(bus => bus.Answered);

    /// <summary>When contact with the system's manager was lost; null while there is contact.</summary>
    public DateTimeOffset? StaleSince => System.StaleSince;

    /// <summary>Why it was lost.</summary>
    public string? StaleReason => System.StaleReason;

    /// <summary>
    /// Units that look like a VM's but are not taken for one, for their name or because another bus has a VM of that
    /// name, with the reason. A user's unit is followed by the user.
    /// </summary>
    public ImmutableSortedDictionary<string, string> Refused => Buses.Values
        .SelectMany(bus => bus.Refused.Select(
            unit => KeyValuePair.Create(AgentBus.Qualified(bus.Name, unit.Key), unit.Value)))
        .ToImmutableSortedDictionary(StringComparer.Ordinal);

    private BusState System => Buses[AgentBus.SystemName];

    /// <summary>Before the first list.</summary>
    public static AgentView Of(IEnumerable<string> buses) => new(
        ImmutableSortedDictionary.Create<string, AgentVm>(StringComparer.Ordinal),
        buses.ToImmutableSortedDictionary(bus => bus, bus => new BusState(bus), StringComparer.Ordinal));

    /// <summary>
    /// What a bus has, all of it. Others are left as they are: a VM of a name that another bus has is refused.
    /// </summary>
    public AgentView WithList(string bus, BusListing listing)
    {
        var vms = Vms.ToBuilder();
        foreach (var vm in Vms.Values.Where(vm => vm.Bus == bus))
        {
            vms.Remove(vm.Name);
        }

        var refused = BusState.NoUnits.ToBuilder();
        foreach (var unit in listing.Refused)
        {
            refused[unit.Unit] = unit.Reason;
        }

        foreach (var vm in listing.Vms)
        {
            if (vms.TryGetValue(vm.Name, out var other))
            {
                refused[vm.Unit] = Conflict(other);
            }
            else
            {
                vms[vm.Name] = vm.After(Vms.GetValueOrDefault(vm.Name));
            }
        }

        return new(vms.ToImmutable(), Buses.SetItem(bus, new(bus) { Listed = true, Refused = refused.ToImmutable() }));
    }

    /// <summary>One VM as its bus has it now.</summary>
    public AgentView With(string bus, UnitReading reading)
    {
        var known = Vms.GetValueOrDefault(reading.Name);
        var ours = known is null || known.Bus == bus;
        return reading.Vm switch
        {
            null when known is not null && ours => this with { Vms = Vms.Remove(reading.Name) },
            null => this,
            var vm when ours => this with { Vms = Vms.SetItem(vm.Name, vm.After(known)) },
            var vm => With(bus, new RefusedVmUnit(vm.Unit, Conflict(known!))),
        };
    }

    public AgentView With(string bus, RefusedVmUnit unit)
    {
        var state = Buses[bus];
        return this with
        {
            Buses = Buses.SetItem(bus, state with { Refused = state.Refused.SetItem(unit.Unit, unit.Reason) }),
        };
    }

    /// <summary>
    /// A bus is out of reach. What is said of its VMs is what was seen last; those of a user are marked so, while
    /// nothing at all is told of the system's.
    /// </summary>
    public AgentView Lose(string bus, DateTimeOffset now, string reason)
    {
        var vms = Vms;
        if (bus != AgentBus.SystemName)
        {
            vms = vms.SetItems(vms.Where(vm => vm.Value.Bus == bus)
                .Select(vm => KeyValuePair.Create(vm.Key, vm.Value with { Unseen = true })));
        }

        return new(vms, Buses.SetItem(bus, Buses[bus] with { StaleSince = now, StaleReason = reason }));
    }

    private static string Conflict(AgentVm other) =>
        $"{AgentBus.Qualified(other.Bus, other.Unit)} is VM {other.Name} already.";
}

/// <summary>How it stands with one manager.</summary>
internal sealed record BusState(string Name)
{
    public static readonly ImmutableSortedDictionary<string, string> NoUnits =
        ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>Its units have been listed at least once.</summary>
    public bool Listed { get; init; }

    /// <summary>Since when it is out of reach; null while it is not.</summary>
    public DateTimeOffset? StaleSince { get; init; }

    public string? StaleReason { get; init; }

    /// <summary>Its units that are not taken for a VM, with the reason.</summary>
    public ImmutableSortedDictionary<string, string> Refused { get; init; } = NoUnits;

    public bool Answered => Listed || StaleSince is not null;
}

/// <summary>What a full list of one bus found.</summary>
internal sealed record BusListing(IReadOnlyList<AgentVm> Vms, IReadOnlyList<RefusedVmUnit> Refused);

/// <summary>Holds the newest <see cref="AgentView"/>: written by the agent's loop, read by anyone.</summary>
internal sealed class AgentViewStore
{
    private AgentView _current = AgentView.Empty;

    /// <summary>Told of each view whose samples are new, in the agent's loop: whoever listens returns at once.</summary>
    public event Action<AgentView>? Swept;

    public AgentView Current => Volatile.Read(ref _current);

    /// <summary>Called by the agent's loop alone.</summary>
    public void Replace(AgentView view) => Volatile.Write(ref _current, view);

    /// <summary>Called by the agent's loop alone, after it has sampled all VMs.</summary>
    public void ReplaceSwept(AgentView view)
    {
        Replace(view);
        Swept?.Invoke(view);
    }
}
