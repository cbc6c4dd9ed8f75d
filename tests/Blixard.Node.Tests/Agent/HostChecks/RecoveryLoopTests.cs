using Blixard.Node.Agent;
using Blixard.Node.Agent.HostChecks;
using Blixard.Node.Monitoring;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;
using Blixard.Systemd;
using Blixard.Systemd.MicroVms;
using Microsoft.Extensions.Logging.Abstractions;
using VmState = Blixard.Systemd.MicroVms.VmState;

namespace Blixard.Node.Tests.Agent.HostChecks;

/// <summary>The loop with a cluster that really applies, and a host that the test holds in its hands.</summary>
public sealed class RecoveryLoopTests : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly CancellationTokenSource _limit = new(Limit);
    private readonly CancellationTokenSource _stop = new(Limit);
    private readonly FakeTime _time = new();
    private readonly FakeCluster _cluster = new("n1", "n2");
    private readonly AgentViewStore _views = new();
    private readonly RecoveryBook _book = new();
    private readonly Actions _actions = new();
    private Task _running;
    private ulong _sequence;

    public RecoveryLoopTests()
    {
        _cluster.Raise(CommandVersions.Health);
        _cluster.Apply(
            new()
            {
                RegisterVm = new()
                {
                    Vm = "web1",
                    Uuid = "6f1cf8a0-3d0c-4e57-9f0e-0d9d6c3a7b11",
                    Node = "n1",
                    Unit = "microvm@web1.service",
                    State = StateMachine.Commands.VmState.Failed,
                },
            },
            "n1");
        SetPolicy(limit: 2);
        See(VmState.Failed);
        _running = Start();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
        _limit.Dispose();
    }

    [Fact]
    public async Task A_failed_vm_is_restarted_once_its_record_is_replicated_and_again_after_the_delay()
    {
        await TickUntilAsync(() => _book.Of("web1") is { Attempts: 1 });
        Assert.Equal(0, _actions.Restarts);
        Assert.Matches("^Critical for [0-9]+ s, service_state: Service state: Failed$", _book.Of("web1")!.Reason);
        Report();
        await TickUntilAsync(() => _actions.Restarts == 1);

        await TickUntilAsync(() => _book.Of("web1") is { Attempts: 2 });
        Report();
        await TickUntilAsync(() => _actions.Restarts == 2);
        Assert.True(_time.GetUtcNow() >= FakeTime.Start.AddSeconds(5));

        await TickUntilAsync(() => _book.Of("web1") is { Exhausted: true });
        Report();
        await TickAsync(1000);
        Assert.Equal(2, _actions.Restarts);
        Assert.Equal(HealthStatus.Critical, _cluster.State.Vms["web1"].HealthStatus);
    }

    [Fact]
    public async Task A_daemon_that_is_restarted_counts_on_from_the_record()
    {
        await TickUntilAsync(() => _book.Of("web1") is { Attempts: 1 });
        Report();
        await StopAsync();
        _book.Remove("web1");
        Report();
        using var again = new CancellationTokenSource(Limit);
        var loop = Loop().RunAsync(again.Token);
        await TickUntilAsync(() => _book.Of("web1") is { Attempts: 2 });
        await again.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => loop);
    }

    [Theory]
    [InlineData(VmState.Stopped)]
    [InlineData(VmState.Starting)]
    [InlineData(VmState.Stopping)]
    public async Task A_vm_that_was_stopped_or_that_systemd_is_at_work_on_is_left_alone(VmState state)
    {
        See(state);
        await TickAsync(100);
        Assert.Equal(0, _actions.Restarts);
        Assert.Null(_book.Of("web1"));
    }

    [Fact]
    public async Task Nothing_is_done_by_a_view_that_is_stale_or_a_replica_without_a_leader()
    {
        _cluster.HasLeader = false;
        await TickAsync(100);
        Assert.Null(_book.Of("web1"));
        _cluster.HasLeader = true;
        _views.Replace(_views.Current.Lose(AgentBus.SystemName, _time.GetUtcNow(), "gone"));
        await TickAsync(100);
        Assert.Null(_book.Of("web1"));
    }

    [Fact]
    public async Task A_restart_that_systemd_refuses_is_counted_and_tried_again()
    {
        _actions.Fails = new SystemdUnavailableException("the bus is gone");
        await TickUntilAsync(() => _book.Of("web1") is { Attempts: 1 });
        Report();
        await TickUntilAsync(() => _actions.Restarts == 1);
        await TickUntilAsync(() => _book.Of("web1") is { Attempts: 2 });
    }

    [Fact]
    public async Task Ten_minutes_of_health_end_it()
    {
        await TickUntilAsync(() => _book.Of("web1") is { Attempts: 1 });
        See(VmState.Running);
        await TickUntilAsync(() => _book.Of("web1") == RecoveryRecord.Over);
        Report();
        Assert.Null(_cluster.State.Vms["web1"].Observations["n1"].Recovery);
        Assert.True(_time.GetUtcNow() >= FakeTime.Start.AddMinutes(10));
        Assert.Equal(0, _actions.Restarts);
    }

    [Fact]
    public async Task A_policy_that_is_taken_back_ends_it_though_the_restart_was_decided()
    {
        await TickUntilAsync(() => _book.Of("web1") is { Attempts: 1 });
        Report();
        SetPolicy(limit: 0);
        await TickUntilAsync(() => _book.Of("web1") is null);
        await TickAsync(100);
        Assert.Equal(0, _actions.Restarts);
    }

    [Fact]
    public async Task A_host_that_was_silent_is_no_reason_to_restart_what_runs_on_it()
    {
        See(VmState.Running);
        var body = new UpdateMonitoringAssignments();
        body.Assignments.Add(new UpdateMonitoringAssignments.Types.Assignment { Vm = "web1", Node = "n2" });
        _cluster.Apply(new() { DecidedTerm = 1, UpdateMonitoringAssignments = body }, "n1");
        var silent = new UpdateHealth { Vm = "web1", Node = "n2", Source = MonitorLoop.Source };
        silent.Checks.Add(new CheckResult { Name = HealthVerdict.Freshness, Message = "n1 has said nothing for 90 s" });
        Assert.IsType<Applied>(_cluster.Apply(Command.Of(silent), "n2"));
        Assert.Equal(HealthStatus.Unresponsive, _cluster.State.Vms["web1"].HealthStatus);

        await TickAsync(100);

        Assert.Null(_book.Of("web1"));
        Assert.Equal(0, _actions.Restarts);
    }

    private Task Start() => Loop().RunAsync(_stop.Token);

    private RecoveryLoop Loop() => new(
        new AgentSettings { Node = "n1", BootId = "boot-of-n1" },
        _views,
        _cluster,
        _actions,
        _book,
        _time,
        NullLogger<RecoveryLoop>.Instance);

    private async Task StopAsync()
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

        _running = Task.CompletedTask;
    }

    /// <param name="limit">0: nothing is done about it.</param>
    private void SetPolicy(uint limit) => _cluster.Apply(
        Command.Of(new SetHealthPolicy
        {
            Vm = "web1",
            Policy = new()
            {
                Recovery = limit > 0 ? RecoveryAction.Restart : RecoveryAction.None,
                RecoveryLimit = limit,
            },
        }),
        "n1");

    private void See(VmState state)
    {
        var vm = new AgentVm
        {
            Name = "web1",
            Unit = "microvm@web1.service",
            Scope = UnitScope.System,
            State = state,
            Monotonic = 1,
        };
        _views.Replace(AgentView.Empty.WithList(AgentBus.SystemName, new([vm], [])));
        Report();
    }

    /// <summary>What the host has to say of it is replicated.</summary>
    private void Report()
    {
        var vm = _views.Current.Vms["web1"] with { Findings = new([], [], _book.Of("web1")) };
        var body = new UpdateState { Node = "n1", BootId = "boot-of-n1", ObservationSeq = ++_sequence };
        body.Vms.Add(ObservationReport.Of(vm, full: true));
        Assert.IsType<Applied>(_cluster.Apply(new() { UpdateState = body }, "n1"));
    }

    /// <summary>Each step of time is looked at before the next one.</summary>
    private async Task TickAsync(int times)
    {
        for (var i = 0; i < times; i++)
        {
            var looks = _cluster.Looks;
            _time.Advance(RecoveryLoop.Tick);
            while (_cluster.Looks == looks)
            {
                _limit.Token.ThrowIfCancellationRequested();
                await Task.Yield();
            }
        }
    }

    private async Task TickUntilAsync(Func<bool> holds)
    {
        while (!holds())
        {
            _limit.Token.ThrowIfCancellationRequested();
            await TickAsync(1);
        }
    }

    private sealed class Actions : IRecoveryActions
    {
        private int _restarts;

        public Exception? Fails { get; set; }

        public int Restarts => Volatile.Read(ref _restarts);

        public Task RestartAsync(AgentVm vm, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _restarts);
            return Fails is { } failure ? throw failure : Task.CompletedTask;
        }
    }
}
