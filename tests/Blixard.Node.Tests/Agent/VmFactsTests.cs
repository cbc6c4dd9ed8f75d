using Blixard.Hypervisor;
using Blixard.Node.Agent;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;
using Blixard.Systemd.Units;
using LocalMiss = Blixard.Client.Contracts.LocalMiss;

namespace Blixard.Node.Tests.Agent;

/// <summary>What a VM is made of, from its runner, its process and its hypervisor to the cluster.</summary>
public sealed class VmFactsTests
{
    private const ulong Mebi = 1 << 20;

    [Fact]
    public async Task A_running_hypervisor_is_asked_once_per_run()
    {
        await using var bench = await RunningAsync(size: new(512 * Mebi, 2));
        await bench.UntilAsync(state => LimitOf(state) == 512 * Mebi);
        Assert.Equal((2u, MemoryLimitSource.Qmp), (FactsOf(bench)!.Vcpus, FactsOf(bench)!.MemoryLimitSource));
        Assert.Equal([Path.Combine(bench.StateDirectory, "web1", "web1.sock")], bench.Guests.Asked);

        // Signals and lists are no reason to ask again.
        bench.Systemd.Say(new Reloaded());
        bench.Systemd.Start("microvm@web2.service");
        await bench.UntilAsync(state => state.Vms.ContainsKey("web2"));
        Assert.Single(bench.Guests.Asked);

        bench.Guests.Size = new(1024 * Mebi, 4);
        bench.Systemd.Stop("microvm@web1.service");
        await bench.UntilAsync(state => state.Vms["web1"].State == VmState.Stopped && LimitOf(state) is null);
        bench.Systemd.Start("microvm@web1.service");
        await bench.UntilAsync(state => LimitOf(state) == 1024 * Mebi);
        Assert.Equal(2, bench.Guests.Asked.Count);
    }

    [Fact]
    public async Task One_that_does_not_answer_is_asked_again_a_few_times_and_then_every_five_minutes()
    {
        await using var bench = await RunningAsync(size: null);
        await AdvanceUntilAsync(bench, () => bench.Guests.Asked.Count == 2);
        bench.Guests.Size = new(256 * Mebi, 1);
        await AdvanceUntilAsync(bench, () => LimitOf(bench.Cluster.State) == 256 * Mebi);
        Assert.Equal(3, bench.Guests.Asked.Count);

        await using var late = await RunningAsync(size: null);
        await AdvanceUntilAsync(late, () => late.Guests.Asked.Count == 5);
        var miss = Assert.Single(Misses(late));
        Assert.Equal((LocalMiss.Hypervisor, "web1"), (miss.Kind, miss.Name));
        Assert.EndsWith("/web1/web1.sock: there is no such socket", miss.Reason, StringComparison.Ordinal);

        // What kept it from answering ends.
        late.Guests.Size = new(256 * Mebi, 1);
        await AdvanceUntilAsync(late, () => LimitOf(late.Cluster.State) == 256 * Mebi);
        var times = late.Guests.Times.ToArray();
        Assert.True(times.Length > 5);
        Assert.True(times[4] - miss.Since >= TimeSpan.FromSeconds(44), $"since {miss.Since}, at {times[4]}");
        Assert.True(times[5] - times[4] >= TimeSpan.FromMinutes(5), $"at {times[4]} and at {times[5]}");
        Assert.Empty(Misses(late));
    }

    [Fact]
    public async Task A_question_is_dropped_at_once_when_the_vm_begins_to_stop_and_none_is_asked_while_it_does()
    {
        await using var bench = new AgentBench();
        bench.Link("web1", "current", "1-web1");
        bench.Guests.Silent = true;
        bench.Systemd.Start("microvm@web1.service");
        bench.Start();
        await bench.UntilAsync(() => bench.Guests.Asked.Count == 1);

        bench.Systemd.BeginStop("microvm@web1.service");
        await bench.UntilAsync(() => bench.Guests.LetGo == 1);
        await bench.UntilAsync(state => state.Vms["web1"].State == VmState.Stopping);
        await AdvanceUntilAsync(bench, () => bench.Cluster.Reports.Any(r => r.UnchangedSince != 0));
        Assert.Single(bench.Guests.Asked);
    }

