namespace Blixard.Client;

/// <summary>Which stretch of a VM's history. Times as <see cref="Contracts.PointInTime"/> understands them.</summary>
public sealed record HistoryOptions
{
    /// <summary>
    /// cpu, memory, disk_read, disk_write, net_rx, net_tx, pids, pressure_cpu, pressure_memory, pressure_io.
    /// </summary>
    public required string Metric { get; init; }

    /// <summary>Null: an hour before <see cref="Until"/>.</summary>
    public string? Since { get; init; }

    /// <summary>Null: now.</summary>
    public string? Until { get; init; }

    /// <summary>What makes a point, as <c>10s</c> or <c>5m</c>; null: what makes some hundreds.</summary>
    public string? Step { get; init; }
}
