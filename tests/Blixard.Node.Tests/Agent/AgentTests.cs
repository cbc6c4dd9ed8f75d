using Blixard.Node.Agent;
using Blixard.StateMachine.Commands;
using Blixard.Systemd.Units;

namespace Blixard.Node.Tests.Agent;

public sealed class AgentTests
{
    [Fact]
    public async Task Units_that_run_at_the_start_are_registered_and_reported()
    {
        await using var bench = new AgentBench();
        bench.Systemd.Start("microvm@web1.service");
        bench.Systemd.Fail("microvm@bad1.service", exitStatus: 3);
        bench.Start();
        await bench.UntilAsync(state =>
            state.Vms.GetValueOrDefault("web1")?.State == VmState.Running
            && state.Vms.GetValueOrDefault("bad1")?.State == VmState.Failed);

        var bad = bench.Cluster.State.Vms["bad1"].Observations["n1"];
        Assert.Equal(("exit-code", 3), (bad.Result, bad.ExitCode));
        Assert.True(bench.Cluster.Reports.First().Complete);
        Assert.Equal("Service state: Running", bench.Cluster.State.Vms["web1"].Observations["n1"].Checks["service_state"].Message);
    }

    [Fact]
    public async Task A_change_is_reported_without_the_clock_going_on()
    {
        await using var bench = await RunningAsync("microvm@web1.service");
        bench.Systemd.Stop("microvm@web1.service");
        await bench.UntilAsync(state => state.Vms["web1"].Observations["n1"].State == VmState.Stopped);
    }

    [Fact]
    public async Task A_vm_that_is_laid_out_but_does_not_run_is_a_candidate_without_a_verdict()
    {
        await using var bench = new AgentBench();
        bench.LayOut("spare");
        bench.Start();
        await bench.UntilAsync(state => state.Vms.ContainsKey("spare") && bench.Cluster.Reports.Any());
        var spare = bench.Cluster.State.Vms["spare"].Observations["n1"];
        Assert.Equal(VmState.Stopped, spare.State);
        Assert.Empty(spare.Checks);
    }

    [Fact]
    public async Task Helper_units_and_refused_names_are_not_reported_and_a_refused_name_is_shown()
    {
        await using var bench = await RunningAsync("microvm@web1.service", @"microvm@a\x2db.service");
        Assert.Equal(["web1"], bench.Cluster.State.Vms.Keys);
        Assert.Equal([@"microvm@a\x2db.service"], bench.Views.Current.Refused.Keys);

        // One that is started later is told of then, not at the next full list.
        bench.Systemd.Start(@"microvm@later\x2d1.service");
        await bench.UntilAsync(() => bench.Views.Current.Refused.ContainsKey(@"microvm@later\x2d1.service"));
    }

    [Fact]
    public async Task A_vm_that_is_gone_from_the_host_is_reported_as_gone()
    {
        await using var bench = new AgentBench();
        bench.LayOut("spare");
        bench.Systemd.Start("microvm@web1.service");
        bench.Start();
        await bench.UntilAsync(_ => bench.Cluster.Reports.Any());
        bench.TakeAway("spare");
        bench.Systemd.Say(new Reloaded());
        await bench.UntilAsync(state => state.Vms["spare"].Observations.GetValueOrDefault("n1") is not { Stale: false });
    }

    [Fact]
    public async Task What_changed_while_the_cluster_was_out_of_reach_is_reported_when_it_is_back()
    {
        await using var bench = await RunningAsync("microvm@web1.service");
        bench.Cluster.OutOfReach = true;
        bench.Systemd.Stop("microvm@web1.service");
        bench.Systemd.Start("microvm@web2.service");
        await bench.UntilAsync(() => bench.Views.Current.Vms.ContainsKey("web2"));
        bench.Systemd.Stop("microvm@web2.service");
        bench.Cluster.OutOfReach = false;
        await AdvanceUntilAsync(bench, () =>
            bench.Cluster.State.Vms["web1"].Observations["n1"].State == VmState.Stopped
            && bench.Cluster.State.Vms.GetValueOrDefault("web2")?.Observations["n1"].State == VmState.Stopped);
    }

