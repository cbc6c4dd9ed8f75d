using System.Globalization;

namespace Blixard.Client.Contracts;

/// <summary>A VM that is not how it should be, and why.</summary>
public sealed record VmAttention
{
    public required string Name { get; init; }
    public string? Node { get; init; }
    public required VmState State { get; init; }

    /// <summary>One short sentence without a full stop.</summary>
    public required string Reason { get; init; }

    /// <summary>
    /// Why an operator should look at this VM, or null. One rule for the server's status and the CLI's marks.
    /// A stopped VM is not a reason: nobody has said that it should run.
    /// </summary>
    public static string? ReasonFor(Vm vm)
    {
        ArgumentNullException.ThrowIfNull(vm);
        return Severity(vm) switch
        {
            5 => $"runs on {Count(RunningOn(vm).Count)} nodes: {string.Join(", ", RunningOn(vm))}",
            4 => "failed" + (vm.Result is { Length: > 0 } result and not "success" ? $" ({result})" : ""),
            3 => vm.StaleReason ?? "its facts are no longer refreshed",
            2 => $"{HealthOf(vm).ToString().ToLowerInvariant()}: {FirstFailure(vm.Health)}",
            1 => "state unknown",
            _ => null,
        };
    }

    /// <summary>The VMs that need a look, the worst first, then by name; at most <paramref name="limit"/>.</summary>
    public static IReadOnlyList<VmAttention> Of(IEnumerable<Vm> vms, int limit) =>
    [
        .. vms.Where(vm => Severity(vm) > 0)
            .OrderByDescending(Severity)
            .ThenBy(vm => vm.Name, StringComparer.Ordinal)
            .Take(limit)
            .Select(vm => new VmAttention
            {
                Name = vm.Name,
                Node = vm.Node,
                State = vm.State,
                Reason = ReasonFor(vm)!,
            }),
    ];

    /// <summary>A node of an earlier version says only whether all checks pass.</summary>
    public static HealthStatus HealthOf(Vm vm)
    {
        ArgumentNullException.ThrowIfNull(vm);
        return (vm.Health.Status, vm.Health.Healthy) switch
        {
            (HealthStatus.Unknown, false) => HealthStatus.Unhealthy,
            (HealthStatus.Unknown, true) => HealthStatus.Healthy,
            var (status, _) => status,
        };
    }

    private static int Severity(Vm vm) => vm switch
    {
        _ when vm.Alarms.Contains(VmAlarms.DuplicateRunning, StringComparer.Ordinal) => 5,
        { Stale: false, State: VmState.Failed } => 4,
        { Stale: true } => 3,
        { State: VmState.Running } when HealthOf(vm) >= HealthStatus.Degraded => 2,
        { State: VmState.Unknown } => 1,
        _ => 0,
    };

    /// <summary>All nodes that say they run it, sorted.</summary>
    public static IReadOnlyList<string> RunningOn(Vm vm)
    {
        ArgumentNullException.ThrowIfNull(vm);
        return
        [
            .. vm.RunningOn.Union(vm.RefusedClaims.Select(claim => claim.Node), StringComparer.Ordinal)
                .Order(StringComparer.Ordinal),
        ];
    }

    private static string Count(int nodes) => nodes == 2 ? "two" : nodes.ToString(CultureInfo.InvariantCulture);

    private static string FirstFailure(VmHealth health) =>
        health.Checks.FirstOrDefault(check => check.Status == CheckStatus.Failing) is { } failing
            ? $"{failing.Name}: {failing.Message}"
            : "no check tells why";
}
