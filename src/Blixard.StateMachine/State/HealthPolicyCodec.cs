using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.State;

/// <summary>Health policies between their message, as commands and snapshots carry it, and the state.</summary>
public static class HealthPolicyCodec
{
    public static VmHealthPolicy Read(HealthPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        return new()
        {
            Probes = StateImage.Keyed("probe", policy.Probes.Select(Read), probe => probe.Name),
            Weights = Ordinal.Map<uint>().SetItems(
                policy.Weights.Select(weight => KeyValuePair.Create(weight.Check, weight.Weight))),
            DegradedAt = policy.DegradedAt == 0 ? VmHealthPolicy.None.DegradedAt : policy.DegradedAt,
            UnhealthyAt = policy.UnhealthyAt == 0
                ? Math.Max(VmHealthPolicy.None.UnhealthyAt, policy.DegradedAt)
                : policy.UnhealthyAt,
            MaxCpuPercent = policy.HasMaxCpuPercent ? policy.MaxCpuPercent : null,
            MaxMemoryPercent = policy.HasMaxMemoryPercent ? policy.MaxMemoryPercent : null,
            MaxJournalErrors = policy.HasMaxJournalErrors ? policy.MaxJournalErrors : null,
            Recovery = policy.Recovery,
            RecoveryLimit = policy.RecoveryLimit,
            RecoveryAfterSeconds = policy.RecoveryAfterSeconds,
            Anomalies = !policy.AnomaliesOff,
        };
    }

    public static HealthPolicy Write(VmHealthPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        var message = new HealthPolicy
        {
            DegradedAt = policy.DegradedAt,
            UnhealthyAt = policy.UnhealthyAt,
            Recovery = policy.Recovery,
            RecoveryLimit = policy.RecoveryLimit,
            RecoveryAfterSeconds = policy.RecoveryAfterSeconds,
            AnomaliesOff = !policy.Anomalies,
        };
        message.Probes.AddRange(policy.Probes.Values.Select(Write));
        message.Weights.AddRange(policy.Weights.Select(
            weight => new CheckWeight { Check = weight.Key, Weight = weight.Value }));
        if (policy.MaxCpuPercent is { } cpu)
        {
            message.MaxCpuPercent = cpu;
        }

        if (policy.MaxMemoryPercent is { } memory)
        {
            message.MaxMemoryPercent = memory;
        }

        if (policy.MaxJournalErrors is { } errors)
        {
            message.MaxJournalErrors = errors;
        }

        return message;
    }

    private static Probe Read(HealthProbe probe) => new()
    {
        Name = probe.Name,
        Kind = probe.Kind,
        Target = probe.Target,
        IntervalSeconds = probe.IntervalSeconds,
        TimeoutMilliseconds = probe.TimeoutMs,
        Weight = probe.Weight,
        Failures = probe.Failures,
        Successes = probe.Successes,
        ExpectedStatus = probe.ExpectedStatus,
        Critical = probe.Critical,
    };

    private static HealthProbe Write(Probe probe) => new()
    {
        Name = probe.Name,
        Kind = probe.Kind,
        Target = probe.Target,
        IntervalSeconds = probe.IntervalSeconds,
        TimeoutMs = probe.TimeoutMilliseconds,
        Weight = probe.Weight,
        Failures = probe.Failures,
        Successes = probe.Successes,
        ExpectedStatus = probe.ExpectedStatus,
        Critical = probe.Critical,
    };
}
