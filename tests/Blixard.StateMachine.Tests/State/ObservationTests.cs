using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.StateMachine.Tests.State;

public sealed class ObservationTests
{
    private readonly Replica _replica = Replica.With("n1", "n2");

    public ObservationTests()
    {
        _replica.Do(Make.RegisterVM("web", "n1"));
        _replica.Do(Make.RegisterVM("db", "n1"));
    }

    [Fact]
    public void A_report_is_kept_whole()
    {
        var seen = Make.Seen("web", VmState.Failed);
        seen.SubState = "failed";
        seen.SinceUnixMs = Replica.Start - 10;
        seen.Result = "exit-code";
        seen.ExitCode = -9;
        seen.Restarts = 3;
        seen.MainPid = 0;
        seen.Probe = "tcp://10.0.0.5:22";
        seen.Resources = new ResourceUsage
        {
            SampledAtUnixMs = Replica.Start,
            MemoryBytes = 0,
            CpuMillipercent = 12_300,
        };
        seen.Checks.Add(new CheckResult { Name = "service_state", Message = "Service state: Failed" });

        _replica.Do(Make.Report("n1", 1, seen).At(Replica.Start + 7));

        var kept = _replica.Seen("web", "n1");
        Assert.Equal(VmState.Failed, kept.State);
        Assert.Equal("failed", kept.SubState);
        Assert.Equal(Replica.Start - 10, kept.Since);
        Assert.Equal("exit-code", kept.Result);
        Assert.Equal(-9, kept.ExitCode);
        Assert.Equal(3u, kept.Restarts);
        Assert.Equal(0u, kept.MainPid);
        Assert.Equal("tcp://10.0.0.5:22", kept.Probe);
        Assert.Equal(0UL, kept.Resources!.MemoryBytes);
        Assert.Equal(12_300UL, kept.Resources.CpuMillipercent);
        Assert.Null(kept.Resources.DiskReadBytes);
        Assert.Equal(new Check("service_state", false, "Service state: Failed"), kept.Checks["service_state"]);
        Assert.Equal(Replica.Start + 7, kept.LastUpdate);
    }

    [Fact]
    public void What_was_done_for_a_vm_is_kept_until_its_host_says_that_it_is_over()
    {
        var seen = Make.Seen("web");
        seen.Recovery = new() { Attempts = 2, LastUnixMs = 3, Reason = "Critical", NextUnixMs = 4, Exhausted = true };
        _replica.Do(Make.Report("n1", 1, seen));
        var record = new RecoveryRecord(2, 3, "Critical", 4, Exhausted: true);
        Assert.Equal(record, _replica.Seen("web", "n1").Recovery);

        // A daemon that has just begun knows nothing of it.
        _replica.Do(Make.Report("n1", 2, Make.Seen("web", VmState.Failed)));
        Assert.Equal(record, _replica.Seen("web", "n1").Recovery);

        seen.Recovery = new();
        _replica.Do(Make.Report("n1", 3, seen));
        Assert.Null(_replica.Seen("web", "n1").Recovery);
    }

    [Fact]
    public void What_a_vm_is_made_of_is_kept_whole_and_told_by_its_fields()
    {
        _replica.Do(Make.Report("n1", 1, Make.Seen("web")));
        var seen = Make.Seen("web");
        seen.Facts = new VmFacts
        {
            Hypervisor = "qemu",
            Vcpus = 2,
            Taps = { "vm-web" },
            RunningRunner = "/nix/store/1-web",
            CurrentRunner = "/nix/store/1-web",
            MemoryLimitSource = MemoryLimitSource.Qmp,
        };
        _replica.Do(Make.Report("n1", 2, seen));

        var kept = _replica.Seen("web", "n1").Facts!;
        Assert.Equal(("qemu", 2u, null), (kept.Hypervisor, kept.Vcpus, kept.VsockCid));
        Assert.Equal(["vm-web"], kept.Taps);
        Assert.False(kept.RestartPending);

        var updated = seen.Clone();
        updated.Facts.CurrentRunner = "/nix/store/2-web";
        var change = Assert.Single(_replica.Do(Make.Report("n1", 3, updated)).Changes);
        Assert.Equal(
            [
                Changed("observations[n1].facts.current_runner", "/nix/store/1-web", "/nix/store/2-web"),
                new FieldChange(
                    "observations[n1].facts.restart_pending",
                    FieldAction.Changed,
                    FieldValue.Of(false),
                    FieldValue.Of(true)),
            ],
            change.Fields);
    }

