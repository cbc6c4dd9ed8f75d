namespace Blixard.Node.Monitoring;

/// <summary>What the monitor needs of this node's configuration.</summary>
internal sealed record MonitorSettings
{
    public required string Node { get; init; }

    /// <summary>A host that has said nothing for so long is silent.</summary>
    public TimeSpan FactsFresh { get; init; } = TimeSpan.FromSeconds(90);

    /// <summary>Tries that are under way together.</summary>
    public int MaxProbes { get; init; } = 64;

    /// <summary>Spreads the tries in time.</summary>
    public Random Random { get; init; } = Random.Shared;
}
