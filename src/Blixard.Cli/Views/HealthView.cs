using System.Globalization;
using Blixard.Cli.Output;
using Blixard.Client.Contracts;

namespace Blixard.Cli.Views;

/// <summary>How the health of a VM is judged, and what was found and done about it.</summary>
internal static class HealthView
{
    public static IReadOnlyList<Column<HealthPolicy>> PolicyColumns { get; } =
    [
        Columns.Number<HealthPolicy>("PROBES", policy => policy.Probes?.Count),
        Columns.Number<HealthPolicy>("DEGRADED AT", policy => policy.DegradedAt),
        Columns.Number<HealthPolicy>("UNHEALTHY AT", policy => policy.UnhealthyAt),
        Columns.Text<HealthPolicy>("RECOVERY", policy => Exact.Name(policy.Recovery ?? RecoveryAction.None)),
        Columns.Number<HealthPolicy>("LIMIT", policy => policy.RecoveryLimit),
    ];

    private static readonly IReadOnlyList<Column<HealthProbe>> ProbeColumns =
    [
        Columns.Text<HealthProbe>("PROBE", probe => probe.Name),
        Columns.Text<HealthProbe>("KIND", probe => Exact.Name(probe.Kind)),
        Columns.Text<HealthProbe>("TARGET", probe => probe.Target),
        Columns.Text<HealthProbe>("EVERY", probe => Number(probe.IntervalSeconds) + "s"),
        Columns.Text<HealthProbe>("TIMEOUT", probe => Number(probe.TimeoutMs) + "ms"),
        Columns.Number<HealthProbe>("WEIGHT", probe => probe.Weight),
        Columns.Text<HealthProbe>(
            "TURNS AFTER", probe => $"{Number(probe.Failures)} bad, {Number(probe.Successes)} good"),
        Columns.Text<HealthProbe>("EXPECTS", probe => probe.ExpectedStatus is { } status ? Number(status) : null),
        Columns.Text<HealthProbe>("CRITICAL", probe => probe.Critical == true ? "yes" : null),
    ];

    /// <summary>What <c>vm show</c> says beside the checks; nothing where there is nothing.</summary>
    public static void WriteDetails(Printer printer, VmHealth health, DateTimeOffset now)
    {
        if (health.Recovery is { } recovery)
        {
            printer.Line();
            printer.Line(Printable.Text(Text(recovery, now)), recovery.Exhausted ? Tone.Bad : Tone.Warning);
        }

        if (health.Errors.Count > 0)
        {
            printer.Line();
            printer.Table(health.Errors,
            [
                Columns.Age<VmErrorLine>("ERROR", line => line.At, now),
                Columns.Text<VmErrorLine>("LINE", line => line.Message),
            ]);
        }

        if (health.Policy is { } policy)
        {
            printer.Line();
            WritePolicy(printer, policy);
        }
    }

    public static void WritePolicy(Printer printer, HealthPolicy policy)
    {
        var limits = new[]
        {
            Limit("CPU below", policy.MaxCpuPercent, "%"), Limit("memory below", policy.MaxMemoryPercent, "%"),
            Limit("at most", policy.MaxJournalErrors, " errors in an hour"),
        }.OfType<string>();
        var weights = (policy.Weights ?? new Dictionary<string, int>())
            .OrderBy(weight => weight.Key, StringComparer.Ordinal)
            .Select(weight => $"{weight.Key} {Number(weight.Value)}");
        Fields.Write(printer,
        [
            new("degraded", $"from weight {Number(policy.DegradedAt)}"),
            new("unhealthy", $"from weight {Number(policy.UnhealthyAt)}"),
            new("limits", Joined(limits) ?? "as the host is configured"),
            new("weights", Joined(weights) ?? "as usual"),
            new("recovery", policy.Recovery == RecoveryAction.Restart
                ? $"restart after {Number(policy.RecoveryAfterSeconds)} s, {Number(policy.RecoveryLimit)} times"
                : "none"),
            new("anomalies", policy.Anomalies == false ? "off" : "on"),
        ]);
        if (policy.Probes is { Count: > 0 } probes)
        {
            printer.Line();
            printer.Table(probes, ProbeColumns);
        }
    }

    private static string Text(VmRecovery recovery, DateTimeOffset now)
    {
        var last = recovery.LastAt is { } at ? $", the last {Humanize.Age(now - at)} ago" : "";
        var next = recovery.Exhausted ? "; given up"
            : recovery.NextAt is { } then && then > now ? $"; the next not before {UtcInstantConverter.Text(then)}"
            : "";
        return $"restarted {Humanize.Count(recovery.Attempts, "time", "times")}{last}: {recovery.Reason}{next}";
    }

    private static string? Limit(string what, int? limit, string unit) =>
        limit is { } value ? $"{what} {Number(value)}{unit}" : null;

    private static string? Joined(IEnumerable<string> parts) =>
        string.Join(", ", parts) is { Length: > 0 } text ? text : null;

    private static string Number(int? value) => value?.ToString(CultureInfo.InvariantCulture) ?? "-";
}
