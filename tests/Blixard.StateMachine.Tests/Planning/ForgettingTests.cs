using Blixard.StateMachine.Commands;
using Blixard.StateMachine.Planning;
using Blixard.StateMachine.State;

namespace Blixard.StateMachine.Tests.Planning;

public sealed class ForgettingTests
{
    private static readonly TimeSpan Day = TimeSpan.FromHours(24);

    private readonly Replica _replica = new();

    public ForgettingTests()
    {
        foreach (var node in new[] { "n1", "n2" })
        {
            var registration = Make.RegisterNode(node);
            registration.RegisterNode.ClusterVersion = CommandVersions.Newest;
            _replica.Do(registration);
        }

        _replica.Do(Make.Raise(CommandVersions.Newest));
        _replica.Do(Make.RegisterVM("web", "n1"));
        _replica.Do(Make.RegisterVM("web", "n2"));
        _replica.Do(Make.RegisterVM("db", "n1"));
        _replica.Do(Make.CompleteReport("n1", 1, Make.Seen("web"), Make.Seen("db")));
        _replica.Do(Make.CompleteReport("n2", 1, Make.Seen("web", VmState.Stopped)));
    }

    private long Gone => _replica.State.Vms["db"].Observations["n1"].LastReported;

    [Fact]
    public void Only_what_its_own_node_has_no_more_is_forgotten_and_only_after_the_time()
    {
        Assert.Empty(Forgetting.Plan(_replica.State, long.MaxValue / 2, Day));
        _replica.Do(Make.CompleteReport("n1", 2, Make.Seen("web")));
        Assert.Empty(Forgetting.Plan(_replica.State, Gone + 86_400_000, Day));
        Assert.Empty(Forgetting.Plan(_replica.State, Gone + 86_400_001, TimeSpan.Zero));

        var forget = Assert.Single(Forgetting.Plan(_replica.State, Gone + 86_400_001, Day));

        Assert.Equal(("db", "n1", "not on n1 for more than 24 h"), (forget.Vm, forget.Node, forget.Reason));
    }

    [Fact]
    public void A_vm_that_no_node_has_goes_with_its_last_record_and_another_loses_only_that_one()
    {
        _replica.Do(Make.CompleteReport("n1", 2));
        foreach (var forget in Forgetting.Plan(_replica.State, long.MaxValue / 2, Day))
        {
            _replica.Do(Command.Of(forget).By("n1").Term(1));
        }

        Assert.Equal(["web"], _replica.State.Vms.Keys);
        Assert.Equal(["n2"], _replica.State.Vms["web"].Observations.Keys);
    }

    [Fact]
    public void One_that_came_back_before_it_was_forgotten_stays()
    {
        _replica.Do(Make.CompleteReport("n1", 2, Make.Seen("web")));
        var forget = Assert.Single(Forgetting.Plan(_replica.State, long.MaxValue / 2, Day));
        _replica.Do(Make.CompleteReport("n1", 3, Make.Seen("web"), Make.Seen("db")));

        _replica.Do(Command.Of(forget).By("n1").Term(1));

        Assert.Equal(Staleness.Fresh, _replica.State.Vms["db"].Observations["n1"].Staleness);
    }

    [Fact]
    public void What_somebody_noted_with_a_vm_is_not_forgotten_with_its_last_record()
    {
        _replica.Do(Make.CompleteReport("n1", 2, Make.Seen("web")));
        var early = Assert.Single(Forgetting.Plan(_replica.State, long.MaxValue / 2, Day));
        _replica.Do(Make.Annotate("db", "owner", "me"));

        Assert.Empty(Forgetting.Plan(_replica.State, long.MaxValue / 2, Day));
        _replica.Do(Command.Of(early).By("n1").Term(1));
        Assert.Contains("n1", _replica.State.Vms["db"].Observations.Keys);

        // One record of two is no loss.
        _replica.Do(Make.Annotate("web", "owner", "me"));
        _replica.Do(Make.CompleteReport("n1", 3));
        var second = Assert.Single(Forgetting.Plan(_replica.State, long.MaxValue / 2, Day));
        _replica.Do(Command.Of(second).By("n1").Term(1));
        Assert.Equal(["n2"], _replica.State.Vms["web"].Observations.Keys);
    }

    [Fact]
    public void A_vm_with_a_health_policy_is_not_forgotten_with_its_last_record()
    {
        _replica.Do(Make.CompleteReport("n1", 2, Make.Seen("web")));
        _replica.Do(Command.Of(new SetHealthPolicy { Vm = "db", Policy = new HealthPolicy() }).By("n1"));
        Assert.Empty(Forgetting.Plan(_replica.State, long.MaxValue / 2, Day));
    }

    [Fact]
    public void A_claim_to_run_it_is_not_forgotten_with_it()
    {
        Assert.IsType<Rejected>(_replica.Apply(Make.RegisterVM("db", "n2", VmState.Running)).Result);
        Assert.True(_replica.State.Vms["db"].DuplicateRunning);
        _replica.Do(Make.CompleteReport("n1", 2, Make.Seen("web")));

        Assert.Empty(Forgetting.Plan(_replica.State, long.MaxValue / 2, Day));
    }

    [Fact]
    public void A_lost_node_has_not_said_that_it_has_it_no_more()
    {
        _replica.Do(Make.Lost("n1"));
        Assert.Empty(Forgetting.Plan(_replica.State, long.MaxValue / 2, Day));
    }
}
