using Blixard.StateMachine.Commands;
using Blixard.StateMachine.Fencing;

namespace Blixard.StateMachine.Tests.Fencing;

public sealed class HostDutiesTests
{
    private readonly Replica _replica = Fleet.Of();

    [Fact]
    public void A_vm_runs_where_it_is_placed_and_is_kept_away_from_everywhere_else()
    {
        var generation = _replica.Promise("web", "n2", FailoverPolicy.Strict);
        _replica.Do(Make.RegisterVM("observed", "n2"));

        var duty = Assert.Single(HostDuties.Of(_replica.State, "n2"));
        Assert.Equal((DutyKind.Run, generation, true), (duty.Kind, duty.Generation, duty.IsStrict));
        Assert.False(duty.WantsGatedReport);
        Assert.Equal(_replica.Vm("web").Management!.Index, duty.ManageIndex);
        duty = Assert.Single(HostDuties.Of(_replica.State, "n3"));
        Assert.Equal((DutyKind.KeepAway, "it is placed on n2"), (duty.Kind, duty.Reason));
        Assert.Equal(["web"], HostDuties.ManagedNames(_replica.State));
    }

    [Fact]
    public void A_strict_vm_that_was_adopted_wants_to_be_reported_behind_the_gate_once_there_is_a_promise()
    {
        _replica.Define("web", "n2");
        _replica.Do(Make.Manage("web", "n2", FailoverPolicy.Strict));
        Assert.False(Kind("web", "n2").WantsGatedReport);
        Assert.True(Kind("web", "n2").IsStrict);

        _replica.GateAll("web");

        Assert.True(Kind("web", "n2").WantsGatedReport);
        Assert.False(Kind("web", "n3").WantsGatedReport);
    }

    [Theory]
    [InlineData(OperationKind.Stop, DutyKind.Stop)]
    [InlineData(OperationKind.Kill, DutyKind.Kill)]
    [InlineData(OperationKind.Restart, DutyKind.Restart)]
    [InlineData(OperationKind.Move, DutyKind.Stop)]
    [InlineData(OperationKind.Start, DutyKind.Run)]
    public void An_operation_is_a_duty_of_the_host_that_has_the_vm(OperationKind operation, DutyKind duty)
    {
        _replica.Promise("web", "n2", FailoverPolicy.Manual);
        var index = _replica.Do(Make.Begin("web", operation)).State.Index;

        Assert.Equal((duty, index), (Kind("web", "n2").Kind, Kind("web", "n2").Operation));
        Assert.Equal(DutyKind.KeepAway, Kind("web", "n3").Kind);
    }

    [Fact]
    public void A_generation_that_ended_never_runs_again()
    {
        var generation = _replica.Promise("web", "n2", FailoverPolicy.Manual);
        _replica.Do(Make.Begin("web", OperationKind.Move));
        _replica.Do(Make.Stopped("web", generation, "n2", 1));
        Assert.Equal(DutyKind.KeepAway, Kind("web", "n2").Kind);

        // Back where it was: of the new generation, that move is no duty any more.
        _replica.Do(Make.AssignTo("web", "n2", 1, generation));
        Assert.Equal(DutyKind.Run, Kind("web", "n2").Kind);
    }

    [Fact]
    public void A_stopped_vm_is_stopped_and_after_a_recovery_nothing_is_touched()
    {
        _replica.Promise("web", "n2", FailoverPolicy.Strict);
        _replica.Do(Make.Want("web", DesiredState.Stopped));
        Assert.Equal(DutyKind.Stop, Kind("web", "n2").Kind);

        _replica.Do(Make.Adopt(1));
        _replica.Do(Make.Adopt(2));
        Assert.All(Fleet.Nodes, node => Assert.Equal(DutyKind.Hold, Kind("web", node).Kind));
    }

    private Duty Kind(string vm, string node) => HostDuties.Of(_replica.State, node).Single(duty => duty.Vm == vm);
}
