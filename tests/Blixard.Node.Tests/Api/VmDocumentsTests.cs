using Blixard.Client.Contracts;
using Blixard.Node.Api;
using Blixard.StateMachine.Commands;
using VmState = Blixard.StateMachine.Commands.VmState;

namespace Blixard.Node.Tests.Api;

/// <summary>What a VM's document makes of what the nodes said.</summary>
public class VmDocumentsTests
{
    [Fact]
    public async Task A_running_vm_shows_the_facts_of_its_node()
    {
        await using var host = await ApiHost.StartClusterAsync();
        host.RegisterVm("web1", "n1");
        host.RegisterVm("web1", "n2");
        var seen = ApiHost.Seen("web1", VmState.Running);
        seen.SubState = "running";
        seen.MainPid = 4711;
        seen.Restarts = 2;
        seen.Result = "success";
        seen.SinceUnixMs = FakeTime.Start.ToUnixTimeMilliseconds();
        seen.Checks.Add(new CheckResult { Name = "service_state", Passed = true, Message = "Service state: Running" });
        seen.Resources = new ResourceUsage
        {
            SampledAtUnixMs = FakeTime.Start.ToUnixTimeMilliseconds(),
            CpuMillipercent = 12_300,
            CpuUsageUsec = 2_500_000,
            MemoryBytes = 256,
            MemoryLimitBytes = 1024,
        };
        host.Report("n2", seen);

        var vm = Document(host, "web1");

        Assert.Equal((Client.Contracts.VmState.Running, "n2", "running"), (vm.State, vm.Node, vm.SubState));
        Assert.Equal((4711, 2, "success", FakeTime.Start), (vm.MainPid, vm.Restarts, vm.Result, vm.Since));
        Assert.Equal((12.3, 2.5, 25.0), (vm.Resources.CpuPercent, vm.Resources.CpuSeconds, vm.Resources.MemoryPercent));
        Assert.Null(vm.Resources.DiskReadBytes);
        Assert.Equal(["n1", "n2"], vm.Candidates);
        Assert.Equal((true, "service_state", CheckStatus.Passing), (
            vm.Health.Healthy, vm.Health.Checks[0].Name, vm.Health.Checks[0].Status));
        Assert.False(vm.Stale);
        Assert.Empty(vm.Alarms);
    }

    [Fact]
    public async Task What_a_vm_is_made_of_is_shown_and_that_a_restart_would_run_something_else()
    {
        await using var host = await ApiHost.StartClusterAsync();
        host.RegisterVm("web1", "n1");
        var seen = ApiHost.Seen("web1", VmState.Running);
        seen.Resources = new ResourceUsage { MemoryLimitBytes = 1024 };
        seen.Facts = new VmFacts
        {
            Hypervisor = "qemu",
            Vcpus = 2,
            Taps = { "vm-web1" },
            Macvtaps = { "mv-web1" },
            VsockCid = uint.MaxValue,
            RunningRunner = "/nix/store/1-microvm-qemu-web1",
            CurrentRunner = "/nix/store/2-microvm-qemu-web1",
            MemoryLimitSource = StateMachine.Commands.MemoryLimitSource.Qmp,
        };
        host.Report("n1", seen);

        var vm = Document(host, "web1");

        Assert.Equal(("qemu", 2, uint.MaxValue), (vm.Hypervisor, vm.Vcpus, vm.VsockCid));
        Assert.Equal(["vm-web1", "mv-web1"], vm.Taps.Concat(vm.Macvtaps));
        Assert.Equal("/nix/store/1-microvm-qemu-web1", vm.RunningRunner);
        Assert.Equal("/nix/store/2-microvm-qemu-web1", vm.CurrentRunner);
        Assert.True(vm.RestartPending);
        Assert.Equal(Client.Contracts.MemoryLimitSource.Qmp, vm.Resources.MemoryLimitSource);

        seen.Facts.CurrentRunner = seen.Facts.RunningRunner;
        seen.Unseen = true;
        host.Report("n1", seen);
        vm = Document(host, "web1");
        Assert.False(vm.RestartPending);
        Assert.Equal((true, "manager out of reach"), (vm.Stale, vm.StaleReason));
    }

