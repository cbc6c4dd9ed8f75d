using System.Text.Json.Serialization;

namespace Blixard.Client.Contracts;

/// <summary>The combined verdict and the checks behind it.</summary>
public sealed record VmHealth
{
    /// <summary>All checks pass; null while none was made.</summary>
    public bool? Healthy { get; init; }

    public required IReadOnlyList<VmCheck> Checks { get; init; }
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
