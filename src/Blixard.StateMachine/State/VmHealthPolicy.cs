using System.Collections.Immutable;
using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.State;

/// <summary>How the health of a VM is judged, and what is done where it is bad.</summary>
public sealed record VmHealthPolicy
{
    /// <summary>Of a check that no probe, no policy and not the check itself says more of.</summary>
    public const uint UsualWeight = 100;

    /// <summary>What holds for a VM that has none.</summary>
    public static VmHealthPolicy None { get; } = new();

    /// <summary>By name.</summary>
    public ImmutableSortedDictionary<string, Probe> Probes { get; init; } = Ordinal.Map<Probe>();

    /// <summary>How much the failure of a check counts, by its name, 0 to 1000.</summary>
    public ImmutableSortedDictionary<string, uint> Weights { get; init; } = Ordinal.Map<uint>();

    /// <summary>The weights of the failing checks, added up, from which on the VM is degraded.</summary>
    public uint DegradedAt { get; init; } = 1;

    /// <inheritdoc cref="DegradedAt"/>
    public uint UnhealthyAt { get; init; } = 100;

    /// <summary>Percent of the CPUs that the VM may use; null: as its host is configured.</summary>
    public uint? MaxCpuPercent { get; init; }

    /// <summary>Percent of the memory that the VM may use; null: as its host is configured.</summary>
    public uint? MaxMemoryPercent { get; init; }

    /// <summary>Of the last hour; null: as its host is configured.</summary>
    public uint? MaxJournalErrors { get; init; }

    public RecoveryAction Recovery { get; init; }

    /// <summary>Restarts before its host gives up; 0 without recovery.</summary>
    public uint RecoveryLimit { get; init; }

    /// <summary>So long must it be unhealthy before it is restarted, in seconds.</summary>
    public uint RecoveryAfterSeconds { get; init; }

    /// <summary>Its figures are looked at for outliers.</summary>
    public bool Anomalies { get; init; } = true;

    /// <summary>How much the failure of a check counts: the policy's word, the probe's, the check's own.</summary>
    public uint WeightOf(Check check)
    {
        ArgumentNullException.ThrowIfNull(check);
        return Weights.TryGetValue(check.Name, out var weight) ? weight
            : Probes.TryGetValue(check.Name, out var probe) ? probe.Weight
            : check.Weight ?? UsualWeight;
    }

    /// <summary>Does the failure of this check alone make the VM unhealthy?</summary>
    public bool IsCritical(Check check)
    {
        ArgumentNullException.ThrowIfNull(check);
        return check.Critical || (Probes.TryGetValue(check.Name, out var probe) && probe.Critical);
    }
}

/// <summary>A question that is put to a VM again and again; its answer is the check of the same name.</summary>
public sealed record Probe
{
    public required string Name { get; init; }

    public ProbeKind Kind { get; init; }

    /// <summary>HOST:PORT, a URL, HOST, or the name of a script.</summary>
    public string Target { get; init; } = "";

    public uint IntervalSeconds { get; init; }

    public uint TimeoutMilliseconds { get; init; }

    public uint Weight { get; init; }

    /// <summary>So many in a row make the check fail.</summary>
    public uint Failures { get; init; }

    /// <summary>So many in a row make it pass again.</summary>
    public uint Successes { get; init; }

    /// <summary>Of HTTP; 0: any of 200 to 399.</summary>
    public uint ExpectedStatus { get; init; }

    public bool Critical { get; init; }
}
