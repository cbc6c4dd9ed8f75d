using Blixard.Node.Fencing;
using Blixard.Node.Tests.Agent;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;
using Blixard.Systemd.Cgroups;
using Blixard.Systemd.Units;
using Microsoft.Extensions.Logging.Abstractions;

namespace Blixard.Node.Tests.Fencing;

/// <summary>What the gate is told and which jobs are begun, for a state that is really applied.</summary>
public sealed class VmKeeperTests : IDisposable
{
    private const string Unit = "microvm@web1.service";

    private readonly FenceRoom _room = new();
    private readonly TemporaryDirectory _cgroups = new();
    private readonly TemporaryDirectory _units = new();
    private readonly FakeCluster _cluster = new("n1", "n2");
    private readonly LeaseViewStore _leases = new();
    private readonly Reads _reads;
    private readonly GateInstaller _installer;
    private readonly VmKeeper _keeper;

    public VmKeeperTests()
    {
        _reads = new(_cluster);
        _installer = new(
            "n1", FenceRoom.Boot, new(_room.Paths), new(_units.Path), _room.Pid1, _room.Pid1);
        _keeper = new(
            new("n1", FenceRoom.Boot, "i1"),
            _cluster,
            _reads,
            _room.Grants,
            new(_room.Grants, _room.Pid1, _room.Pid1, new CgroupRoot(_cgroups.Path)),
            _room.Pid1,
            _room.Pid1,
            _leases,
            _room.Clocks,
            NullLogger<VmKeeper>.Instance);
        _cluster.Raise(CommandVersions.ManagedVms);
        Rejoin("n1", FenceRoom.Boot);
        Rejoin("n2", "boot-of-n2");
        Register("n1", VmState.Stopped);
        Register("n2", VmState.Stopped);
        Define(Unit, "current/bin/microvm-run");
        _leases.Replace(new(
            new(1, _room.Clocks.BootTime, _room.Clocks.BootTime + 30_000_000), new(TimeSpan.FromSeconds(5)), "", 1));
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private Vm Vm => _cluster.State.Vms["web1"];

    public void Dispose()
    {
        _units.Dispose();
        _cgroups.Dispose();
        _room.Dispose();
    }

    [Fact]
    public async Task A_vm_that_is_managed_is_on_the_list_and_its_gate_is_told_once_it_is_proven()
    {
        Manage(FailoverPolicy.Manual);
        _installer.WriteList(_cluster.State);
        Assert.Equal(GatePolicy.Manual, new ManagedList(_room.Paths).Read()!.Value.Vms["web1"]);

        await InstallAsync();

        Assert.True(Gates.IsCurrent(Vm.Management!, _cluster.State.Nodes["n1"]));
        Assert.Null(await _installer.ProveAsync(_cluster.State, Token));
    }

    [Fact]
    public async Task A_unit_that_does_not_start_through_the_gate_or_has_changed_on_disk_is_told_of_to_nobody()
    {
        Manage(FailoverPolicy.Manual);
        _room.Pid1.Change(Unit, unit => unit with { ExecStart = [["/var/lib/microvms/web1/current/bin/microvm-run"]] });
        Assert.Null(await _installer.ProveAsync(_cluster.State, Token));
        Assert.Contains("does not start through the gate", _installer.Problems["web1"], StringComparison.Ordinal);

        Define(Unit, "current/bin/microvm-run");
        _room.Pid1.Change(Unit, unit => unit with { NeedsDaemonReload = true });
        Assert.Null(await _installer.ProveAsync(_cluster.State, Token));

        // The helper has the VM's data too.
        Define(Unit, "current/bin/microvm-run");
        Define("microvm-virtiofsd@web1.service", "x");
        _room.Pid1.Change(
            "microvm-virtiofsd@web1.service", unit => unit with { ExecStart = [["/bin/virtiofsd-run"]] });
        Assert.Null(await _installer.ProveAsync(_cluster.State, Token));
        Assert.Contains("virtiofsd", _installer.Problems["web1"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_copy_that_runs_here_keeps_the_gate_from_being_told()
    {
        Manage(FailoverPolicy.Manual, node: "n2");
        _room.Pid1.Change(Unit, unit => unit with { ActiveState = "active" });
        Assert.Null(await _installer.ProveAsync(_cluster.State, Token));
        Assert.Contains("placed on n2", _installer.Problems["web1"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_units_of_a_strict_vm_are_moved_into_the_slice_and_back_when_it_is_strict_no_more()
    {
        Manage(FailoverPolicy.Strict);
        await _installer.PlaceUnitsAsync(_cluster.State, Token);
        var path = _units[Path.Combine(Unit + ".d", "50-blixard.conf")];
        Assert.Contains("Slice=blixard-strict.slice", await File.ReadAllTextAsync(path, Token));
        Assert.Equal(["reload"], _room.Pid1.Calls);
        await _installer.PlaceUnitsAsync(_cluster.State, Token);
        Assert.Equal(["reload"], _room.Pid1.Calls);

        // Until systemd has it there, the gate is none.
        Assert.Null(await _installer.ProveAsync(_cluster.State, Token));
        Assert.Contains("is in ", _installer.Problems["web1"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_vm_that_is_to_run_here_is_granted_after_a_quorum_read_and_started()
    {
        await PlacedAsync(FailoverPolicy.Manual);

        await LookAsync();

        Assert.Equal(1, _reads.Count);
        Assert.Equal(
            new("web1", GatePolicy.Manual, Vm.Placement!.Generation, 1), _room.Grants.Find("web1"));
        Assert.Contains($"start {Unit}", _room.Pid1.Calls);

        // It runs: nothing is to do, and nobody is asked again.
        await LookAsync();
        Assert.Equal(1, _reads.Count);
        Assert.Single(_room.Pid1.Calls, $"start {Unit}");
    }

    [Fact]
    public async Task What_the_quorum_has_otherwise_is_not_granted()
    {
        await PlacedAsync(FailoverPolicy.Manual);
        var behind = _cluster.State;
        Assert.IsType<Applied>(_cluster.Apply(
            new() { SetDesiredState = new() { Vm = "web1", Desired = DesiredState.Stopped } }, "n2"));

        await _keeper.LookAsync(behind, Token);
        await _keeper.StopAsync();

        Assert.Null(_room.Grants.Find("web1"));
        Assert.DoesNotContain($"start {Unit}", _room.Pid1.Calls);
    }

    [Fact]
    public async Task A_unit_whose_gate_has_gone_is_not_started()
    {
        await PlacedAsync(FailoverPolicy.Manual);
        _room.Pid1.Change(Unit, unit => unit with { ExecStart = [["/bin/true"]] });

        await LookAsync();

        Assert.DoesNotContain($"start {Unit}", _room.Pid1.Calls);
    }

    [Fact]
    public async Task A_vm_that_is_to_be_stopped_is_revoked_stopped_and_told_of()
    {
        await PlacedAsync(FailoverPolicy.Manual);
        await LookAsync();
        var generation = Vm.Placement!.Generation;
        Assert.IsType<Applied>(_cluster.Apply(
            new() { BeginOperation = new() { Vm = "web1", Kind = OperationKind.Stop } }, "n2"));

        await LookAsync();

        Assert.Equal(PlacementState.StoppedConfirmed, Vm.Placement!.State);
        Assert.Equal(OperationState.Done, Vm.Operation!.State);
        Assert.Equal(generation, _room.Grants.Tombstone("web1"));
        Assert.Null(_room.Grants.Find("web1"));
        Assert.Contains($"stop {Unit}", _room.Pid1.Calls);
    }

    [Fact]
    public async Task A_stop_that_could_not_be_told_is_told_again_and_the_vm_is_not_started_meanwhile()
    {
        await PlacedAsync(FailoverPolicy.Manual);
        await LookAsync();
        Assert.IsType<Applied>(_cluster.Apply(
            new() { SetDesiredState = new() { Vm = "web1", Desired = DesiredState.Stopped } }, "n2"));
        _cluster.OutOfReach = true;
        await LookAsync();
        Assert.Equal(PlacementState.Assigned, Vm.Placement!.State);
        _cluster.OutOfReach = false;

        // Not at once: each attempt may leave an entry in the log.
        await LookAsync();
        Assert.Equal(PlacementState.Assigned, Vm.Placement!.State);
        _room.Clocks.Advance(TimeSpan.FromSeconds(6));

        // Wanted again, but that generation is given up here.
        Assert.IsType<Applied>(_cluster.Apply(
            new() { SetDesiredState = new() { Vm = "web1", Desired = DesiredState.Running } }, "n2"));
        await LookAsync();

        Assert.Equal(PlacementState.StoppedConfirmed, Vm.Placement!.State);
        Assert.Single(_room.Pid1.Calls, $"start {Unit}");
    }

    [Fact]
    public async Task A_vm_that_moves_is_ended_here()
    {
        await PlacedAsync(FailoverPolicy.Manual);
        await LookAsync();
        Assert.IsType<Applied>(_cluster.Apply(
            new() { BeginOperation = new() { Vm = "web1", Kind = OperationKind.Move } }, "n2"));

        await LookAsync();

        Assert.Equal(PlacementState.StoppedConfirmed, Vm.Placement!.State);
        Assert.True(Vm.Operation!.IsPending);
    }

    [Fact]
    public async Task A_vm_that_is_placed_elsewhere_loses_its_right_to_start_here()
    {
        Manage(FailoverPolicy.Manual, node: "n2");
        _room.Grants.Issue(new("web1", GatePolicy.Manual, 3, 1));
        _room.Grants.Issue(new("gone", GatePolicy.None, 3, 1));

        await LookAsync();

        Assert.Empty(_room.Grants.Granted());
    }

    private async Task PlacedAsync(FailoverPolicy policy)
    {
        Manage(policy);
        await InstallAsync();
    }

    private async Task InstallAsync()
    {
        var gates = await _installer.ProveAsync(_cluster.State, Token);
        Assert.IsType<Applied>(_cluster.Apply(new() { GateInstalled = gates! }, "n1"));
    }

    private async Task LookAsync()
    {
        await _keeper.LookAsync(_cluster.State, Token);
        await _keeper.StopAsync();
    }

    private void Manage(FailoverPolicy policy, string node = "n1") => Assert.IsType<Applied>(_cluster.Apply(
        new()
        {
            ManageVm = new()
            {
                Vm = "web1",
                Node = node,
                Policy = policy,
                Desired = DesiredState.Running,
                MemoryBytes = 1 << 30,
                Storage = StorageKind.Local,
            },
        },
        "n2"));

    private void Define(string unit, string program) => _room.Pid1.Define(new()
    {
        Name = unit,
        LoadState = "loaded",
        ActiveState = "inactive",
        Slice = "system-microvm.slice",
        ExecStart = [["/bin/sh", "/opt/blixard/libexec/blixard-gate", "web1", "--", program]],
    });

    private void Rejoin(string node, string boot) => Assert.IsType<Applied>(_cluster.Apply(
        new() { RejoinNode = new() { Node = node, Epoch = 1, BootId = boot, KillBudgetMs = 5000 } }, node));

    private void Register(string node, VmState state) => Assert.IsType<Applied>(_cluster.Apply(
        new()
        {
            RegisterVm = new()
            {
                Vm = "web1",
                Node = node,
                Uuid = "6b8b4567-327b-43c6-9869-74b0dc51d8f4",
                Unit = Unit,
                State = state,
            },
        },
        node));

    private sealed class Reads(FakeCluster cluster) : IQuorumReads
    {
        public int Count { get; private set; }

        public Task<ClusterState> ReadAsync(CancellationToken cancellationToken)
        {
            Count++;
            return Task.FromResult(cluster.State);
        }
    }
}
