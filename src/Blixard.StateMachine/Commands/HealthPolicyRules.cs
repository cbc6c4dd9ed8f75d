using System.Collections.Immutable;

namespace Blixard.StateMachine.Commands;

/// <summary>
/// The form of a health policy, and what its figures may be. Every figure of a probe is explicit: whoever proposes
/// fills in what was not said.
/// </summary>
public static class HealthPolicyRules
{
    public const int MaxProbes = 8;
    public const uint MaxWeight = 1000;
    public const uint MaxThreshold = 100_000;

    /// <summary>In seconds.</summary>
    public const uint MaxInterval = 3600;

    /// <summary>In milliseconds.</summary>
    public const uint MinTimeout = 10;

    /// <inheritdoc cref="MinTimeout"/>
    public const uint MaxTimeout = 60_000;

    public const uint MaxInARow = 100;
    public const uint MaxRecoveryLimit = 100;

    /// <summary>In seconds.</summary>
    public const uint MaxRecoveryAfter = 3600;

    /// <summary>As many errors as are counted.</summary>
    public const uint MaxJournalErrors = 100;

    /// <summary>Names of the checks that are made without a probe.</summary>
    public static ImmutableSortedSet<string> Reserved { get; } = ImmutableSortedSet.Create(
        StringComparer.Ordinal, "service_state", "journal_errors", "resource_usage", "anomaly", "freshness");

    internal static string? Check(SetHealthPolicy body) =>
        Rules.Name("vm", body.Vm) ?? (body.Policy is { } policy ? Check(policy) : null);

    /// <summary>Null, or a sentence that says what is wrong with the policy.</summary>
    public static string? Check(HealthPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        var problem = Rules.Count("probes", policy.Probes.Count, MaxProbes)
            ?? Rules.Count("weights", policy.Weights.Count, CommandValidator.MaxChecks);
        var names = ImmutableSortedSet.CreateBuilder<string>(StringComparer.Ordinal);
        foreach (var probe in policy.Probes)
        {
            problem ??= Check(probe) ?? (names.Add(probe.Name) ? null : $"probe {probe.Name} is listed twice");
        }

        names.Clear();
        foreach (var weight in policy.Weights)
        {
            problem ??= Rules.Name("check", weight.Check)
                ?? Within($"the weight of {weight.Check}", weight.Weight, 0, MaxWeight)
                ?? (names.Add(weight.Check) ? null : $"the weight of {weight.Check} is listed twice");
        }

        return problem ?? Thresholds(policy) ?? Limits(policy) ?? Recovery(policy);
    }

    private static string? Check(HealthProbe probe) =>
        Rules.Name("probe", probe.Name)
        ?? (Reserved.Contains(probe.Name) ? $"probe {probe.Name} has the name of a check that is made anyway" : null)
        ?? Target(probe)
        ?? Within($"the interval of probe {probe.Name} in seconds", probe.IntervalSeconds, 1, MaxInterval)
        ?? Within($"the timeout of probe {probe.Name} in milliseconds", probe.TimeoutMs, MinTimeout, MaxTimeout)
        ?? (probe.TimeoutMs > probe.IntervalSeconds * 1000
            ? $"the timeout of probe {probe.Name} is longer than its interval"
            : null)
        ?? Within($"the weight of probe {probe.Name}", probe.Weight, 0, MaxWeight)
        ?? Within($"the failures of probe {probe.Name}", probe.Failures, 1, MaxInARow)
        ?? Within($"the successes of probe {probe.Name}", probe.Successes, 1, MaxInARow)
        ?? ExpectedStatus(probe);

    private static string? Target(HealthProbe probe)
    {
        var (good, expected) = probe.Kind switch
        {
            ProbeKind.Tcp => (Rules.IsAddress(probe.Target), "HOST:PORT"),
            ProbeKind.Http => (IsUrl(probe.Target), "http://HOST[:PORT]/PATH or https://..."),
            ProbeKind.Icmp => (Rules.IsAddress(probe.Target + ":1"), "HOST"),
            ProbeKind.Script => (Rules.IsName(probe.Target), "the name of a script"),
            _ => (true, ""),
        };
        return expected.Length == 0 ? $"probe {probe.Name} has no kind: tcp, http, icmp or script"
            : good ? null
            : $"the target of probe {probe.Name} \"{Rules.Shown(probe.Target)}\" is not {expected}";
    }

    /// <summary>
    /// Hosts and ports as in an address, and a path of visible ASCII characters; no user, no fragment.
    /// </summary>
    private static bool IsUrl(string url)
    {
        var start = url.StartsWith("http://", StringComparison.Ordinal) ? "http://".Length
            : url.StartsWith("https://", StringComparison.Ordinal) ? "https://".Length
            : -1;
        if (start < 0 || url.Length > Rules.MaxAddressLength)
        {
            return false;
        }

        var slash = url.IndexOf('/', start);
        var host = slash < 0 ? url[start..] : url[start..slash];
        foreach (var c in slash < 0 ? "" : url[slash..])
        {
            if (c is <= ' ' or > '~' or '#')
            {
                return false;
            }
        }

        return Rules.IsAddress(host) || Rules.IsAddress(host + ":1");
    }

    private static string? ExpectedStatus(HealthProbe probe) => (probe.Kind, probe.ExpectedStatus) switch
    {
        (_, 0) => null,
        (not ProbeKind.Http, _) => $"the expected status of probe {probe.Name} is of http probes",
        (_, var status) => Within($"the expected status of probe {probe.Name}", status, 100, 599),
    };

    private static string? Thresholds(HealthPolicy policy) =>
        Within("degraded_at", policy.DegradedAt, 0, MaxThreshold)
        ?? Within("unhealthy_at", policy.UnhealthyAt, 0, MaxThreshold)
        ?? (policy.UnhealthyAt != 0 && policy.UnhealthyAt < policy.DegradedAt
            ? "unhealthy_at is below degraded_at"
            : null);

    private static string? Limits(HealthPolicy policy) =>
        (policy.HasMaxCpuPercent ? Within("max_cpu_percent", policy.MaxCpuPercent, 1, 100) : null)
        ?? (policy.HasMaxMemoryPercent ? Within("max_memory_percent", policy.MaxMemoryPercent, 1, 100) : null)
        ?? (policy.HasMaxJournalErrors
            ? Within("max_journal_errors", policy.MaxJournalErrors, 0, MaxJournalErrors)
            : null);

    private static string? Recovery(HealthPolicy policy) => policy.Recovery switch
    {
        RecoveryAction.None => policy.RecoveryLimit != 0 || policy.RecoveryAfterSeconds != 0
            ? "a limit of the recovery without a recovery"
            : null,
        RecoveryAction.Restart => Within("the limit of restarts", policy.RecoveryLimit, 1, MaxRecoveryLimit)
            ?? Within("the seconds before a restart", policy.RecoveryAfterSeconds, 0, MaxRecoveryAfter),
        _ => $"recovery {Rules.Number((long)policy.Recovery)} is not known",
    };

    private static string? Within(string what, uint value, uint least, uint most) => value < least || value > most
        ? $"{what} is {Rules.Number(value)}, not {Rules.Number(least)} to {Rules.Number(most)}"
        : null;
}
