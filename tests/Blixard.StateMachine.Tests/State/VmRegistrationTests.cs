using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.StateMachine.Tests.State;

public sealed class VmRegistrationTests
{
    private readonly Replica _replica = Replica.With("n1", "n2");

    [Fact]
    public void A_registered_vm_starts_unknown_with_what_it_was_registered_with()
    {
        var outcome = _replica.Do(Make.RegisterVM("web", "n1").At(Replica.Start + 5));

        var vm = _replica.Vm("web");
        Assert.Equal(VmState.Unknown, vm.State);
        Assert.Equal(Make.Uuid(), vm.Uuid);
        Assert.Equal(Replica.Start + 5, vm.CreatedAt);
        Assert.Equal("microvm@web.service", vm.Observations["n1"].Unit);
        Assert.False(vm.Observations["n1"].UserService);
        Assert.Equal("n1", vm.Location);
        var change = Assert.Single(outcome.Changes);
        Assert.Equal((ChangeKind.Create, EntityKind.Vm, "web", "registered by n1"),
            (change.Kind, change.Entity, change.Name, change.Reason));
        Assert.All(change.Fields, field => Assert.Equal(FieldAction.Added, field.Action));
    }

    [Fact]
    public void Registering_again_changes_nothing_not_even_the_state_seen_since()
    {
        _replica.Do(Make.RegisterVM("web", "n1", VmState.Stopped));
        _replica.Do(Make.Report("n1", 1, Make.Seen("web")));

        var again = _replica.Do(Make.RegisterVM("web", "n1", VmState.Stopped, uuid: 2));

        Assert.Empty(again.Changes);
        Assert.Equal(VmState.Running, _replica.Vm("web").State);
        Assert.Equal(Make.Uuid(), _replica.Vm("web").Uuid);
    }

    [Fact]
    public void A_second_node_where_it_does_not_run_becomes_a_candidate()
    {
        _replica.Do(Make.RegisterVM("web", "n1", VmState.Running));
        _replica.Do(Make.RegisterVM("web", "n2", VmState.Stopped, uuid: 2));

        var vm = _replica.Vm("web");
        Assert.Equal(["n1", "n2"], vm.Observations.Keys);
        Assert.Equal(["n1"], vm.RunningOn);
        Assert.Equal(VmState.Running, vm.State);
        Assert.Equal(Make.Uuid(), vm.Uuid);
        Assert.False(vm.DuplicateRunning);
    }

    [Fact]
    public void A_second_node_that_runs_it_too_is_refused_and_an_alarm_is_raised()
    {
        _replica.Do(Make.RegisterVM("web", "n1", VmState.Running));
        var first = _replica.Vm("web");

        var outcome = _replica.Apply(Make.RegisterVM("web", "n2", VmState.Running));

        Assert.Equal(
            new Rejected(
                RejectionReason.RunningElsewhere,
                "VM web runs on n1: n2, which runs it too, is not taken as a candidate"),
            outcome.Result);
        var vm = _replica.Vm("web");
        Assert.True(vm.DuplicateRunning);
        Assert.Same(first.Observations, vm.Observations);
        var change = Assert.Single(outcome.Changes);
        Assert.Equal("n2 says it runs web, and so does n1", change.Reason);
        Assert.Contains(
            new FieldChange("duplicate_running", FieldAction.Changed, FieldValue.Of(false), FieldValue.Of(true)),
            change.Fields);
    }

    [Fact]
    public void A_repeated_claim_is_told_once()
    {
        _replica.Do(Make.RegisterVM("web", "n1", VmState.Running));
        _replica.Apply(Make.RegisterVM("web", "n2", VmState.Running));

        var again = _replica.Apply(Make.RegisterVM("web", "n2", VmState.Running).At(Replica.Start + 1000));

        Assert.IsType<Rejected>(again.Result);
        Assert.Empty(again.Changes);
    }

