namespace Blixard.Node.Agent;

/// <summary>What the agent needs of this node's configuration.</summary>
internal sealed record AgentSettings
{
    public required string Node { get; init; }

    /// <summary>/proc/sys/kernel/random/boot_id of this host.</summary>
    public required string BootId { get; init; }

    public TimeSpan SampleInterval { get; init; } = TimeSpan.FromSeconds(5);

    public TimeSpan FullListInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How often this host says that nothing changed.</summary>
    public TimeSpan KeepAliveInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Reports of a VM that may follow each other at once.</summary>
    public int UpdateBurst { get; init; } = 10;

    /// <summary>And then one in this time; zero: there is no limit.</summary>
    public TimeSpan UpdateInterval { get; init; } = TimeSpan.FromSeconds(1);

    public DeadBand DeadBand { get; init; } = new(CpuPercent: 10, Bytes: 16 << 20);

    /// <summary>The message of the check of the unit's state; null: the usual one.</summary>
    public string? ServiceStateMessage { get; init; }
}