    [Fact]
    public async Task The_first_that_tells_the_memory_limit_is_believed()
    {
        await using var bench = await RunningAsync(size: null);
        var pid = bench.Views.Current.Vms["web1"].MainPid!.Value;
        bench.CommandLine(pid, "microvm@web1", "-m", "100M", "-smp", "3", "-qmp", "unix:other.sock,server=on");
        await AdvanceUntilAsync(bench, () => LimitOf(bench.Cluster.State) == 100 * Mebi);
        Assert.Equal((3u, MemoryLimitSource.CommandLine), (FactsOf(bench)!.Vcpus, FactsOf(bench)!.MemoryLimitSource));

        // And it was asked where its command line says, beside the VM's directory.
        Assert.Equal(Path.Combine(bench.StateDirectory, "web1", "other.sock"), bench.Guests.Asked.Last());

        bench.Sampler.MemoryMax = 200 * Mebi;
        await AdvanceUntilAsync(bench, () => LimitOf(bench.Cluster.State) == 200 * Mebi);
        Assert.Equal(MemoryLimitSource.Cgroup, FactsOf(bench)!.MemoryLimitSource);

        // Another run, as the first may have been asked often enough by now.
        bench.Guests.Size = new(300 * Mebi, null);
        bench.Systemd.Stop("microvm@web1.service");
        bench.Systemd.Start("microvm@web1.service");
        await AdvanceUntilAsync(bench, () => LimitOf(bench.Cluster.State) == 300 * Mebi);
        Assert.Equal(MemoryLimitSource.Qmp, FactsOf(bench)!.MemoryLimitSource);
    }

    [Fact]
    public async Task A_new_current_runner_is_noticed_at_the_keep_alive_and_makes_a_restart_pending()
    {
        await using var bench = new AgentBench();
        bench.Cluster.Raise(CommandVersions.FullObservations);
        var first = bench.Link("web1", "current", "1-web1");
        bench.Link("web1", "booted", "1-web1");
        bench.Systemd.Start("microvm@web1.service");
        bench.Start();
        await bench.UntilAsync(_ => FactsOf(bench) is { RunningRunner.Length: > 0 });
        Assert.Equal((first, first, false), Runners(bench));

        var second = bench.Link("web1", "current", "2-web1", "firecracker");
        await AdvanceUntilAsync(bench, () => FactsOf(bench)!.RestartPending);
        Assert.Equal((first, second, true), Runners(bench));

        // What runs is still the first.
        Assert.Equal("qemu", FactsOf(bench)!.Hypervisor);

        // What a host that lost its power leaves behind does not run.
        bench.Systemd.Stop("microvm@web1.service");
        await bench.UntilAsync(_ => FactsOf(bench)!.RunningRunner.Length == 0);
    }

    [Fact]
    public async Task A_vm_that_is_laid_out_later_is_a_candidate_at_the_keep_alive_and_gone_with_its_directory()
    {
        await using var bench = await RunningAsync(size: new(Mebi, 1));
        bench.LayOut("spare");
        await AdvanceUntilAsync(bench, () => bench.Cluster.State.Vms.ContainsKey("spare"));

        bench.TakeAway("spare");
        await AdvanceUntilAsync(bench, () =>
            bench.Cluster.State.Vms["spare"].Observations["n1"].Staleness == Staleness.Absent);
    }

    [Fact]
    public async Task What_an_older_node_would_not_understand_is_told_once_all_nodes_would()
    {
        await using var bench = new AgentBench();
        bench.Guests.Size = new(512 * Mebi, 2);
        bench.Link("web1", "current", "1-web1");
        bench.Systemd.Start("microvm@web1.service");
        bench.Start();
        await bench.UntilAsync(state => LimitOf(state) == 512 * Mebi);
        Assert.All(bench.Cluster.Reports.SelectMany(report => report.Vms), vm => Assert.Null(vm.Facts));

        bench.Cluster.Raise(CommandVersions.FullObservations);
        await bench.UntilAsync(_ => FactsOf(bench) is { Hypervisor: "qemu", Vcpus: 2 });
    }

    private static IReadOnlyList<LocalMiss> Misses(AgentBench bench) => bench.Report().Misses;

    private static async Task<AgentBench> RunningAsync(GuestSize? size)
    {
        var bench = new AgentBench();
        bench.Cluster.Raise(CommandVersions.FullObservations);
        bench.Guests.Size = size;
        bench.Link("web1", "current", "1-web1");
        bench.Systemd.Start("microvm@web1.service");
        bench.Start();
        await bench.UntilAsync(state => state.Vms.GetValueOrDefault("web1")?.State == VmState.Running);
        await bench.UntilAsync(() => bench.Guests.Asked.Count > 0);
        return bench;
    }

    private static (string Running, string Current, bool Pending) Runners(AgentBench bench) =>
        (FactsOf(bench)!.RunningRunner, FactsOf(bench)!.CurrentRunner, FactsOf(bench)!.RestartPending);

    private static Facts? FactsOf(AgentBench bench) =>
        bench.Cluster.State.Vms.GetValueOrDefault("web1")?.Observations["n1"].Facts;

    private static ulong? LimitOf(ClusterState state) =>
        state.Vms.GetValueOrDefault("web1")?.Observations["n1"].Resources?.MemoryLimitBytes;

    /// <summary>Time goes on in small steps, with room for the loops in between.</summary>
    private static Task AdvanceUntilAsync(AgentBench bench, Func<bool> holds) => bench.UntilAsync(() =>
    {
        if (holds())
        {
            return true;
        }

        bench.Time.Advance(TimeSpan.FromMilliseconds(100));
        return false;
    });
}
