using Blixard.Node.Monitoring;
using Blixard.Node.Tests.Agent;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;
using Microsoft.Extensions.Logging.Abstractions;

namespace Blixard.Node.Tests.Monitoring;

/// <summary>n1 judges web1, which runs on n2; what is found where is the test's to say.</summary>
public sealed class MonitorLoopTests : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly CancellationTokenSource _stop = new(Limit);
    private readonly FakeTime _time = new();
    private readonly FakeCluster _cluster = new("n1", "n2");
    private readonly FakeProber _prober = new();
    private Task _running = Task.CompletedTask;
    private ulong _sequence;
    private VmState _says;
    private bool _silent;

    public MonitorLoopTests()
    {
        _cluster.Raise(CommandVersions.Health);
        _cluster.Apply(
            new()
            {
                RegisterVm = new()
                {
                    Vm = "web1",
                    Uuid = "6f1cf8a0-3d0c-4e57-9f0e-0d9d6c3a7b11",
                    Node = "n2",
                    Unit = "microvm@web1.service",
                    State = VmState.Running,
                },
            },
            "n2");
        Assign("n1");
        SetPolicy();
        Report(VmState.Running);
    }

    private Vm Web => _cluster.State.Vms["web1"];

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        try
        {
            await _running;
        }
        catch (OperationCanceledException)
        {
            // Stopped as asked.
        }

        _stop.Dispose();
    }

    [Fact]
    public async Task A_vm_that_answers_is_told_of_once()
    {
        Start();
        await TickUntilAsync(() => Found("network") is { Passed: true });
        Assert.Equal("Network OK", Found("network")!.Message);
        Assert.Equal(HealthStatus.Healthy, Web.HealthStatus);
        var told = Told();
        await TickAsync(100);
        Assert.Equal(told, Told());
    }

    [Fact]
    public async Task It_fails_after_as_many_failures_as_the_policy_says_and_passes_after_as_many_successes()
    {
        Start();
        await TickUntilAsync(() => Found("network") is { Passed: true });
        var before = _prober.Tries;
        _prober.Outcome = ProbeOutcome.Unreachable("connection refused");
        await TickUntilAsync(() => Found("network") is { Passed: false });
        Assert.InRange(_prober.Tries - before, 3, 4);
        Assert.Equal("Network unreachable: connection refused", Found("network")!.Message);
        Assert.Equal(HealthStatus.Unresponsive, Web.HealthStatus);

        before = _prober.Tries;
        _prober.Outcome = ProbeOutcome.Ok;
        await TickUntilAsync(() => Found("network") is { Passed: true });
        Assert.InRange(_prober.Tries - before, 2, 3);
    }

    [Fact]
    public async Task A_new_monitor_takes_over_what_was_found_without_a_flap()
    {
        Assign("n2");
        var found = new UpdateHealth { Vm = "web1", Node = "n2", Source = MonitorLoop.Source };
        found.Checks.Add(new CheckResult { Name = "network", Passed = false, Message = "Network unreachable: timed out" });
        _cluster.Apply(Command.Of(found), "n2");
        Assign("n1");
        _prober.Outcome = ProbeOutcome.Unreachable("timed out");
        Start();
        await TickUntilAsync(() => Web.Health[MonitorLoop.Source].Node == "n1");
        await TickAsync(30);
        Assert.All(
            _cluster.Applied.Where(command => command.UpdateHealth is not null),
            command => Assert.False(command.UpdateHealth.Checks.Single(check => check.Name == "network").Passed));
    }

    [Fact]
    public async Task A_vm_at_rest_is_not_probed_and_what_was_found_of_it_is_over()
    {
        Start();
        await TickUntilAsync(() => Found("network") is not null);
        Report(VmState.Stopped);
        await TickUntilAsync(() => !Web.Health.ContainsKey(MonitorLoop.Source));
        var tries = _prober.Tries;
        await TickAsync(50);
        Assert.Equal(tries, _prober.Tries);
    }

    [Fact]
    public async Task A_vm_of_another_monitor_is_left_to_it()
    {
        Assign("n2");
        Start();
        await TickAsync(50);
        Assert.Equal(0, _prober.Tries);
        Assert.Empty(Web.Health);
    }

    [Fact]
    public async Task A_host_that_falls_silent_makes_its_vms_unresponsive_until_it_speaks_again()
    {
        _silent = true;
        Start();
        await TickUntilAsync(() => Found(HealthVerdict.Freshness) is { Passed: true });
        await TickUntilAsync(() => Found(HealthVerdict.Freshness) is { Passed: false });
        Assert.Equal("n2 has said nothing for 90 s", Found(HealthVerdict.Freshness)!.Message);
        Assert.True(_time.GetUtcNow() >= FakeTime.Start.AddSeconds(90));
        Assert.Equal(HealthStatus.Unresponsive, Web.HealthStatus);
        Report(VmState.Running);
        await TickUntilAsync(() => Found(HealthVerdict.Freshness) is { Passed: true });
    }

    [Fact]
    public async Task A_node_without_a_leader_judges_nobody()
    {
        _cluster.HasLeader = false;
        Start();
        await TickAsync(400);
        Assert.Equal((0, 0), (_prober.Tries, Told()));
        _cluster.HasLeader = true;
        await TickUntilAsync(() => Found(HealthVerdict.Freshness) is { Passed: true });
    }

    [Fact]
    public async Task What_could_not_be_told_is_told_when_it_can_be()
    {
        _cluster.OutOfReach = true;
        Start();
        await TickUntilAsync(() => _prober.Tries > 3);
        Assert.Empty(Web.Health);
        _cluster.OutOfReach = false;
        await TickUntilAsync(() => Found("network") is { Passed: true });
    }

    private void Start() => _running = new MonitorLoop(
        new MonitorSettings { Node = "n1", Random = new Random(7) },
        _cluster,
        _prober,
        _time,
        NullLogger<MonitorLoop>.Instance).RunAsync(_stop.Token);

    private Check? Found(string check) =>
        Web.Health.GetValueOrDefault(MonitorLoop.Source)?.Checks.GetValueOrDefault(check);

    private int Told() => _cluster.Applied.Count(command => command.UpdateHealth is not null);

    private void Assign(string node)
    {
        var body = new UpdateMonitoringAssignments();
        body.Assignments.Add(new UpdateMonitoringAssignments.Types.Assignment { Vm = "web1", Node = node });
        var command = Command.Of(body);
        command.DecidedTerm = 1;
        Assert.IsType<Applied>(_cluster.Apply(command, "n1"));
    }

    private void SetPolicy()
    {
        var policy = new HealthPolicy();
        policy.Probes.Add(new HealthProbe
        {
            Name = "network",
            Kind = ProbeKind.Tcp,
            Target = "10.0.0.5:22",
            IntervalSeconds = 5,
            TimeoutMs = 1000,
            Weight = 100,
            Failures = 3,
            Successes = 2,
        });
        Assert.IsType<Applied>(
            _cluster.Apply(Command.Of(new SetHealthPolicy { Vm = "web1", Policy = policy }), "n1"));
    }

    private void Report(VmState state)
    {
        _says = state;
        var body = new UpdateState { Node = "n2", BootId = "boot-of-n2", ObservationSeq = ++_sequence };
        body.Vms.Add(new VmObservation { Vm = "web1", Unit = "microvm@web1.service", State = state });
        Assert.IsType<Applied>(_cluster.Apply(new() { UpdateState = body }, "n2"));
    }

    /// <summary>Each step of time is looked at before the next one, and n2 goes on speaking, unless it is silent.</summary>
    private async Task TickAsync(int times)
    {
        for (var i = 0; i < times; i++)
        {
            if (!_silent)
            {
                Report(_says);
            }

            var looks = _cluster.Looks;
            _time.Advance(MonitorLoop.Tick);
            while (_cluster.Looks == looks)
            {
                _stop.Token.ThrowIfCancellationRequested();
                await Task.Yield();
            }
        }
    }

    private async Task TickUntilAsync(Func<bool> holds)
    {
        while (!holds())
        {
            _stop.Token.ThrowIfCancellationRequested();
            await TickAsync(1);

            // What runs beside the loop gets a turn too.
            await Task.Run(static () => { });
        }
    }

    private sealed class FakeProber : IProber
    {
        private int _tries;

        public ProbeOutcome Outcome { get; set; } = ProbeOutcome.Ok;

        public int Tries => Volatile.Read(ref _tries);

        public Task<ProbeOutcome> TryAsync(Probe probe, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _tries);
            return Task.FromResult(Outcome);
        }
    }
}