    [Fact]
    public void A_vm_whose_manager_the_node_cannot_reach_is_unknown_alone_until_it_is_seen_again()
    {
        _replica.Do(Make.Report("n1", 1, Make.Seen("web"), Make.Seen("db")));
        var unseen = Make.Seen("web");
        unseen.Unseen = true;

        _replica.Do(Make.Report("n1", 2, unseen));
        Assert.Equal("Unknown (manager out of reach)", _replica.Vm("web").StateText);
        Assert.Equal(VmState.Running, _replica.Vm("db").State);

        // Neither the loss of its node nor the node's return says anything of it.
        _replica.Do(Make.Lost("n1"));
        _replica.Do(Make.Active("n1"));
        _replica.Do(Make.KeepAlive("n1", 2));
        Assert.Equal(Staleness.Unseen, _replica.Seen("web", "n1").Staleness);
        Assert.Equal(VmState.Running, _replica.Vm("db").State);

        _replica.Do(Make.Report("n1", 3, Make.Seen("web")));
        Assert.Equal(VmState.Running, _replica.Vm("web").State);
    }

    [Fact]
    public void A_reboot_overrules_that_a_vm_could_not_be_seen()
    {
        var unseen = Make.Seen("web");
        unseen.Unseen = true;
        _replica.Do(Make.Report("n1", 1, unseen));

        _replica.Do(Make.Report("n1", 1, "boot-2", complete: false, Make.Seen("db")));

        Assert.Equal(Staleness.Rebooted, _replica.Seen("web", "n1").Staleness);
    }

    [Fact]
    public void A_change_of_state_is_told_by_its_fields()
    {
        _replica.Do(Make.Report("n1", 1, Make.Seen("web", VmState.Starting)));

        var change = Assert.Single(_replica.Do(Make.Report("n1", 2, Make.Seen("web"))).Changes);

        Assert.Equal("reported by n1", change.Reason);
        Assert.Equal(ChangeKind.Modify, change.Kind);
        Assert.Equal(
            [
                Changed("observations[n1].state", "Starting", "Running"),
                new FieldChange("running_on[n1]", FieldAction.Added, null, FieldValue.Of(true)),
                Changed("state", "Starting", "Running"),
            ],
            change.Fields);
    }

    [Fact]
    public void An_unknown_vm_is_refused_alone()
    {
        var outcome = _replica.Apply(
            Make.Report("n1", 1, Make.Seen("x"), Make.Seen("web"), Make.Seen("db", VmState.Stopped)));

        var refused = Assert.Single(Assert.IsType<Applied>(outcome.Result).Refused);
        Assert.Equal(new ItemRefusal("x", RejectionReason.VmNotFound, "VM x not found"), refused);
        Assert.Equal(VmState.Running, _replica.Vm("web").State);
        Assert.Equal(VmState.Stopped, _replica.Vm("db").State);
    }