    [Fact]
    public async Task A_report_whose_answer_was_lost_is_made_again_with_a_higher_number()
    {
        await using var bench = await RunningAsync("microvm@web1.service");
        bench.Cluster.AnswersLost = true;
        bench.Systemd.Stop("microvm@web1.service");
        await bench.UntilAsync(state => state.Vms["web1"].Observations["n1"].State == VmState.Stopped);
        bench.Cluster.AnswersLost = false;
        var before = bench.Cluster.Reports.Count();
        await AdvanceUntilAsync(bench, () => bench.Cluster.Reports.Count() > before);
        var numbers = bench.Cluster.Reports.Where(r => r.ObservationSeq != 0).Select(r => r.ObservationSeq).ToArray();
        Assert.Equal(numbers.Order().Distinct(), numbers);
    }

    [Fact]
    public async Task While_systemd_is_away_the_last_view_stays_and_nothing_is_confirmed()
    {
        await using var bench = await RunningAsync("microvm@web1.service");
        bench.Systemd.Unavailable = true;
        bench.Systemd.Say(new Disconnected("connection reset", TimeSpan.FromSeconds(1)));
        await bench.UntilAsync(() => bench.Views.Current.StaleSince is not null);
        var told = bench.Cluster.Applied.Count;
        bench.Time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(told, bench.Cluster.Applied.Count);
        Assert.Equal(["web1"], bench.Views.Current.Vms.Keys);
        var report = bench.Report();
        var miss = Assert.Single(report.Misses);
        Assert.Equal((true, "manager", "system bus"), (report.Degraded, miss.Kind, miss.Name));
        Assert.Equal((FakeTime.Start, "connection reset"), (miss.Since, miss.Reason));

        bench.Systemd.Deaf = true;
        bench.Systemd.Stop("microvm@web1.service");
        bench.Systemd.Unavailable = false;
        bench.Systemd.Say(new Reconnected());
        await AdvanceUntilAsync(
            bench, () => bench.Cluster.State.Vms["web1"].Observations["n1"].State == VmState.Stopped);
    }

    [Fact]
    public async Task A_signal_that_was_lost_is_found_by_the_full_list_and_counted_as_drift()
    {
        await using var bench = await RunningAsync("microvm@web1.service");
        bench.Systemd.Deaf = true;
        bench.Systemd.Stop("microvm@web1.service");
        await AdvanceUntilAsync(
            bench, () => bench.Cluster.State.Vms["web1"].Observations["n1"].State == VmState.Stopped);

        // Noted after it was reported.
        await bench.UntilAsync(() => bench.Journal.Refreshes.Sum(r => r.Differences) == 1);
    }

    [Fact]
    public async Task A_full_list_by_the_clock_asks_only_for_units_that_are_not_as_they_were()
    {
        await using var bench = await RunningAsync("microvm@web1.service", "microvm@web2.service", "microvm@web3.service");

        // The first list, and the signals of the starts.
        await bench.UntilAsync(() => bench.Systemd.Questions == 6 && bench.Journal.Refreshes.Count == 1);
        bench.Systemd.NamesMainProcess("microvm@web2.service", 4711);
        bench.Systemd.Deaf = true;
        bench.Systemd.Stop("microvm@web3.service");
        var before = bench.Views.Current.Vms["web1"];

        bench.Time.Advance(TimeSpan.FromMinutes(5));
        await bench.UntilAsync(() => bench.Journal.Refreshes.Count == 2);

        var vms = bench.Views.Current.Vms;
        Assert.Equal(8, bench.Systemd.Questions);
        Assert.True(vms["web1"].SaysTheSame(before));
        Assert.Equal(4711, vms["web2"].MainPid);
        Assert.Equal("dead", vms["web3"].SubState);

        // Only the state that no signal told of is drift.
        Assert.Equal(1, bench.Journal.Refreshes[^1].Differences);
    }

