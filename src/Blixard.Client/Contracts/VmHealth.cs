using System.Text.Json.Serialization;

namespace Blixard.Client.Contracts;

/// <summary>The combined verdict and the checks behind it.</summary>
public sealed record VmHealth
{
    /// <summary>All checks pass; null while none was made.</summary>
    public bool? Healthy { get; init; }

    /// <summary>What the checks amount to, by their weights.</summary>
    public HealthStatus Status { get; init; }

    public required IReadOnlyList<VmCheck> Checks { get; init; }

    /// <summary>The newest lines of the journal with priority err or worse, oldest first; at most 5.</summary>
    public IReadOnlyList<VmErrorLine> Errors { get; init; } = [];

    /// <summary>What its host did to get it well again; null: nothing since it was last well for long.</summary>
    public VmRecovery? Recovery { get; init; }

    /// <summary>Null: it has none of its own.</summary>
    public HealthPolicy? Policy { get; init; }
}

/// <summary>Of those that are known, a later one is worse.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<HealthStatus>))]
public enum HealthStatus
{
    /// <summary>Nobody checked it, or nobody can say what became of it.</summary>
    Unknown = 0,
    Healthy,

    /// <summary>Checks of some weight fail.</summary>
    Degraded,

    /// <summary>Checks of much weight fail, or a critical one.</summary>
    Unhealthy,

    /// <summary>It runs, and nothing of it is seen from outside, or its host has fallen silent.</summary>
    Unresponsive,

    /// <summary>Its unit failed, or its host has given up restarting it.</summary>
    Critical,
}

/// <summary>A line of the journal.</summary>
public sealed record VmErrorLine
{
    public required DateTimeOffset At { get; init; }

    /// <summary>As in syslog: 0 emerg to 3 err.</summary>
    public required int Priority { get; init; }

    /// <summary>At most 256 bytes of it.</summary>
    public required string Message { get; init; }
}

/// <summary>Restarts of a VM that was not well.</summary>
public sealed record VmRecovery
{
    /// <summary>Since it was last well for ten minutes.</summary>
    public required int Attempts { get; init; }

    /// <summary>When the last was begun, and why.</summary>
    public DateTimeOffset? LastAt { get; init; }
    public required string Reason { get; init; }

    /// <summary>The next is not before this.</summary>
    public DateTimeOffset? NextAt { get; init; }

    /// <summary>As many as its policy allows did not help.</summary>
    public required bool Exhausted { get; init; }
}

public sealed record VmCheck
{
    /// <summary>service_state, journal_errors, resource_usage, network, …</summary>
    public required string Name { get; init; }
    public required CheckStatus Status { get; init; }

    /// <summary>For people: "Service state: Running".</summary>
    public required string Message { get; init; }
    public DateTimeOffset? At { get; init; }
}

[JsonConverter(typeof(CamelCaseEnumConverter<CheckStatus>))]
public enum CheckStatus
{
    Unknown = 0,
    Passing,
    Failing,
}
