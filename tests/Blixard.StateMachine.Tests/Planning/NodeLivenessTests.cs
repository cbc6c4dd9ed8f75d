using Blixard.StateMachine.Commands;
using Blixard.StateMachine.Planning;

namespace Blixard.StateMachine.Tests.Planning;

public sealed class NodeLivenessTests
{
    private readonly Replica _replica = Replica.With("n1", "n2");

    [Theory]
    [InlineData(0, false)]
    [InlineData(3000, false)]
    [InlineData(3001, true)]
    [InlineData(60_000, true)]
    public void A_node_is_lost_after_three_seconds_without_an_answer(int milliseconds, bool lost)
    {
        var plan = Plan("n2", milliseconds);

        Assert.Equal(lost, plan.Length == 1);
        if (lost)
        {
            Assert.Equal(("n2", NodeStatus.Lost, $"no answer for {milliseconds} ms"),
                (plan[0].Node, plan[0].Status, plan[0].Reason));
        }
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1000, true)]
    [InlineData(1001, false)]
    [InlineData(2999, false)]
    public void A_lost_node_returns_once_it_answers_steadily(int milliseconds, bool active)
    {
        _replica.Do(Make.Lost("n2"));

        var plan = Plan("n2", milliseconds);

        Assert.Equal(active, plan.Length == 1);
        if (active)
        {
            Assert.Equal(("n2", NodeStatus.Active, "answers again"), (plan[0].Node, plan[0].Status, plan[0].Reason));
        }
    }

    [Fact]
    public void What_is_decided_is_not_decided_again()
    {
        _replica.Do(Make.Decided(Command.Of(Assert.Single(Plan("n2", 5000)))));

        Assert.Empty(Plan("n2", 6000));
        _replica.Do(Make.Decided(Command.Of(Assert.Single(Plan("n2", 100)))));
        Assert.Empty(Plan("n2", 100));
    }

    [Fact]
    public void A_node_without_a_figure_and_a_figure_without_a_node_are_passed_over()
    {
        Assert.Empty(NodeLiveness.Plan(_replica.State, []));
        Assert.Empty(Plan("n9", 60_000));
    }

    [Fact]
    public void Every_decision_is_well_formed()
    {
        var command = Make.Decided(Command.Of(Assert.Single(Plan("n1", 4000))));

        Assert.Null(CommandValidator.Check(command));
    }

    private System.Collections.Immutable.ImmutableArray<UpdateNode> Plan(string node, int milliseconds) =>
        NodeLiveness.Plan(_replica.State, [new NodeContact(node, TimeSpan.FromMilliseconds(milliseconds))]);
}
