using System.Text.Json.Serialization;

namespace Blixard.Client.Contracts;

/// <summary><c>GET /ping</c>.</summary>
public sealed record Ping
{
    [JsonPropertyName("ping")]
    public required string Answer { get; init; }

    public static Ping Pong { get; } = new() { Answer = "pong" };
}

/// <summary><c>GET /status</c>: the daemon itself, in vminfod's words.</summary>
public sealed record LocalStatus
{
    public required int Pid { get; init; }

    /// <summary>Whole seconds.</summary>
    public required long Uptime { get; init; }
    public required LocalMemory Memory { get; init; }

    /// <summary>"starting", "running", or "degraded" while the system bus is gone.</summary>
    public required string State { get; init; }

    /// <summary>"idle" or "working".</summary>
    public required string Status { get; init; }
    public required int NumVms { get; init; }
    public required LocalTasks Queue { get; init; }

    /// <summary>When the last full list of units was taken; null before the first.</summary>
    public DateTimeOffset? LastRefresh { get; init; }

    /// <summary>The last five errors of full lists, the newest last.</summary>
    public required IReadOnlyList<LocalRefreshError> RefreshErrors { get; init; }

    /// <summary>What the daemon can't see at the moment; empty when all is well.</summary>
    public IReadOnlyList<LocalMiss> Misses { get; init; } = [];

    /// <summary>The samples that this node keeps; null from a node that keeps none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public LocalHistory? History { get; init; }

    /// <summary>Who follows the events.</summary>
    public required IReadOnlyList<LocalEventListener> EventListeners { get; init; }

    /// <summary>Only with <c>?full</c>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<LocalRefresh>? RefreshLog { get; init; }

    /// <summary>Only with <c>?full</c>: what the daemon watches ("system bus", "uid 1000 bus").</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Watchers { get; init; }
}

/// <summary>
/// Bytes. The heap is the garbage-collected one: total committed, and used after the last collection.
/// </summary>
public sealed record LocalMemory
{
    public required long Rss { get; init; }
    public required long HeapTotal { get; init; }
    public required long HeapUsed { get; init; }
}

/// <summary>Refreshes under way and waiting.</summary>
public sealed record LocalTasks
{
    public required bool Paused { get; init; }
    public required int Working { get; init; }

    [JsonPropertyName("max_jobs")]
    public required int MaxJobs { get; init; }
    public required IReadOnlyList<string> Channels { get; init; }
    public required IReadOnlyList<string> Backlog { get; init; }
}

/// <summary>The samples of VMs on this node's disk.</summary>
public sealed record LocalHistory
{
    /// <summary>"recording", or "paused" while the disk is full or fails.</summary>
    public required string State { get; init; }

    /// <summary>Why it is paused.</summary>
    public string? Reason { get; init; }

    /// <summary>Times of the oldest and the newest samples.</summary>
    public DateTimeOffset? Oldest { get; init; }
    public DateTimeOffset? Newest { get; init; }

    /// <summary>Of the log, from its first record to its last.</summary>
    public required long Bytes { get; init; }

    /// <summary>Where the damaged history of before lies; null if none was found since the start.</summary>
    public string? SetAside { get; init; }
    public string? SetAsideReason { get; init; }
}

/// <summary>Something of this host that the daemon should see and can't, as long as it can't.</summary>
public sealed record LocalMiss
{
    /// <summary>A systemd manager is out of reach: of its VMs the last view is shown.</summary>
    public const string Manager = "manager";

    /// <summary>The hypervisor of a VM does not answer on its control socket.</summary>
    public const string Hypervisor = "hypervisor";

    /// <summary>The kernel's figures of a VM that is at work are missing.</summary>
    public const string Figures = "figures";

    /// <summary>Errors in the journal were not looked at, within the last hour or now.</summary>
    public const string Journal = "journal";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> Kinds { get; } = [Manager, Hypervisor, Figures, Journal];

    /// <summary>One of <see cref="Kinds"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>"system bus", "user NAME", "journal", or the VM's.</summary>
    public required string Name { get; init; }

    /// <summary>Since when; null: not known.</summary>
    public DateTimeOffset? Since { get; init; }
    public required string Reason { get; init; }
}

public sealed record LocalRefreshError
{
    public required DateTimeOffset Date { get; init; }
    public required string Message { get; init; }
}

public sealed record LocalEventListener
{
    /// <summary>Of the stream: the uuid in its ready record.</summary>
    public required string Uuid { get; init; }
    public required DateTimeOffset Since { get; init; }

    /// <summary><c>address:port</c>, or "unix".</summary>
    public required string Remote { get; init; }
}

public sealed record LocalRefresh
{
    public required DateTimeOffset Date { get; init; }
    public required double Seconds { get; init; }
    public required int Units { get; init; }

    /// <summary>Differences that no event had told: each is a missed signal.</summary>
    public required int Differences { get; init; }
}
