using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.StateMachine.Tests.State;

public sealed class HealthTests
{
    private readonly Replica _replica = Replica.With("n1", "n2");

    public HealthTests()
    {
        _replica.Do(Make.RegisterVM("web", "n1", VmState.Running));
        _replica.Do(Make.Assign(("web", "n2")));
    }

    [Fact]
    public void Nobody_knows_the_health_of_a_vm_that_nobody_checked() => Assert.Null(_replica.Vm("web").Healthy);

    [Fact]
    public void The_monitors_checks_are_kept_by_their_source()
    {
        var outcome = _replica.Do(
            Make.Judge("web", "n2", true, Make.Check("network", true), Make.Check("freshness", true)));

        var health = _replica.Vm("web").Health["monitor"];
        Assert.Equal(["freshness", "network"], health.Checks.Keys);
        Assert.Equal(("n2", (bool?)true), (health.Node, health.Healthy));
        Assert.True(_replica.Vm("web").Healthy);
        Assert.Contains(
            new FieldChange("health[monitor].checks[network].passed", FieldAction.Added, null, FieldValue.Of(true)),
            Assert.Single(outcome.Changes).Fields);
    }

    [Theory]
    [InlineData(true, true, true, true)]
    [InlineData(false, true, true, false)]
    [InlineData(true, false, true, false)]
    [InlineData(true, true, false, false)]
    public void A_vm_is_healthy_if_everybody_says_so(bool host, bool monitor, bool verdict, bool healthy)
    {
        var seen = Make.Seen("web");
        seen.Checks.Add(Make.Check("service_state", host));
        _replica.Do(Make.Report("n1", 1, seen));
        _replica.Do(Make.Judge("web", "n2", verdict, Make.Check("network", monitor)));

        Assert.Equal(healthy, _replica.Vm("web").Healthy);
    }

    [Fact]
    public void An_empty_set_removes_the_source()
    {
        _replica.Do(Make.Judge("web", "n2", false, Make.Check("network", false)));

        _replica.Do(Make.Judge("web", "n2", healthy: null));

        Assert.Empty(_replica.Vm("web").Health);
        Assert.Null(_replica.Vm("web").Healthy);
    }

    [Fact]
    public void The_same_verdict_again_is_no_event()
    {
        _replica.Do(Make.Judge("web", "n2", true, Make.Check("network", true)));

        var again = _replica.Do(Make.Judge("web", "n2", true, Make.Check("network", true)).At(Replica.Start + 1000));

        Assert.Empty(again.Changes);
        Assert.Equal(Replica.Start + 1000, _replica.Vm("web").Health["monitor"].LastUpdate);
    }

    [Fact]
    public void Only_the_assigned_monitor_judges() => _replica.Refuses(
        Make.Judge("web", "n1", true), RejectionReason.NotMonitor, "VM web is monitored by n2, not by n1");

    [Fact]
    public void Nobody_judges_in_anothers_name() => _replica.Refuses(
        Make.Judge("web", "n2", true).By("n1"),
        RejectionReason.NotYours,
        "n1 can't report for n2: a node reports only what is its own");

    [Fact]
    public void An_unknown_vm_has_no_health() =>
        _replica.Refuses(Make.Judge("x", "n2", true), RejectionReason.VmNotFound, "VM x not found");

    [Fact]
    public void Should_monitor_is_a_look_up()
    {
        Assert.True(_replica.State.ShouldMonitor("web", "n2"));
        Assert.False(_replica.State.ShouldMonitor("web", "n1"));
        Assert.False(_replica.State.ShouldMonitor("x", "n2"));

        _replica.Do(Make.Assign(("web", "")));
        Assert.False(_replica.State.ShouldMonitor("web", "n2"));
        Assert.Null(_replica.Vm("web").Monitor);
    }

    [Fact]
    public void What_can_not_be_assigned_is_refused_alone()
    {
        _replica.Do(Make.RegisterVM("db", "n1"));
        _replica.Do(Make.RegisterVM("mail", "n1"));
        _replica.Do(Make.Lost("n2"));

        var outcome = _replica.Apply(Make.Assign(("x", "n1"), ("web", "n2"), ("db", "n9"), ("mail", "n1")));

        Assert.Equal(
            [
                new ItemRefusal("x", RejectionReason.VmNotFound, "VM x not found"),
                new ItemRefusal("web", RejectionReason.NodeInactive, "node n2 is Lost, not Active"),
                new ItemRefusal("db", RejectionReason.NodeNotFound, "node n9 not found"),
            ],
            Assert.IsType<Applied>(outcome.Result).Refused);
        Assert.True(_replica.State.ShouldMonitor("mail", "n1"));
        Assert.Equal("monitoring assigned by n1", Assert.Single(outcome.Changes).Reason);
    }
}
