using System.Text.Json.Serialization;

namespace Blixard.Client.Contracts;

/// <summary><c>GET /v1/vms/{vm}/history</c>: one figure of a VM over time.</summary>
public sealed record VmHistory
{
    public required string Vm { get; init; }

    /// <summary>
    /// cpu, memory, disk_read, disk_write, net_rx, net_tx, pids, pressure_cpu, pressure_memory, pressure_io.
    /// </summary>
    public required string Metric { get; init; }

    /// <summary>percent (of one CPU, or of the time), bytes, bytes/s or count.</summary>
    public required string Unit { get; init; }

    /// <summary>Beginning of the first step; a multiple of the step since the Unix epoch.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>End of the last step.</summary>
    public required DateTimeOffset Until { get; init; }
    public required int StepSeconds { get; init; }

    /// <summary>The nodes on which the VM is defined, by name: who had samples, and who did not answer.</summary>
    public required IReadOnlyList<HistorySource> Nodes { get; init; }

    /// <summary>Every step from <see cref="Since"/> to <see cref="Until"/>, those without samples too.</summary>
    public required IReadOnlyList<HistoryPoint> Points { get; init; }
}

/// <summary>A node that may have samples of the VM.</summary>
public sealed record HistorySource
{
    public required string Node { get; init; }

    /// <summary>False: its samples are missing in the answer.</summary>
    public required bool Answered { get; init; }

    /// <summary>Time of its oldest samples of any VM.</summary>
    public DateTimeOffset? Oldest { get; init; }

    /// <summary>Why it did not answer, or why it records nothing now.</summary>
    public string? Reason { get; init; }
}

/// <summary>What the samples of one step come to.</summary>
public sealed record HistoryPoint
{
    /// <summary>Beginning of the step.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Null: there are no samples, or the kernel did not tell.</summary>
    [JsonPropertyName("avg")]
    public double? Average { get; init; }

    /// <inheritdoc cref="Average"/>
    public double? Max { get; init; }

    /// <summary>How many samples there are.</summary>
    public long Samples { get; init; }
}
