using System.Diagnostics;
using Blixard.Node.Agent;
using Blixard.Node.Agent.HostChecks;
using Blixard.Node.Monitoring;
using Blixard.StateMachine.Commands;
using Blixard.Systemd.Cgroups;
using Blixard.Systemd.Journal;
using Blixard.Systemd.MicroVms;
using Microsoft.Extensions.Logging.Abstractions;
using VmState = Blixard.Systemd.MicroVms.VmState;

namespace Blixard.Node.Tests.Agent.HostChecks;

/// <summary>
/// What the health of 1,000 VMs costs in each sweep of 5 s: an hour of them, whose figures are printed. CPU is that of the
/// process: run alone, it says something.
/// </summary>
public sealed class HealthCostTests
{
    private const int Vms = 1000;
    private const int Sweeps = 720;

    private readonly ITestOutputHelper _output;
    private readonly FakeTime _time = new();
    private readonly FakeCluster _cluster = new("n1");
    private readonly HostHealth _health;

    public HealthCostTests(ITestOutputHelper output)
    {
        _output = output;
        for (var i = 0; i < Vms; i++)
        {
            _cluster.Apply(
                new()
                {
                    RegisterVm = new()
                    {
                        Vm = $"vm{i}",
                        Uuid = $"6f1cf8a0-3d0c-4e57-9f0e-{i:x12}",
                        Node = "n1",
                        Unit = $"microvm@vm{i}.service",
                        State = StateMachine.Commands.VmState.Running,
                    },
                },
                "n1");
        }

        var errors = new ErrorLog(new(new([])), _time);
        errors.Add(ErrorBatch.Nothing);
        _health = new(
            HealthSettings.Usual,
            new() { Node = "n1", BootId = "boot-of-n1" },
            _cluster,
            errors,
            new(),
            new(),
            _time);
    }

    [Fact]
    public void The_checks_of_vms_at_rest_cost_next_to_no_memory() =>
        Assert.InRange(Judge("at rest", (_, _) => 10), 0, 23);

    [Fact]
    public void The_checks_of_busy_vms_are_told_and_cost_little_more() => Assert.InRange(
        Judge("a fifth of them busy", (vm, sweep) => vm % 5 == 0 ? 20 + (((vm * 7) + (sweep * 13)) % 60) : 10), 24, 1000);

    [Fact]
    public void Loops_beside_it_look_only_at_what_is_new()
    {
        var assignments = new UpdateMonitoringAssignments();
        for (var i = 0; i < Vms; i++)
        {
            assignments.Assignments.Add(new UpdateMonitoringAssignments.Types.Assignment { Vm = $"vm{i}", Node = "n1" });
        }

        _cluster.Apply(new() { DecidedTerm = 1, UpdateMonitoringAssignments = assignments }, "n1");
        var settings = new AgentSettings { Node = "n1", BootId = "boot-of-n1" };
        var monitor = new MonitorLoop(
            new() { Node = "n1", Random = new(7) }, _cluster, new NoProber(), _time, NullLogger<MonitorLoop>.Instance);
        var recovery = new RecoveryLoop(
            settings, new(), _cluster, new NoRestarts(), new(), _time, NullLogger<RecoveryLoop>.Instance);
        while (_cluster.State.Vms.Values.Any(vm => vm.Health.Count == 0))
        {
            monitor.Look(default);
            monitor.TakeResults();
        }

        Say("monitor and recoveries, nothing new", () => { }, Loops);
        Say(
            "monitor and recoveries, a new state",
            () => _cluster.Apply(new() { UpdateState = new() { Node = "n1", BootId = "boot-of-n1" } }, "n1"),
            Loops);

        void Loops()
        {
            for (var half = 0; half < 10; half++)
            {
                monitor.Look(default);
                if (half % 2 == 0)
                {
                    recovery.Look([], default);
                }
            }
        }
    }

    /// <param name="what">The VMs do.</param>
    /// <param name="cpu">Of a VM in a sweep, in percent.</param>
    /// <returns>Bytes per VM and sweep.</returns>
    private double Judge(string what, Func<int, int, double> cpu)
    {
        var samples = new VmSample[8, Vms];
        for (var i = 0; i < samples.Length; i++)
        {
            samples[i / Vms, i % Vms] = Sample(cpu(i % Vms, i / Vms));
        }

        var view = AgentView.Empty.WithList(
            AgentBus.SystemName, new([.. Enumerable.Range(0, Vms).Select(vm => Vm(vm, samples[0, vm]))], []));
        var sweep = 0;
        return Say(
            $"checks, {what}",
            () =>
            {
                var at = sweep++ % 8;
                view = view with
                {
                    Vms = view.Vms.SetItems(Enumerable.Range(0, Vms).Select(
                        vm => KeyValuePair.Create($"vm{vm}", view.Vms[$"vm{vm}"] with { Sample = samples[at, vm] }))),
                };
            },
            () => view = _health.Judge(view));
    }

    /// <returns>Bytes per VM and sweep.</returns>
    private double Say(string what, Action prepare, Action sweep)
    {
        var (took, bytes) = (TimeSpan.Zero, 0L);
        for (var i = -10; i < Sweeps; i++)
        {
            prepare();
            var (started, before) = (Environment.CpuUsage.TotalTime, GC.GetAllocatedBytesForCurrentThread());
            sweep();
            took += i < 0 ? TimeSpan.Zero : Environment.CpuUsage.TotalTime - started;
            bytes += i < 0 ? 0 : GC.GetAllocatedBytesForCurrentThread() - before;
            _time.Advance(TimeSpan.FromSeconds(5));
        }

        var (microseconds, each) = (took.TotalMicroseconds / (Vms * Sweeps), bytes / (double)(Vms * Sweeps));
        _output.WriteLine(FormattableString.Invariant($"{what}: {microseconds:0.00} us, {each:0.0} bytes per VM and sweep"));
        return each;
    }

    private static AgentVm Vm(int vm, VmSample sample) => new()
    {
        Name = $"vm{vm}",
        Unit = $"microvm@vm{vm}.service",
        Scope = UnitScope.System,
        State = VmState.Running,
        Monotonic = 1,
        MainPid = vm + 100,
        Sample = sample,
    };

    private static VmSample Sample(double cpu) => new(
        DateTimeOffset.UnixEpoch.AddDays(1),
        new CgroupSample(0, null, 300 << 20, 1024UL << 20, null, null, null, null, null, null, null),
        cpu,
        null);

    private sealed class NoProber : IProber
    {
        public Task<ProbeOutcome> TryAsync(StateMachine.State.Probe probe, CancellationToken cancellationToken) =>
            throw new UnreachableException("there are no probes");
    }

    private sealed class NoRestarts : IRecoveryActions
    {
        public Task RestartAsync(AgentVm vm, CancellationToken cancellationToken) =>
            throw new UnreachableException("nothing is restarted");
    }
}