    [Fact]
    public async Task After_a_reload_every_unit_is_read_anew()
    {
        await using var bench = await RunningAsync("microvm@web1.service", "microvm@web2.service");
        await bench.UntilAsync(() => bench.Systemd.Questions == 4 && bench.Journal.Refreshes.Count == 1);

        bench.Systemd.Say(new Reloaded());
        await bench.UntilAsync(() => bench.Journal.Refreshes.Count == 2);

        Assert.Equal(6, bench.Systemd.Questions);
    }

    [Fact]
    public async Task Intervals_and_dead_bands_may_change_while_it_runs()
    {
        await using var bench = await RunningAsync("microvm@web1.service");
        bench.Sampler.MemoryBytes = 100 << 20;
        await AdvanceUntilAsync(bench, () => MemoryOf(bench) == 100 << 20);

        // No sample is on its way any more.
        await bench.UntilAsync(() => bench.Turned());
        bench.Settings.Set(bench.Settings.Value with
        {
            SampleInterval = TimeSpan.FromHours(1),
            FullListInterval = TimeSpan.FromHours(2),
            DeadBand = new(CpuPercent: 10, Bytes: 1 << 20),
        });
        bench.Sampler.MemoryBytes = 105 << 20;
        await AdvanceUntilAsync(bench, () => bench.Cluster.Reports.Any(r => r.UnchangedSince != 0));
        Assert.Equal(100UL << 20, MemoryOf(bench));

        bench.Settings.Set(bench.Settings.Value with { SampleInterval = TimeSpan.FromSeconds(1) });
        await AdvanceUntilAsync(bench, () => MemoryOf(bench) == 105 << 20);
    }

    [Fact]
    public async Task The_loop_turns_only_if_it_has_handled_the_last_question()
    {
        await using var bench = new AgentBench();
        Assert.True(bench.Turned());

        // Nobody handles it.
        Assert.False(bench.Turned());
        bench.Start();
        await bench.UntilAsync(() => bench.Turned());
    }

    [Fact]
    public async Task A_resource_figure_within_its_dead_band_makes_no_entry()
    {
        await using var bench = await RunningAsync("microvm@web1.service");
        bench.Sampler.MemoryBytes = 100 << 20;
        await AdvanceUntilAsync(bench, () => MemoryOf(bench) == 100 << 20);
        var told = bench.Cluster.Reports.Count(r => r.Vms.Count > 0);

        bench.Sampler.MemoryBytes = 110 << 20;
        await AdvanceUntilAsync(bench, () => bench.Cluster.Reports.Any(r => r.UnchangedSince != 0));
        Assert.Equal(told, bench.Cluster.Reports.Count(r => r.Vms.Count > 0));

        bench.Sampler.MemoryBytes = 200 << 20;
        await AdvanceUntilAsync(bench, () => MemoryOf(bench) == 200 << 20);
    }

    [Fact]
    public async Task A_vm_that_runs_on_another_node_is_told_once_and_does_not_stop_the_others()
    {
        var cluster = new FakeCluster("n1", "n2");
        cluster.Apply(
            new()
            {
                RegisterVm = new()
                {
                    Vm = "web1",
                    Uuid = Guid.NewGuid().ToString(),
                    Node = "n2",
                    Unit = "microvm@web1.service",
                    State = VmState.Running,
                },
            },
            "n2");
        await using var bench = new AgentBench(cluster);
        bench.Systemd.Start("microvm@web1.service");
        bench.Systemd.Start("microvm@web2.service");
        bench.Start();
        await bench.UntilAsync(state => state.Vms.GetValueOrDefault("web2")?.State == VmState.Running);
        Assert.True(cluster.State.Vms["web1"].DuplicateRunning);
        Assert.Equal(["n2"], cluster.State.Vms["web1"].RunningOn);

        var tries = cluster.Applied.Count(c => c.RegisterVm?.Vm == "web1" && c.Actor == "n1");
        bench.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(tries, cluster.Applied.Count(c => c.RegisterVm?.Vm == "web1" && c.Actor == "n1"));

        // The other one stops it: what runs here is the VM now, at once and not with the next full list.
        var stopped = new UpdateState { Node = "n2", BootId = "boot-of-n2", ObservationSeq = 1 };
        stopped.Vms.Add(new VmObservation { Vm = "web1", Unit = "microvm@web1.service", State = VmState.Stopped });
        Assert.IsType<Applied>(cluster.Apply(new() { UpdateState = stopped }, "n2"));
        await bench.UntilAsync(state => state.Vms["web1"] is { State: VmState.Running, RunningOn: ["n1"] });
        Assert.False(cluster.State.Vms["web1"].DuplicateRunning);
    }

