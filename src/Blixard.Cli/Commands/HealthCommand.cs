using System.CommandLine;
using System.Globalization;
using Blixard.Cli.Output;
using Blixard.Cli.Views;
using Blixard.Client.Contracts;

namespace Blixard.Cli.Commands;

/// <summary><c>vm health</c>: shows how the health of a VM is judged, and changes what is given.</summary>
internal sealed class HealthCommand
{
    private const int MaxWeight = 1000;

    private static readonly string[] Schemes = ["tcp://", "http://", "https://", "icmp://", "script:"];

    private readonly Option<string[]> _probes = new("--probe")
    {
        Description = "[NAME=]tcp://HOST:PORT, http(s)://..., icmp://HOST or script:NAME; again for more. "
            + "Those given are all that it has",
        HelpName = "PROBE",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<string[]> _weights = new("--weight")
    {
        Description = "How much the failure of a check counts, 0 to 1000; again for more",
        HelpName = "CHECK=WEIGHT",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<int?> _interval = Of("--interval", "Seconds from try to try, of the probes given", 1, 3600);
    private readonly Option<int?> _timeoutMs = Of(
        "--timeout-ms", "Milliseconds for a try, of the probes given", 10, 60_000);
    private readonly Option<int?> _failures = Of(
        "--failures", "So many in a row make a check fail, of the probes given", 1, 100);
    private readonly Option<int?> _successes = Of(
        "--successes", "So many make it pass again, of the probes given", 1, 100);
    private readonly Option<int?> _expected = Of(
        "--expect-status", "Of HTTP, of the probes given [default: 200 to 399]", 100, 599);
    private readonly Option<int?> _degradedAt = Of(
        "--degraded-at", "The weight of failing checks from which on it is degraded", 1, 100_000);
    private readonly Option<int?> _unhealthyAt = Of("--unhealthy-at", "And from which on it is unhealthy", 1, 100_000);
    private readonly Option<int?> _maxCpu = Of("--max-cpu", "Percent of its virtual CPUs", 1, 100);
    private readonly Option<int?> _maxMemory = Of("--max-memory", "Percent of its memory", 1, 100);
    private readonly Option<int?> _maxErrors = Of("--max-errors", "Errors in the journal in an hour", 0, 100);
    private readonly Option<int?> _limit = Of("--limit", "Restarts before its host gives up", 1, 100);
    private readonly Option<int?> _after = Of("--after", "Seconds that it must be unhealthy before a restart", 0, 3600);

    private readonly Option<string?> _recovery = Options.Choice(
        "--recovery", alias: null, "What its host does when it is unhealthy", "ACTION", ["none", "restart"]);

    private readonly Option<string?> _anomalies = Options.Choice(
        "--anomalies", alias: null, "Compare its figures with those of its last hour", "SWITCH", ["on", "off"]);

    private readonly Option<bool> _noProbes = new("--no-probes") { Description = "Without probes from now on" };

    private readonly Option<bool> _clear = new("--clear") { Description = "Back to the usual policy" };

    private Option[] Changes =>
    [
        _probes, _noProbes, _weights, _interval, _timeoutMs, _failures, _successes, _expected, _degradedAt,
        _unhealthyAt, _maxCpu, _maxMemory, _maxErrors, _recovery, _limit, _after, _anomalies,
    ];

    public static Command Create(CommandBuilder builder) => new HealthCommand().Build(builder);

    private Command Build(CommandBuilder builder)
    {
        var vm = CommandBuilder.NameArgument("VM", "Its name or uuid, or the beginning of one");
        return builder.Create(
            "health",
            "How the health of a VM is judged; with options, changes that",
            async (result, invocation, cancellationToken) =>
            {
                var changes = Changes.Any(option => result.GetResult(option) is { Implicit: false });
                if (changes && result.GetValue(_clear))
                {
                    throw new CliException(ExitCode.Usage, "--clear goes with no other change");
                }

                if (changes)
                {
                    // Before anything is asked: what is wrong with the options is wrong with any policy.
                    _ = Changed(new HealthPolicy(), result);
                }

                var found = await NameResolver.VmAsync(invocation, result.GetValue(vm), cancellationToken);
                var printer = invocation.Printer(OutputFormat.Table);
                if (result.GetValue(_clear))
                {
                    var index = await invocation.Client.RemoveHealthPolicyAsync(found.Name, cancellationToken);
                    printer.Line($"the health of {found.Name} is judged as usual (index {Exact.Of<ulong>(index)})");
                    return ExitCode.Ok;
                }

                var policy = invocation.Take(
                    await invocation.Client.GetHealthPolicyAsync(found.Name, invocation.Reads, cancellationToken));
                if (changes)
                {
                    var changed = await invocation.Client.SetHealthPolicyAsync(
                        found.Name, Changed(policy, result), cancellationToken);
                    policy = changed.Value;
                }

                printer.One(policy, HealthView.PolicyColumns, to => HealthView.WritePolicy(to, policy));
                return ExitCode.Ok;
            },
            [vm, .. Changes, _clear]);
    }

    private HealthPolicy Changed(HealthPolicy policy, ParseResult result)
    {
        var recovery = result.GetValue(_recovery) is { } action
            ? action == "restart" ? RecoveryAction.Restart : RecoveryAction.None
            : policy.Recovery;
        var given = result.GetValue(_probes) ?? [];
        if (given.Length == 0)
        {
            foreach (var option in new Option[] { _interval, _timeoutMs, _failures, _successes, _expected })
            {
                if (result.GetResult(option) is { Implicit: false })
                {
                    throw new CliException(ExitCode.Usage, $"{option.Name} is of probes: give them with --probe");
                }
            }
        }

        return policy with
        {
            Probes = given.Length > 0 ? [.. given.Select((text, i) => Probe(text, i, result))]
                : result.GetValue(_noProbes) ? []
                : policy.Probes,
            Weights = Weighted(policy, result.GetValue(_weights) ?? []),
            DegradedAt = result.GetValue(_degradedAt) ?? policy.DegradedAt,
            UnhealthyAt = result.GetValue(_unhealthyAt) ?? policy.UnhealthyAt,
            MaxCpuPercent = result.GetValue(_maxCpu) ?? policy.MaxCpuPercent,
            MaxMemoryPercent = result.GetValue(_maxMemory) ?? policy.MaxMemoryPercent,
            MaxJournalErrors = result.GetValue(_maxErrors) ?? policy.MaxJournalErrors,
            Recovery = recovery,

            // Without a recovery there is nothing to limit.
            RecoveryLimit = result.GetValue(_limit)
                ?? (recovery == RecoveryAction.Restart ? policy.RecoveryLimit : null),
            RecoveryAfterSeconds = result.GetValue(_after)
                ?? (recovery == RecoveryAction.Restart ? policy.RecoveryAfterSeconds : null),
            Anomalies = result.GetValue(_anomalies) is { } wanted ? wanted == "on" : policy.Anomalies,
        };
    }

    private HealthProbe Probe(string text, int index, ParseResult result)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        var named = equals > 0 && !Schemes.Any(scheme => text.StartsWith(scheme, StringComparison.Ordinal));
        var usual = index == 0 ? "network" : FormattableString.Invariant($"network-{index + 1}");
        var name = named ? text[..equals] : usual;
        var what = named ? text[(equals + 1)..] : text;
        var (kind, target) = what switch
        {
            _ when what.StartsWith("tcp://", StringComparison.Ordinal) => (ProbeKind.Tcp, what[6..]),
            _ when what.StartsWith("icmp://", StringComparison.Ordinal) => (ProbeKind.Icmp, what[7..]),
            _ when what.StartsWith("script:", StringComparison.Ordinal) => (ProbeKind.Script, what[7..]),
            _ when what.StartsWith("http://", StringComparison.Ordinal)
                || what.StartsWith("https://", StringComparison.Ordinal) => (ProbeKind.Http, what),
            _ => throw new CliException(
                ExitCode.Usage,
                $"\"{text}\" is not [NAME=]tcp://HOST:PORT, http(s)://..., icmp://HOST or script:NAME"),
        };
        return new()
        {
            Name = name,
            Kind = kind,
            Target = target,
            IntervalSeconds = result.GetValue(_interval),
            TimeoutMs = result.GetValue(_timeoutMs),
            Failures = result.GetValue(_failures),
            Successes = result.GetValue(_successes),
            ExpectedStatus = kind == ProbeKind.Http ? result.GetValue(_expected) : null,
        };
    }

    private static SortedDictionary<string, int> Weighted(HealthPolicy policy, string[] given)
    {
        var weights = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var (check, weight) in policy.Weights ?? new Dictionary<string, int>())
        {
            weights[check] = weight;
        }

        foreach (var text in given)
        {
            var equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals < 1
                || !int.TryParse(
                    text.AsSpan(equals + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var weight)
                || weight > MaxWeight)
            {
                throw new CliException(
                    ExitCode.Usage, $"\"{text}\" is not CHECK=WEIGHT with a weight of 0 to {MaxWeight}");
            }

            weights[text[..equals]] = weight;
        }

        return weights;
    }

    private static Option<int?> Of(string name, string description, int least, int most) => Options.Number<int>(
        name,
        description,
        "N",
        FormattableString.Invariant($"{least} to {most}"),
        value => value >= least && value <= most);
}
