using System.Diagnostics;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;
using Contracts = Blixard.Client.Contracts;

namespace Blixard.Node.Api;

/// <summary>
/// Health policies between the API's documents and the state; defaults are filled in here and nowhere else.
/// </summary>
internal static class HealthPolicyDocuments
{
    private const uint UsualInterval = 10;
    private const uint UsualTimeout = 2000;
    private const uint UsualFailures = 3;
    private const uint UsualSuccesses = 2;
    private const uint UsualLimit = 3;
    private const uint UsualAfter = 30;

    public static Contracts.HealthPolicy Of(VmHealthPolicy policy) => new()
    {
        Probes = [.. policy.Probes.Values.Select(Of)],
        Weights = policy.Weights.ToDictionary(weight => weight.Key, weight => (int)weight.Value),
        DegradedAt = (int)policy.DegradedAt,
        UnhealthyAt = (int)policy.UnhealthyAt,
        MaxCpuPercent = (int?)policy.MaxCpuPercent,
        MaxMemoryPercent = (int?)policy.MaxMemoryPercent,
        MaxJournalErrors = (int?)policy.MaxJournalErrors,
        Recovery = policy.Recovery == RecoveryAction.Restart
            ? Contracts.RecoveryAction.Restart
            : Contracts.RecoveryAction.None,
        RecoveryLimit = policy.Recovery == RecoveryAction.None ? null : (int)policy.RecoveryLimit,
        RecoveryAfterSeconds = policy.Recovery == RecoveryAction.None ? null : (int)policy.RecoveryAfterSeconds,
        Anomalies = policy.Anomalies,
    };

    /// <exception cref="ApiException">What is wrong with it.</exception>
    public static HealthPolicy Read(Contracts.HealthPolicy document)
    {
        var recovers = document.Recovery == Contracts.RecoveryAction.Restart;
        var policy = new HealthPolicy
        {
            DegradedAt = Figure("degradedAt", document.DegradedAt, 0),
            UnhealthyAt = Figure("unhealthyAt", document.UnhealthyAt, 0),
            Recovery = recovers ? RecoveryAction.Restart : RecoveryAction.None,
            RecoveryLimit = Figure("recoveryLimit", document.RecoveryLimit, recovers ? UsualLimit : 0),
            RecoveryAfterSeconds = Figure(
                "recoveryAfterSeconds", document.RecoveryAfterSeconds, recovers ? UsualAfter : 0),
            AnomaliesOff = document.Anomalies == false,
        };
        if (document.MaxCpuPercent is not null)
        {
            policy.MaxCpuPercent = Figure("maxCpuPercent", document.MaxCpuPercent, 0);
        }

        if (document.MaxMemoryPercent is not null)
        {
            policy.MaxMemoryPercent = Figure("maxMemoryPercent", document.MaxMemoryPercent, 0);
        }

        if (document.MaxJournalErrors is not null)
        {
            policy.MaxJournalErrors = Figure("maxJournalErrors", document.MaxJournalErrors, 0);
        }

        policy.Probes.AddRange((document.Probes ?? []).Select(Read));
        policy.Weights.AddRange((document.Weights ?? new Dictionary<string, int>())
            .OrderBy(weight => weight.Key, StringComparer.Ordinal)
            .Select(weight => new CheckWeight
            {
                Check = weight.Key,
                Weight = Figure($"the weight of {Problems.Shown(weight.Key)}", weight.Value, 0),
            }));
        return HealthPolicyRules.Check(policy) is { } problem
            ? throw new ApiException(Problems.InvalidRequest($"The health policy is not one: {problem}."))
            : policy;
    }

    private static Contracts.HealthProbe Of(Probe probe) => new()
    {
        Name = probe.Name,
        Kind = probe.Kind switch
        {
            ProbeKind.Tcp => Contracts.ProbeKind.Tcp,
            ProbeKind.Http => Contracts.ProbeKind.Http,
            ProbeKind.Icmp => Contracts.ProbeKind.Icmp,
            ProbeKind.Script => Contracts.ProbeKind.Script,
            _ => throw new UnreachableException($"probe of kind {probe.Kind}"),
        },
        Target = probe.Target,
        IntervalSeconds = (int)probe.IntervalSeconds,
        TimeoutMs = (int)probe.TimeoutMilliseconds,
        Weight = (int)probe.Weight,
        Failures = (int)probe.Failures,
        Successes = (int)probe.Successes,
        ExpectedStatus = probe.ExpectedStatus == 0 ? null : (int)probe.ExpectedStatus,
        Critical = probe.Critical,
    };

    private static HealthProbe Read(Contracts.HealthProbe? probe)
    {
        if (probe?.Name is null || probe.Target is null)
        {
            throw new ApiException(Problems.InvalidRequest(
                "The health policy is not one: a probe is null, or its name or target is."));
        }

        var of = $"of probe {Problems.Shown(probe.Name)}";
        var interval = Figure($"intervalSeconds {of}", probe.IntervalSeconds, UsualInterval);
        return new()
        {
            Name = probe.Name,
            Kind = probe.Kind switch
            {
                Contracts.ProbeKind.Tcp => ProbeKind.Tcp,
                Contracts.ProbeKind.Http => ProbeKind.Http,
                Contracts.ProbeKind.Icmp => ProbeKind.Icmp,
                Contracts.ProbeKind.Script => ProbeKind.Script,
                _ => ProbeKind.Unknown,
            },
            Target = probe.Target,
            IntervalSeconds = interval,
            TimeoutMs = Figure(
                $"timeoutMs {of}", probe.TimeoutMs, Math.Min(UsualTimeout, Math.Min(interval, 60) * 1000)),
            Weight = Figure($"weight {of}", probe.Weight, VmHealthPolicy.UsualWeight),
            Failures = Figure($"failures {of}", probe.Failures, UsualFailures),
            Successes = Figure($"successes {of}", probe.Successes, UsualSuccesses),
            ExpectedStatus = Figure($"expectedStatus {of}", probe.ExpectedStatus, 0),
            Critical = probe.Critical ?? false,
        };
    }

    private static uint Figure(string what, int? value, uint usual) => value switch
    {
        null => usual,
        < 0 => throw new ApiException(Problems.InvalidRequest(
            FormattableString.Invariant($"The health policy is not one: {what} is {value}, below zero."))),
        { } figure => (uint)figure,
    };
}