    [Fact]
    public async Task A_node_that_is_taken_back_speaks_at_once()
    {
        await using var bench = await RunningAsync("microvm@web1.service");
        SetStatus(bench, NodeStatus.Lost);
        Assert.Equal(VmState.Unknown, bench.Cluster.State.Vms["web1"].State);
        SetStatus(bench, NodeStatus.Active);
        await bench.UntilAsync(state => state.Vms["web1"].State == VmState.Running);
    }

    [Fact]
    public async Task A_storm_of_starts_is_reported_completely()
    {
        await using var bench = await RunningAsync("microvm@web1.service");
        var units = Enumerable.Range(0, 300).Select(i => $"microvm@storm{i}.service").ToArray();
        foreach (var unit in units)
        {
            bench.Systemd.Start(unit);
            bench.Systemd.Stop(unit);
            bench.Systemd.Start(unit);
        }

        await bench.UntilAsync(state => state.Vms.Values.Count(vm => vm.State == VmState.Running) == 301);
    }

    [Fact]
    public async Task A_unit_that_flaps_does_not_flood_the_log_and_its_last_state_is_told()
    {
        await using var bench = await RunningAsync("microvm@web1.service", "microvm@web2.service");
        var before = Told(bench, "web1");
        for (var i = 0; i < 100; i++)
        {
            var monotonic = bench.Views.Current.Vms["web1"].Monotonic;
            if (i % 2 == 0)
            {
                bench.Systemd.Fail("microvm@web1.service", exitStatus: i % 50);
            }
            else
            {
                bench.Systemd.Start("microvm@web1.service");
            }

            await bench.UntilAsync(() => bench.Views.Current.Vms["web1"].Monotonic > monotonic);
            bench.Time.Advance(TimeSpan.FromMilliseconds(100));
        }

        // In ten seconds at most: the burst of ten, one a second after it, and one that the clock lets through at either
        // end. How many of the first changes come together depends on who runs first.
        bench.Systemd.Fail("microvm@web1.service", exitStatus: 77);
        await AdvanceUntilAsync(
            bench, () => bench.Cluster.State.Vms["web1"].Observations["n1"] is { State: VmState.Failed, ExitCode: 77 });
        Assert.InRange(Told(bench, "web1") - before, 1, 22);

        // Another one is not kept waiting by that.
        bench.Systemd.Stop("microvm@web2.service");
        await bench.UntilAsync(state => state.Vms["web2"].Observations["n1"].State == VmState.Stopped);
    }

    private static int Told(AgentBench bench, string vm) =>
        bench.Cluster.Reports.Count(report => report.Vms.Any(seen => seen.Vm == vm));

    private static ulong? MemoryOf(AgentBench bench) =>
        bench.Cluster.State.Vms["web1"].Observations["n1"].Resources?.MemoryBytes;

    private static void SetStatus(AgentBench bench, NodeStatus status) => bench.Cluster.Apply(
        new() { DecidedTerm = 1, UpdateNode = new() { Node = "n1", Status = status, Reason = "test" } }, "n1");

    private static async Task<AgentBench> RunningAsync(params IReadOnlyList<string> units)
    {
        var bench = new AgentBench();
        foreach (var unit in units)
        {
            bench.Systemd.Start(unit);
        }

        bench.Start();
        await bench.UntilAsync(_ => bench.Cluster.Reports.Any(r => r.Complete));
        return bench;
    }

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
