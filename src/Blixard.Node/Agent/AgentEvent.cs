using Blixard.Systemd.Units;

namespace Blixard.Node.Agent;

/// <summary>What the loop of <see cref="AgentLoop"/> is told.</summary>
internal abstract record AgentEvent;

internal sealed record SystemdSaid(UnitEvent Event) : AgentEvent;

internal sealed record SampleDue : AgentEvent
{
    public static SampleDue Instance { get; } = new();
}

/// <param name="Periodic">By the clock; false where changes may have been missed.</param>
internal sealed record ListDue(bool Periodic) : AgentEvent;
