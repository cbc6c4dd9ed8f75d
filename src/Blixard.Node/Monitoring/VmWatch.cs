using System.Collections.Immutable;
using Blixard.Node.Agent.HostChecks;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.Node.Monitoring;

/// <summary>
/// One VM that this node is to judge: which probes are due, and what they amount to. Not thread-safe: the monitor's
/// loop alone uses it.
/// </summary>
internal sealed class VmWatch
{
    private const double Jitter = 0.1;

    // The first try of a VM comes soon, and not with those of all others.
    private static readonly TimeSpan Spread = TimeSpan.FromSeconds(2);

    private readonly SortedDictionary<string, Schedule> _probes = new(StringComparer.Ordinal);
    private readonly TimeProvider _time;
    private readonly Random _random;

    public VmWatch(Vm vm, TimeProvider time, Random random)
    {
        (State, _time, _random) = (vm, time, random);
        Follow(vm);
    }

    /// <summary>As the cluster has it.</summary>
    public Vm State { get; private set; }

    public bool IsAtWork => State.State is VmState.Running or VmState.Starting;

    public bool HasProbes => _probes.Count > 0;

    /// <summary>What was found may be other than what the cluster has.</summary>
    public bool HasNews { get; set; }

    /// <summary>An UpdateHealth of it is under way.</summary>
    public bool Proposing { get; set; }

    /// <summary>No proposal before this timestamp: the last one failed.</summary>
    public long NotBefore { get; set; }

    /// <summary>
    /// Takes on a new state of the VM, and its policy's probes. What the monitor before this one had found holds until
    /// it turns: another judge is no reason for another verdict.
    /// </summary>
    public void Follow(Vm vm)
    {
        (State, HasNews) = (vm, true);
        var policy = IsAtWork ? vm.HealthPolicy ?? VmHealthPolicy.None : VmHealthPolicy.None;
        var found = vm.Health.GetValueOrDefault(MonitorLoop.Source);
        foreach (var gone in _probes.Keys.Where(name => !policy.Probes.ContainsKey(name)).ToArray())
        {
            _probes.Remove(gone);
        }

        foreach (var probe in policy.Probes.Values.Where(probe => probe.Kind != ProbeKind.Script))
        {
            if (!_probes.TryGetValue(probe.Name, out var schedule) || schedule.Probe != probe)
            {
                var due = Spread < TimeSpan.FromSeconds(probe.IntervalSeconds)
                    ? Spread
                    : TimeSpan.FromSeconds(probe.IntervalSeconds);
                _probes[probe.Name] = new(
                    probe, found?.Checks.GetValueOrDefault(probe.Name), After(due * _random.NextDouble()));
            }
        }
    }

    /// <summary>The probes to try now; each is not due again before <see cref="Take"/>.</summary>
    public ImmutableArray<Probe> Due()
    {
        var now = _time.GetTimestamp();
        var due = ImmutableArray.CreateBuilder<Probe>();
        foreach (var schedule in _probes.Values)
        {
            if (!schedule.Trying && now >= schedule.DueAt)
            {
                schedule.Trying = true;
                due.Add(schedule.Probe);
            }
        }

        return due.DrainToImmutable();
    }

    /// <summary>The result of a try.</summary>
    public void Take(Probe probe, ProbeOutcome outcome)
    {
        // The policy may have changed meanwhile.
        if (_probes.TryGetValue(probe.Name, out var schedule) && schedule.Probe == probe)
        {
            var factor = 1 - Jitter + (2 * Jitter * _random.NextDouble());
            schedule.Take(outcome, After(TimeSpan.FromSeconds(probe.IntervalSeconds) * factor));
            HasNews = true;
        }
    }

    /// <summary>What is known so far, and whether its host is heard.</summary>
    public ImmutableArray<CheckResult> Checks(string host, bool fresh, TimeSpan limit)
    {
        var checks = ImmutableArray.CreateBuilder<CheckResult>();
        checks.Add(new()
        {
            Name = HealthVerdict.Freshness,
            Passed = fresh,
            Message = fresh
                ? $"{host} tells of its VMs"
                : FormattableString.Invariant($"{host} has said nothing for {limit.TotalSeconds:0} s"),
        });
        checks.AddRange(_probes.Values.Select(schedule => schedule.Check).OfType<CheckResult>());
        return checks.DrainToImmutable();
    }

    private long After(TimeSpan delay) =>
        _time.GetTimestamp() + (long)(delay.TotalSeconds * _time.TimestampFrequency);

    private sealed class Schedule
    {
        private readonly InARow _result;
        private bool _known;
        private string _message;

        public Schedule(Probe probe, Check? found, long dueAt)
        {
            (Probe, DueAt) = (probe, dueAt);
            (_known, _message) = (found is not null, found?.Message ?? "");
            _result = new((int)probe.Failures, (int)probe.Successes, passes: found?.Passed ?? true);
        }

        public Probe Probe { get; }

        public long DueAt { get; private set; }

        public bool Trying { get; set; }

        /// <summary>Null until it can be said: one failure of a VM that was never tried is not enough.</summary>
        public CheckResult? Check => _known
            ? new() { Name = Probe.Name, Passed = _result.Passes, Message = _message }
            : null;

        public void Take(ProbeOutcome outcome, long dueAt)
        {
            var passes = _result.Take(outcome.Passed);
            if (passes == outcome.Passed)
            {
                (_known, _message) = (true, outcome.Message);
            }

            (Trying, DueAt) = (false, dueAt);
        }
    }
}
