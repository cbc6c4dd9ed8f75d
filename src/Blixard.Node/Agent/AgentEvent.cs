using Blixard.Systemd.MicroVms;
using Blixard.Systemd.Units;

namespace Blixard.Node.Agent;

/// <summary>
/// What the loop of <see cref="AgentLoop"/> is told by those who look, ask and wait for it. It handles each at once.
/// </summary>
internal abstract record AgentEvent;

internal sealed record SampleDue : AgentEvent
{
    public static SampleDue Instance { get; } = new();
}

/// <summary>Does the loop turn? It does if it comes to this.</summary>
internal sealed record Asked(long Number) : AgentEvent;

/// <summary>Units of a bus have changed.</summary>
/// <param name="Changes">The states as signals carried them, which may be ahead of the rest.</param>
/// <param name="Readings">What systemd said of units when it was asked after their signals.</param>
internal sealed record UnitsSeen(
    string Bus, IReadOnlyList<UnitStateChange> Changes, IReadOnlyList<UnitReading> Readings) : AgentEvent;

/// <param name="Vm">Null: the bus does not have it any more.</param>
internal sealed record UnitReading(string Name, AgentVm? Vm);

/// <summary>A unit that looks like a VM's has a name that is refused.</summary>
internal sealed record UnitRefused(string Bus, RefusedVmUnit Unit) : AgentEvent;

/// <summary>A full list of a bus was taken.</summary>
/// <param name="Periodic">By the clock; false where changes may have been missed.</param>
/// <param name="Explained">VMs of which a signal arrived meanwhile: that they differ is no drift.</param>
internal sealed record BusListed(
    string Bus, BusListing Listing, bool Periodic, IReadOnlySet<string> Explained, TimeSpan Took) : AgentEvent;

/// <summary>A bus can't be reached; it will be listed again.</summary>
/// <param name="Listing">A full list was being taken.</param>
internal sealed record BusLost(string Bus, string Reason, bool Listing) : AgentEvent;

/// <summary>State directories have changed, and no unit tells of that.</summary>
internal sealed record DefinitionsChanged(DefinitionChanges Changes) : AgentEvent;

/// <summary>What there is to know of a VM's run was asked for.</summary>
internal sealed record GuestAnswered(string Vm, GuestFacts Facts) : AgentEvent;