    [Fact]
    public async Task A_vm_of_a_lost_node_is_unknown_and_says_why_and_keeps_what_was_seen()
    {
        await using var host = await ApiHost.StartClusterAsync();
        host.RegisterVm("web1", "n2");
        var seen = ApiHost.Seen("web1", VmState.Running);
        seen.Checks.Add(new CheckResult { Name = "service_state", Passed = true, Message = "Service state: Running" });
        host.Report("n2", seen);
        host.Lose("n2");

        var vm = Document(host, "web1");

        Assert.Equal((Client.Contracts.VmState.Unknown, "n2"), (vm.State, vm.Node));
        Assert.Equal((true, "node lost"), (vm.Stale, vm.StaleReason));
        Assert.Equal(
            (Client.Contracts.VmState.Running, true), (vm.Observations[0].State, vm.Observations[0].Stale));
        Assert.Equal(CheckStatus.Unknown, vm.Health.Checks[0].Status);
        Assert.Null(vm.Health.Healthy);
    }

    [Fact]
    public async Task A_vm_that_runs_twice_raises_the_alarm()
    {
        await using var host = await ApiHost.StartClusterAsync();
        host.RegisterVm("web1", "n1");
        host.RegisterVm("web1", "n2");
        host.Report("n1", ApiHost.Seen("web1", VmState.Running));
        host.Report("n2", ApiHost.Seen("web1", VmState.Running));

        var twice = Document(host, "web1");
        Assert.Equal([VmAlarms.DuplicateRunning], twice.Alarms);
        Assert.Equal(["n1", "n2"], twice.RunningOn);
        Assert.Equal("runs on two nodes: n1, n2", VmAttention.ReasonFor(twice));
    }

    [Fact]
    public async Task A_node_whose_claim_to_run_a_vm_was_refused_is_named_too()
    {
        await using var host = await ApiHost.StartClusterAsync();
        host.RegisterVm("web1", "n1");
        host.Report("n1", ApiHost.Seen("web1", VmState.Running));
        host.Claim("web1", "n3");

        var claimed = Document(host, "web1");

        Assert.Equal([VmAlarms.DuplicateRunning], claimed.Alarms);
        Assert.Equal(["n1"], claimed.RunningOn);
        Assert.Equal(["n3"], claimed.RefusedClaims.Select(claim => claim.Node));
        Assert.Equal("runs on two nodes: n1, n3", VmAttention.ReasonFor(claimed));
        var status = await host.ReadAsync("/v1/cluster", ApiJson.Default.ClusterStatus);
        Assert.Contains("VM web1 runs on n1 and n3: stop all but one before its disks are damaged.", status.Warnings);
        using var metrics = await host.GetAsync("/metrics");
        Assert.Contains("\nblixard_cluster_vms_duplicate_running 1\n", await metrics.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_vm_that_nobody_reported_has_its_unit_and_nothing_else()
    {
        await using var host = await ApiHost.StartClusterAsync();
        host.RegisterVm("web1", "n1");

        var vm = Document(host, "web1");

        Assert.Equal((Client.Contracts.VmState.Unknown, "microvm@web1.service"), (vm.State, vm.Unit));
        Assert.Equal((null, null, null, null), (vm.SubState, vm.MainPid, vm.Resources.SampledAt, vm.Health.Healthy));
    }

    [Fact]
    public void Every_state_of_the_state_machine_has_its_counterpart()
    {
        foreach (var state in Enum.GetValues<VmState>())
        {
            Assert.Equal(state.ToString(), VmDocuments.Of(state).ToString());
        }

        foreach (var source in Enum.GetValues<StateMachine.Commands.MemoryLimitSource>())
        {
            var expected = source == StateMachine.Commands.MemoryLimitSource.Unknown ? null : source.ToString();
            Assert.Equal(expected, VmDocuments.Of(source)?.ToString());
        }

        foreach (var status in Enum.GetValues<StateMachine.Commands.NodeStatus>())
        {
            Assert.Equal(status.ToString(), NodeDocuments.Of(status).ToString());
        }
    }

    private static Client.Contracts.Vm Document(ApiHost host, string vm) =>
        VmDocuments.Of(host.Replica.State, host.Replica.State.Vms[vm]);
}
