using Blixard.Node.Agent;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;
using Blixard.Systemd.MicroVms;
using Blixard.Systemd.Units;
using VmState = Blixard.StateMachine.Commands.VmState;

namespace Blixard.Node.Tests.Agent;

/// <summary>Managers of users beside the system's: each is its own, and none keeps another waiting.</summary>
public sealed class UserBusTests
{
    [Fact]
    public async Task A_users_vm_is_reported_as_a_user_service()
    {
        await using var bench = new AgentBench(users: ["alice"]);
        bench.Systemd.Start("microvm@web1.service");
        bench.Users["alice"].Start("microvm-dev1.service");
        bench.Users["alice"].Start("microvm-virtiofsd@dev1.service");
        bench.Start();
        await bench.UntilAsync(state => IsRunning(state, "web1") && IsRunning(state, "dev1"));

        var dev = bench.Cluster.State.Vms["dev1"].Observations["n1"];
        Assert.Equal(("microvm-dev1.service", true), (dev.Unit, dev.UserService));
        Assert.Equal(["dev1", "web1"], bench.Cluster.State.Vms.Keys);

        bench.Users["alice"].Stop("microvm-dev1.service");
        await bench.UntilAsync(state => state.Vms["dev1"].Observations["n1"].State == VmState.Stopped);
    }

    [Fact]
    public async Task A_user_without_a_manager_is_no_error_and_is_seen_once_there_is_one()
    {
        await using var bench = new AgentBench(users: ["alice"]);
        bench.Users["alice"].Absent = true;
        bench.Systemd.Start("microvm@web1.service");
        bench.Start();
        await bench.UntilAsync(state => IsRunning(state, "web1"));
        Assert.Null(bench.Views.Current.StaleSince);
        Assert.Equal("no manager", bench.Views.Current.Buses["user alice"].StaleReason);

        bench.Users["alice"].Absent = false;
        bench.Users["alice"].Start("microvm-dev1.service");
        bench.Users["alice"].Say(new Connected());
        await bench.UntilAsync(state => IsRunning(state, "dev1"));
        Assert.Null(bench.Views.Current.Buses["user alice"].StaleSince);
    }

    [Fact]
    public async Task When_a_users_manager_goes_only_that_users_vms_are_unknown()
    {
        await using var bench = new AgentBench(users: ["alice", "bob"]);
        bench.Cluster.Raise(CommandVersions.FullObservations);
        bench.Systemd.Start("microvm@web1.service");
        bench.Users["alice"].Start("microvm-dev1.service");
        bench.Users["bob"].Start("microvm-dev2.service");
        bench.Start();
        await bench.UntilAsync(state => IsRunning(state, "web1") && IsRunning(state, "dev1") && IsRunning(state, "dev2"));

        bench.Users["alice"].Unavailable = true;
        bench.Users["alice"].Say(new Disconnected("connection reset", TimeSpan.FromSeconds(1)));
        await bench.UntilAsync(state => state.Vms["dev1"].Observations["n1"].Staleness == Staleness.Unseen);
        Assert.Equal(VmState.Unknown, bench.Cluster.State.Vms["dev1"].State);
        Assert.True(IsRunning(bench.Cluster.State, "web1") && IsRunning(bench.Cluster.State, "dev2"));

        // The others go on as if nothing had happened.
        bench.Systemd.Stop("microvm@web1.service");
        bench.Users["bob"].Stop("microvm-dev2.service");
        await bench.UntilAsync(state =>
            state.Vms["web1"].State == VmState.Stopped && state.Vms["dev2"].State == VmState.Stopped);

        bench.Users["alice"].Unavailable = false;
        bench.Users["alice"].Say(new Reconnected());
        await bench.UntilAsync(state => IsRunning(state, "dev1"));
    }

    [Fact]
    public async Task While_the_systems_manager_is_away_the_vms_of_users_are_still_told()
    {
        await using var bench = new AgentBench(users: ["alice"]);
        bench.Systemd.Start("microvm@web1.service");
        bench.Users["alice"].Start("microvm-dev1.service");
        bench.Start();
        await bench.UntilAsync(state => IsRunning(state, "web1") && IsRunning(state, "dev1"));

        bench.Systemd.Unavailable = true;
        bench.Systemd.Say(new Disconnected("connection reset", TimeSpan.FromSeconds(1)));
        await bench.UntilAsync(() => bench.Views.Current.StaleSince is not null);
        bench.Users["alice"].Stop("microvm-dev1.service");
        await bench.UntilAsync(state => state.Vms["dev1"].State == VmState.Stopped);

        var last = bench.Cluster.Reports.Last();
        Assert.False(last.Complete);
        Assert.Equal(["dev1"], last.Vms.Select(vm => vm.Vm));
    }

    [Fact]
    public async Task A_manager_that_does_not_answer_keeps_no_other_waiting()
    {
        await using var bench = new AgentBench(users: ["alice"]);
        bench.Systemd.Start("microvm@web1.service");
        bench.Users["alice"].Start("microvm-dev1.service");
        bench.Start();
        await bench.UntilAsync(state => IsRunning(state, "web1") && IsRunning(state, "dev1"));

        var hangs = bench.Users["alice"].Hangs = new(TaskCreationOptions.RunContinuationsAsynchronously);
        bench.Users["alice"].Say(new Reloaded());
        bench.Systemd.Stop("microvm@web1.service");
        await bench.UntilAsync(state => state.Vms["web1"].State == VmState.Stopped);

        bench.Users["alice"].Hangs = null;
        bench.Users["alice"].Stop("microvm-dev1.service");
        hangs.SetResult();
        await bench.UntilAsync(state => state.Vms["dev1"].State == VmState.Stopped);
    }