    [Fact]
    public void The_alarm_ends_when_the_second_node_registers_it_as_stopped()
    {
        _replica.Do(Make.RegisterVM("web", "n1", VmState.Running));
        _replica.Apply(Make.RegisterVM("web", "n2", VmState.Running));

        _replica.Do(Make.RegisterVM("web", "n2", VmState.Stopped));

        Assert.False(_replica.Vm("web").DuplicateRunning);
        Assert.Equal(["n1", "n2"], _replica.Vm("web").Observations.Keys);
    }

    [Fact]
    public void The_alarm_ends_when_the_second_node_has_it_no_more()
    {
        _replica.Do(Make.RegisterVM("web", "n1", VmState.Running));
        _replica.Apply(Make.RegisterVM("web", "n2", VmState.Running));

        _replica.Do(Make.CompleteReport("n2", 1));

        Assert.False(_replica.Vm("web").DuplicateRunning);
    }

    [Fact]
    public void The_alarm_ends_with_the_first_runner_and_the_second_is_taken()
    {
        _replica.Do(Make.RegisterVM("web", "n1", VmState.Running));
        _replica.Apply(Make.RegisterVM("web", "n2", VmState.Running));

        _replica.Do(Make.Report("n1", 1, Make.Seen("web", VmState.Stopped)));
        Assert.False(_replica.Vm("web").DuplicateRunning);

        _replica.Do(Make.RegisterVM("web", "n2", VmState.Running));
        Assert.Equal(["n2"], _replica.Vm("web").RunningOn);
        Assert.False(_replica.Vm("web").DuplicateRunning);
    }

    [Fact]
    public void A_vm_that_ran_on_a_lost_node_may_register_elsewhere()
    {
        _replica.Do(Make.RegisterVM("web", "n1", VmState.Running));
        _replica.Do(Make.Lost("n1"));

        _replica.Do(Make.RegisterVM("web", "n2", VmState.Running));

        Assert.Equal(["n2"], _replica.Vm("web").RunningOn);
        Assert.Equal(VmState.Running, _replica.Vm("web").State);
    }

    [Fact]
    public void What_a_lost_node_registers_stays_in_doubt()
    {
        _replica.Do(Make.Lost("n2"));
        _replica.Do(Make.RegisterVM("web", "n2", VmState.Running));

        Assert.Equal("Unknown (node lost)", _replica.Vm("web").StateText);
    }

    [Fact]
    public void Anyone_may_define_a_vm_on_a_node_but_only_the_node_says_what_runs()
    {
        _replica.Do(Make.RegisterVM("web", "n2").By("n1"));
        Assert.Equal(["n2"], _replica.Vm("web").Observations.Keys);

        _replica.Refuses(
            Make.RegisterVM("db", "n2", VmState.Running).By("n1"),
            RejectionReason.NotYours,
            "n1 can't report for n2: a node reports only what is its own");
    }

    [Fact]
    public void A_vm_of_a_node_nobody_knows_is_refused() =>
        _replica.Refuses(Make.RegisterVM("web", "n9"), RejectionReason.NodeNotFound, "node n9 not found");

    [Fact]
    public void Removing_forgets_it_everywhere()
    {
        _replica.Do(Make.RegisterVM("web", "n1"));
        _replica.Do(Make.RegisterVM("web", "n2"));

        var outcome = _replica.Do(Command.Of(new RemoveVM { Vm = "web", Reason = "moved away" }).By("n2"));

        Assert.Empty(_replica.State.Vms);
        var change = Assert.Single(outcome.Changes);
        Assert.Equal((ChangeKind.Delete, "removed by n2: moved away"), (change.Kind, change.Reason));
        Assert.All(change.Fields, field => Assert.Equal(FieldAction.Removed, field.Action));
    }

    [Fact]
    public void Removing_what_is_not_there_is_done_too()
    {
        var outcome = _replica.Do(Make.RemoveVM("web"));

        Assert.Empty(outcome.Changes);
    }
}
