using Blixard.Node.Agent;
using Blixard.Node.Agent.HostChecks;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;
using Blixard.Systemd.Cgroups;
using Blixard.Systemd.Journal;
using Blixard.Systemd.MicroVms;
using VmState = Blixard.Systemd.MicroVms.VmState;

namespace Blixard.Node.Tests.Agent.HostChecks;

/// <summary>What is told of the checks, sample after sample, of VMs of host n1.</summary>
public sealed class HostHealthTests
{
    private const ulong Mebibyte = 1 << 20;

    private readonly FakeTime _time = new();
    private readonly FakeCluster _cluster = new("n1");
    private readonly RecoveryBook _book = new();
    private readonly ScriptResults _scripts = new();
    private readonly ErrorLog _errors;
    private readonly HostHealth _health;

    public HostHealthTests()
    {
        _errors = Unread();
        _errors.Add(ErrorBatch.Nothing);
        _health = Health(_scripts);
    }

    [Fact]
    public void A_check_that_turns_is_told_at_once()
    {
        var vm = Judge(Vm("web1"));
        Fail("web1", 1);
        var failing = Judge(vm);

        Assert.NotSame(vm.Findings, failing.Findings);
        Assert.Equal("1 errors in last hour", Check(failing, JournalErrorsCheck.Name).Message);
        Assert.False(Check(failing, JournalErrorsCheck.Name).Passed);
        Assert.Single(failing.Findings.Errors);
    }

    [Fact]
    public void A_message_that_only_moved_waits_for_the_interval()
    {
        Fail("web1", 1);
        var vm = Judge(Vm("web1"));
        Fail("web1", 1);
        Assert.Same(vm.Findings, Judge(vm).Findings);
        _time.Advance(HealthSettings.Usual.RetellInterval);
        Assert.Equal("2 errors in last hour", Check(Judge(vm), JournalErrorsCheck.Name).Message);
    }