    [Fact]
    public async Task A_name_that_two_buses_have_is_told_and_neither_overwrites_the_other()
    {
        await using var bench = new AgentBench(users: ["alice"]);
        bench.Systemd.Start("microvm@web1.service");
        bench.Users["alice"].Start("microvm-web1.service");
        bench.Users["alice"].Start("microvm-dev1.service");
        bench.Start();
        await bench.UntilAsync(state => IsRunning(state, "web1") && IsRunning(state, "dev1"));

        Assert.Equal("microvm@web1.service", bench.Cluster.State.Vms["web1"].Observations["n1"].Unit);
        Assert.Equal(
            "microvm@web1.service is VM web1 already.",
            bench.Views.Current.Refused["microvm-web1.service (user alice)"]);

        // What happens to the one that was refused is nothing to the other.
        bench.Users["alice"].Stop("microvm-web1.service");
        bench.Users["alice"].Stop("microvm-dev1.service");
        await bench.UntilAsync(state => state.Vms["dev1"].State == VmState.Stopped);
        Assert.True(IsRunning(bench.Cluster.State, "web1"));

        // And it has its turn once the name is free.
        bench.Users["alice"].Start("microvm-web1.service");
        bench.Systemd.Forget("microvm@web1.service");
        bench.Systemd.Say(new Reloaded());
        await bench.UntilAsync(state =>
            state.Vms["web1"].Observations["n1"] is { UserService: true, State: VmState.Running, Stale: false });
        Assert.Empty(bench.Views.Current.Refused);
    }

    [Fact]
    public async Task A_vm_that_the_system_has_only_laid_out_is_not_overwritten_either()
    {
        await using var bench = new AgentBench(users: ["alice"]);
        bench.LayOut("web1");
        bench.Users["alice"].Start("microvm-web1.service");
        bench.Start();
        await bench.UntilAsync(() => bench.Views.Current.Refused.ContainsKey("microvm-web1.service (user alice)"));

        Assert.Equal(AgentBus.SystemName, bench.Views.Current.Vms["web1"].Bus);
    }

    [Fact]
    public async Task A_unit_file_is_a_candidate_and_one_that_is_masked_is_not()
    {
        await using var bench = new AgentBench(users: ["alice"]);
        bench.Systemd.Files["microvm@.service"] = "static";
        bench.Systemd.Files["microvm@spare1.service"] = "disabled";
        bench.Systemd.Files["microvm-tap-interfaces@.service"] = "static";
        bench.Users["alice"].Files["microvm-spare2.service"] = "disabled";
        bench.Users["alice"].Files["microvm-virtiofsd@.service"] = "static";
        bench.Users["alice"].Files["microvm-old.service"] = "masked";
        bench.Start();
        await bench.UntilAsync(state => bench.Cluster.Reports.Any() && state.Vms.Count == 2);

        Assert.Equal(["spare1", "spare2"], bench.Cluster.State.Vms.Keys);
        Assert.All(bench.Cluster.State.Vms.Values, vm => Assert.Empty(vm.Observations["n1"].Checks));
        Assert.True(bench.Cluster.State.Vms["spare2"].Observations["n1"].UserService);
    }

    [Fact]
    public async Task A_users_vm_is_described_by_the_directory_that_its_unit_works_in()
    {
        await using var bench = new AgentBench(users: ["alice"]);
        bench.Cluster.Raise(CommandVersions.FullObservations);
        var home = Path.GetFullPath(Path.Combine(bench.StateDirectory, "..", "home", "dev1"));
        var runner = bench.Link("../home/dev1", "current", "1-dev1", "cloud-hypervisor");
        bench.Users["alice"].Start("microvm-dev1.service");
        bench.Users["alice"].WorksIn("microvm-dev1.service", home);
        bench.Start();
        await bench.UntilAsync(state => FactsOf(state, "dev1") is { CurrentRunner.Length: > 0 });

        var facts = FactsOf(bench.Cluster.State, "dev1")!;
        Assert.Equal(("cloud-hypervisor", runner), (facts.Hypervisor, facts.CurrentRunner));
    }

    [Fact]
    public async Task A_change_that_is_signalled_while_a_list_is_taken_is_no_drift()
    {
        await using var bench = new AgentBench();
        bench.Systemd.Start("microvm@web1.service");
        bench.Start();
        await bench.UntilAsync(state => IsRunning(state, "web1"));

        bench.Systemd.WhileListing = async () =>
        {
            var heard = bench.Systemd.Heard;
            bench.Systemd.Stop("microvm@web1.service");
            await bench.UntilAsync(() => bench.Systemd.Heard > heard);
        };
        await bench.UntilAsync(() =>
        {
            bench.Time.Advance(TimeSpan.FromSeconds(1));
            return bench.Journal.Refreshes.Count > 1;
        });
        await bench.UntilAsync(state => state.Vms["web1"].State == VmState.Stopped);
        Assert.Equal(0, bench.Journal.Refreshes.Sum(r => r.Differences));
    }

    private static bool IsRunning(ClusterState state, string vm) =>
        state.Vms.GetValueOrDefault(vm)?.State == VmState.Running;

    private static Facts? FactsOf(ClusterState state, string vm) =>
        state.Vms.GetValueOrDefault(vm)?.Observations["n1"].Facts;
}