    [Fact]
    public void A_vm_that_the_node_never_registered_is_refused_alone()
    {
        var outcome = _replica.Apply(Make.Report("n2", 1, Make.Seen("web")));

        Assert.Equal(
            new ItemRefusal("web", RejectionReason.NotDefinedHere, "VM web is not registered on n2"),
            Assert.Single(Assert.IsType<Applied>(outcome.Result).Refused));
        Assert.Equal(["n1"], _replica.Vm("web").Observations.Keys);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    public void An_observation_that_is_not_newer_is_dropped(ulong sequence)
    {
        _replica.Do(Make.Report("n1", 5, Make.Seen("web")));

        _replica.Refuses(
            Make.Report("n1", sequence, Make.Seen("web", VmState.Stopped)),
            RejectionReason.StaleObservation,
            $"observation {sequence} of node n1 is not newer than 5");
    }

    [Fact]
    public void Another_boot_counts_anew_and_leaves_in_doubt_what_it_does_not_name()
    {
        _replica.Do(Make.Report("n1", 50, Make.Seen("web"), Make.Seen("db")));

        _replica.Do(Make.Report("n1", 1, "boot-2", complete: false, Make.Seen("web", VmState.Starting)));

        Assert.Equal(1UL, _replica.Node("n1").ObservationSequence);
        Assert.Equal("boot-2", _replica.Node("n1").BootId);
        Assert.Equal(VmState.Starting, _replica.Vm("web").State);
        Assert.Equal("Unknown (node rebooted)", _replica.Vm("db").StateText);
    }

    [Fact]
    public void A_report_of_the_boot_before_comes_too_late()
    {
        _replica.Do(Make.Report("n1", 50, Make.Seen("web")));
        _replica.Do(Make.RegisterNode("n1", "boot-2"));

        _replica.Refuses(
            Make.Report("n1", 51, Make.Seen("web", VmState.Stopped)),
            RejectionReason.StaleObservation,
            "node n1 has booted since this was observed");
        Assert.Equal("Unknown (node rebooted)", _replica.Vm("web").StateText);
    }

    [Fact]
    public void A_node_can_not_report_for_another() => _replica.Refuses(
        Make.Report("n1", 1, Make.Seen("web")).By("n2"),
        RejectionReason.NotYours,
        "n2 can't report for n1: a node reports only what is its own");

    [Fact]
    public void A_node_that_is_not_registered_can_not_report() =>
        _replica.Refuses(Make.Report("n9", 1), RejectionReason.NodeNotFound, "node n9 not found");

    [Fact]
    public void A_complete_report_marks_what_is_gone()
    {
        _replica.Do(Make.Report("n1", 1, Make.Seen("web"), Make.Seen("db")));

        var outcome = _replica.Do(Make.CompleteReport("n1", 2, Make.Seen("web")));

        Assert.Equal("Unknown (unit is gone)", _replica.Vm("db").StateText);
        Assert.Equal(VmState.Running, _replica.Seen("db", "n1").State);
        Assert.Equal("no longer on n1", Assert.Single(outcome.Changes).Reason);

        _replica.Do(Make.Report("n1", 3, Make.Seen("db", VmState.Stopped)));
        Assert.Equal("Stopped", _replica.Vm("db").StateText);
    }

    [Fact]
    public void The_same_report_again_is_seen_but_is_no_event()
    {
        _replica.Do(Make.Report("n1", 1, Make.Seen("web")).At(Replica.Start + 100));

        var again = _replica.Do(Make.Report("n1", 2, Make.Seen("web")).At(Replica.Start + 200));

        Assert.Empty(again.Changes);
        var seen = _replica.Seen("web", "n1");
        Assert.Equal(Replica.Start + 100, seen.LastUpdate);
        Assert.Equal(Replica.Start + 200, _replica.State.LastSeen(seen));
    }

    [Fact]
    public void A_keep_alive_moves_last_seen_of_all_and_is_no_event()
    {
        _replica.Do(Make.Report("n1", 1, Make.Seen("web"), Make.Seen("db")).At(Replica.Start + 100));
        var vms = _replica.State.Vms;

        var outcome = _replica.Do(Make.KeepAlive("n1", 1).At(Replica.Start + 30_000));

        Assert.Empty(outcome.Changes);
        Assert.Equal(vms, _replica.State.Vms);
        Assert.Equal(Replica.Start + 30_000, _replica.State.LastSeen(_replica.Seen("web", "n1")));
        Assert.Equal(Replica.Start + 100, _replica.Seen("web", "n1").LastUpdate);
    }

    [Theory]
    [InlineData(3UL, Make.Boot)]
    [InlineData(1UL, Make.Boot)]
    [InlineData(2UL, "boot-2")]
    public void A_keep_alive_after_a_report_that_never_came_asks_for_a_complete_one(ulong since, string boot)
    {
        _replica.Do(Make.Report("n1", 2, Make.Seen("web")));

        _replica.Refuses(
            Make.KeepAlive("n1", since, boot),
            RejectionReason.ObservationGap,
            $"node n1 is known up to observation 2, not {since} of this boot: a complete report is needed");
    }

    [Fact]
    public void Two_nodes_that_report_it_running_raise_the_alarm_and_both_are_kept()
    {
        _replica.Do(Make.RegisterVM("web", "n2"));
        _replica.Do(Make.Report("n1", 1, Make.Seen("web")));
        _replica.Do(Make.Report("n2", 1, Make.Seen("web")));

        Assert.Equal(["n1", "n2"], _replica.Vm("web").RunningOn);
        Assert.True(_replica.Vm("web").DuplicateRunning);

        _replica.Do(Make.Report("n2", 2, Make.Seen("web", VmState.Stopped)));
        Assert.False(_replica.Vm("web").DuplicateRunning);
        Assert.Equal(VmState.Running, _replica.Vm("web").State);
    }

    [Fact]
    public void What_is_defined_on_a_node_is_listed_by_name()
    {
        _replica.Do(Make.RegisterVM("api", "n2"));
        _replica.Do(Make.RegisterVM("web", "n2"));

        Assert.Equal(["db", "web"], _replica.State.DefinedOn("n1").Select(vm => vm.Name));
        Assert.Equal(["api", "web"], _replica.State.DefinedOn("n2").Select(vm => vm.Name));
        Assert.Empty(_replica.State.DefinedOn("n9"));
    }

    private static FieldChange Changed(string path, string old, string now) =>
        new(path, FieldAction.Changed, FieldValue.Of(old), FieldValue.Of(now));
}
