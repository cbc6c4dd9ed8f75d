namespace Blixard.StateMachine.State;

/// <summary>A health policy taken apart. Figures that are as usual are told too: a policy is one document.</summary>
internal static class HealthPolicyFields
{
    public static void Add(FieldList fields, string at, VmHealthPolicy policy)
    {
        fields.Number(at + "degraded_at", policy.DegradedAt);
        fields.Number(at + "unhealthy_at", policy.UnhealthyAt);
        fields.Number(at + "max_cpu_percent", policy.MaxCpuPercent);
        fields.Number(at + "max_memory_percent", policy.MaxMemoryPercent);
        fields.Number(at + "max_journal_errors", policy.MaxJournalErrors);
        fields.Text(at + "recovery", policy.Recovery.ToString());
        fields.Number(at + "recovery_limit", policy.RecoveryLimit);
        fields.Number(at + "recovery_after_seconds", policy.RecoveryAfterSeconds);
        fields.Flag(at + "anomalies", policy.Anomalies);
        foreach (var (check, weight) in policy.Weights)
        {
            fields.Number($"{at}weights[{check}]", weight);
        }

        foreach (var probe in policy.Probes.Values)
        {
            Add(fields, $"{at}probes[{probe.Name}].", probe);
        }
    }

    private static void Add(FieldList fields, string at, Probe probe)
    {
        fields.Text(at + "kind", probe.Kind.ToString());
        fields.Text(at + "target", probe.Target);
        fields.Number(at + "interval_seconds", probe.IntervalSeconds);
        fields.Number(at + "timeout_milliseconds", probe.TimeoutMilliseconds);
        fields.Number(at + "weight", probe.Weight);
        fields.Number(at + "failures", probe.Failures);
        fields.Number(at + "successes", probe.Successes);
        fields.Number(at + "expected_status", probe.ExpectedStatus);
        fields.Flag(at + "critical", probe.Critical);
    }
}
