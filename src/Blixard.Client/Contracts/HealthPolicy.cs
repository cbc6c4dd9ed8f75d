using System.Text.Json.Serialization;

namespace Blixard.Client.Contracts;

/// <summary>
/// <c>GET</c> and <c>PUT /v1/vms/{vm}/health-policy</c>: how the health of a VM is judged, and what is done where it is
/// bad. What a PUT leaves out has the default said here; a GET gives every value that holds.
/// </summary>
public sealed record HealthPolicy
{
    /// <summary>At most 8, each of another name.</summary>
    public IReadOnlyList<HealthProbe>? Probes { get; init; }

    /// <summary>
    /// By the name of a check: how much its failure counts, 0 to 1000. Without: a probe's own weight, 25 for
    /// journal_errors and resource_usage, 10 for anomaly, 100 for others.
    /// </summary>
    public IReadOnlyDictionary<string, int>? Weights { get; init; }

    /// <summary>The weights of failing checks, added up, from which on the VM is degraded (1).</summary>
    public int? DegradedAt { get; init; }

    /// <summary>And from which on it is unhealthy (100).</summary>
    public int? UnhealthyAt { get; init; }

    /// <summary>Percent of its virtual CPUs, 1 to 100; null: as its host is configured.</summary>
    public int? MaxCpuPercent { get; init; }

    /// <summary>Percent of its memory, 1 to 100; null: as its host is configured.</summary>
    public int? MaxMemoryPercent { get; init; }

    /// <summary>Lines of priority err or worse in an hour, 0 to 100; null: as its host is configured.</summary>
    public int? MaxJournalErrors { get; init; }

    /// <summary>Whether its host restarts it (none).</summary>
    public RecoveryAction? Recovery { get; init; }

    /// <summary>Restarts before its host gives up, 1 to 100 (3).</summary>
    public int? RecoveryLimit { get; init; }

    /// <summary>So long must it be unhealthy before a restart, 0 to 3600 s (30).</summary>
    public int? RecoveryAfterSeconds { get; init; }

    /// <summary>Its figures are compared with those of its last hour (true).</summary>
    public bool? Anomalies { get; init; }
}

/// <summary>A question that is put to a VM again and again; the answer is the check of the same name.</summary>
public sealed record HealthProbe
{
    public required string Name { get; init; }

    public required ProbeKind Kind { get; init; }

    /// <summary>
    /// tcp: HOST:PORT; http: a URL; icmp: HOST; script: a file in the script directory of the VM's host.
    /// </summary>
    public required string Target { get; init; }

    /// <summary>1 to 3600 (10).</summary>
    public int? IntervalSeconds { get; init; }

    /// <summary>10 to 60000, not above the interval (2000, or the interval if that is shorter).</summary>
    public int? TimeoutMs { get; init; }

    /// <summary>How much its failure counts, 0 to 1000 (100).</summary>
    public int? Weight { get; init; }

    /// <summary>So many in a row make the check fail, 1 to 100 (3).</summary>
    public int? Failures { get; init; }

    /// <summary>So many in a row make it pass again, 1 to 100 (2).</summary>
    public int? Successes { get; init; }

    /// <summary>Of http; null: any of 200 to 399.</summary>
    public int? ExpectedStatus { get; init; }

    /// <summary>Its failure alone makes the VM unhealthy (false).</summary>
    public bool? Critical { get; init; }
}

[JsonConverter(typeof(CamelCaseEnumConverter<ProbeKind>))]
public enum ProbeKind
{
    Tcp = 1,
    Http,
    Icmp,

    /// <summary>On the VM's own host.</summary>
    Script,
}

[JsonConverter(typeof(CamelCaseEnumConverter<RecoveryAction>))]
public enum RecoveryAction
{
    None = 0,
    Restart,
}
