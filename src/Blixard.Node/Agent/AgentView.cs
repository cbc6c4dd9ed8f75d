using System.Collections.Immutable;

namespace Blixard.Node.Agent;

/// <summary>
/// All VMs of this host at one moment. Readable at any time, in a partition and while systemd is away: then it is the
/// last view, and says since when it is stale.
/// </summary>
/// <param name="Refused">Units that look like a VM's but have a name that is refused, with the reason.</param>
/// <param name="StaleSince">When contact with systemd was lost; null while there is contact.</param>
/// <param name="StaleReason">Why it was lost.</param>
internal sealed record AgentView(
    ImmutableSortedDictionary<string, AgentVm> Vms,
    ImmutableSortedDictionary<string, string> Refused,
    DateTimeOffset? StaleSince,
    string? StaleReason)
{
    /// <summary>Before the first list.</summary>
    public static AgentView Empty { get; } = new(
        ImmutableSortedDictionary.Create<string, AgentVm>(StringComparer.Ordinal),
        ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal),
        null,
        null);

    /// <summary>The units have been listed at least once.</summary>
    public bool Listed { get; init; }
}

/// <summary>Holds the newest <see cref="AgentView"/>: written by the agent's loop, read by anyone.</summary>
internal sealed class AgentViewStore
{
    private AgentView _current = AgentView.Empty;

    public AgentView Current => Volatile.Read(ref _current);

    /// <summary>Called by the agent's loop alone.</summary>
    public void Replace(AgentView view) => Volatile.Write(ref _current, view);
}