    [Fact]
    public void Figures_are_told_when_they_leave_their_dead_band()
    {
        var vm = Judge(Vm("web1", cpu: 20, memory: 100));
        _time.Advance(HealthSettings.Usual.RetellInterval);
        Assert.Same(vm.Findings, Judge(Vm("web1", cpu: 29, memory: 110), vm).Findings);
        var moved = Judge(Vm("web1", cpu: 31, memory: 110), vm);
        Assert.StartsWith(
            "CPU: 31.0%, Memory: 110MB", Check(moved, ResourceUsageCheck.Name).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Use_beyond_the_limit_fails_after_as_many_samples_as_are_set()
    {
        var vm = Judge(Vm("web1", cpu: 95));
        vm = Judge(vm);
        Assert.True(Check(vm, ResourceUsageCheck.Name).Passed);
        vm = Judge(vm);
        Assert.False(Check(vm, ResourceUsageCheck.Name).Passed);
    }

    [Fact]
    public void A_daemon_that_begins_anew_says_what_was_found_before_until_it_knows_better()
    {
        Replicate("web1");
        var scripts = new ScriptResults();
        var health = new HostHealth(
            HealthSettings.Usual, Settings, _cluster, Unread(), scripts, _book, _time);

        var vm = health.Judge(View(Vm("web1", cpu: 10))).Vms["web1"];

        Assert.Equal((false, "7 errors in last hour"), Said(vm, JournalErrorsCheck.Name));
        Assert.False(Check(vm, ResourceUsageCheck.Name).Passed);
        Assert.Equal((false, "disk is full"), Said(vm, "disk"));
        Assert.Equal("the oldest", Assert.Single(vm.Findings.Errors).Message);
        Assert.Equal((false, "disk is full"), (scripts.Last("web1", "disk")!.Passed, scripts.Last("web1", "disk")!.Message));
    }

    [Fact]
    public void Nothing_is_said_of_the_journal_before_anybody_has_read_it()
    {
        var health = new HostHealth(
            HealthSettings.Usual, Settings, _cluster, Unread(), _scripts, _book, _time);
        var vm = health.Judge(View(Vm("web1"))).Vms["web1"];
        Assert.DoesNotContain(vm.Findings.Checks, check => check.Name == JournalErrorsCheck.Name);
    }

    [Fact]
    public void A_vm_that_was_never_started_here_is_not_judged()
    {
        var vm = Judge(Vm("web1") with { State = VmState.Stopped, Monotonic = 0, Sample = null });
        Assert.Same(HostFindings.None, vm.Findings);
    }

    [Fact]
    public void What_is_done_about_it_is_told_at_once_and_not_unsaid()
    {
        var vm = Judge(Vm("web1"));
        var record = new RecoveryRecord(1, 2, "why", 3, Exhausted: false);
        _book.Put("web1", record);
        vm = Judge(vm);
        Assert.Equal(record, vm.Findings.Recovery);
        _book.Remove("web1");
        Assert.Same(vm.Findings, Judge(vm).Findings);
    }

    [Fact]
    public void A_vm_that_is_gone_and_comes_back_begins_anew()
    {
        var vm = Judge(Vm("web1", cpu: 95));
        Judge(vm);
        _health.Judge(View());
        vm = Judge(Vm("web1", cpu: 95));
        Assert.True(Check(vm, ResourceUsageCheck.Name).Passed);
    }

    [Fact]
    public void A_sample_in_which_nothing_turned_costs_no_memory()
    {
        const int Vms = 200;
        const int Sweeps = 100;
        var view = View([.. Enumerable.Range(0, Vms).Select(i => Vm($"vm{i}", cpu: 12, memory: 300))]);
        Fail("vm7", 3);
        for (var sweep = 0; sweep < 3; sweep++)
        {
            view = _health.Judge(view);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var sweep = 0; sweep < Sweeps; sweep++)
        {
            view = _health.Judge(view);
        }

        // Less than the smallest object for each: what is left is of the enumeration.
        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / (Vms * Sweeps), 0, 23);
    }

    private static AgentSettings Settings => new() { Node = "n1", BootId = "boot-of-n1" };

    private ErrorLog Unread() => new(new(new([])), _time);

    private HostHealth Health(ScriptResults scripts) =>
        new(HealthSettings.Usual, Settings, _cluster, _errors, scripts, _book, _time);

    private static HostCheck Check(AgentVm vm, string name) =>
        Assert.Single(vm.Findings.Checks, check => check.Name == name);

    private static (bool Passed, string Message) Said(AgentVm vm, string name) =>
        (Check(vm, name).Passed, Check(vm, name).Message);

    private AgentVm Judge(AgentVm vm, AgentVm? before = null) =>
        _health.Judge(View(before is null ? vm : vm with { Findings = before.Findings })).Vms[vm.Name];

    private static AgentView View(params AgentVm[] vms) =>
        AgentView.Empty.WithList(AgentBus.SystemName, new(vms, []));

    private void Fail(string vm, int lines) => _errors.Add(new(
        [
            .. Enumerable.Range(0, lines).Select(i =>
                new UnitErrorLine($"microvm@{vm}.service", null, _time.GetUtcNow(), 3, $"error {i}")),
        ],
        PassedOver: false,
        lines));

    /// <summary>What an earlier life of the daemon told.</summary>
    private void Replicate(string vm)
    {
        _cluster.Raise(CommandVersions.Health);
        _cluster.Apply(
            new()
            {
                RegisterVm = new()
                {
                    Vm = vm,
                    Uuid = "6f1cf8a0-3d0c-4e57-9f0e-0d9d6c3a7b11",
                    Node = "n1",
                    Unit = $"microvm@{vm}.service",
                    State = StateMachine.Commands.VmState.Running,
                },
            },
            "n1");
        var policy = new HealthPolicy();
        policy.Probes.Add(new HealthProbe
        {
            Name = "disk",
            Kind = ProbeKind.Script,
            Target = "disk",
            IntervalSeconds = 10,
            TimeoutMs = 1000,
            Failures = 1,
            Successes = 1,
        });
        Assert.IsType<Applied>(_cluster.Apply(Command.Of(new SetHealthPolicy { Vm = vm, Policy = policy }), "n1"));
        var told = Vm(vm) with
        {
            Findings = new(
                [
                    new(JournalErrorsCheck.Name, false, "7 errors in last hour"),
                    new(ResourceUsageCheck.Name, false, "CPU: 99.0%"),
                    new("disk", false, "disk is full"),
                ],
                [new(1, 3, "the oldest")],
                null),
        };
        var body = new UpdateState { Node = "n1", BootId = "boot-of-n1", ObservationSeq = 1 };
        body.Vms.Add(ObservationReport.Of(told, full: true));
        Assert.IsType<Applied>(_cluster.Apply(new() { UpdateState = body }, "n1"));
    }

    private static AgentVm Vm(string name, double cpu = 10, ulong memory = 100) => new()
    {
        Name = name,
        Unit = $"microvm@{name}.service",
        Scope = UnitScope.System,
        State = VmState.Running,
        Monotonic = 1,
        Sample = new(
            DateTimeOffset.UnixEpoch.AddDays(1),
            new CgroupSample(
                0, null, memory * Mebibyte, 1024 * Mebibyte, null, null, null, null, null, null, null),
            cpu,
            null),
    };
}
