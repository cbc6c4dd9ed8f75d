using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.StateMachine.Tests.Commands;

/// <summary>The compiler does not know that the oneof is closed: this does.</summary>
public sealed class EveryCommandTests
{
    public static TheoryData<Command.BodyOneofCase> Cases =>
        [.. Enum.GetValues<Command.BodyOneofCase>().Except([Command.BodyOneofCase.None])];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Every_case_of_the_oneof_can_be_applied(Command.BodyOneofCase body)
    {
        var replica = new Replica();
        replica.Do(Make.OpenSession());
        if (body != Command.BodyOneofCase.RegisterNode)
        {
            var node = Samples.Of(Command.BodyOneofCase.RegisterNode).In(1, 1).Term(1);
            node.RegisterNode.ClusterVersion = CommandVersions.Newest;
            replica.Do(node);
        }

        if (body is not (Command.BodyOneofCase.RegisterVm or Command.BodyOneofCase.RegisterNode))
        {
            replica.Do(Samples.Of(Command.BodyOneofCase.RegisterVm).In(1, 2).Term(1));
        }

        if (body is Command.BodyOneofCase.SettleMembershipChange or Command.BodyOneofCase.CancelMembershipChange)
        {
            // Of which it is the end: at index 4, after the session, the node and the VM.
            replica.Do(Samples.Of(Command.BodyOneofCase.ChangeMembership).In(1, 3).Term(1));
        }

        if (body == Command.BodyOneofCase.ForgetObservation)
        {
            // Only what the node says that it has no more.
            var empty = Samples.Of(Command.BodyOneofCase.UpdateState).In(1, 3).Term(1);
            empty.UpdateState.Vms.Clear();
            replica.Do(empty);
        }

        if (FencingSamples.IsOfThese(body))
        {
            foreach (var earlier in FencingSamples.Before(body))
            {
                replica.Do(earlier);
            }
        }

        var command = Samples.Of(body);
        Assert.Equal(body.ToString(), command.Kind, ignoreCase: true);
        Assert.Null(CommandValidator.Check(command));
        var before = replica.State.Hash;

        var outcome = replica.Apply(command, term: 3);

        Assert.Empty(Assert.IsType<Applied>(outcome.Result).Refused);
        Assert.NotEqual(before, outcome.State.Hash);
        Assert.Equal(!IsAboutTheCluster(body), outcome.Changes.Length > 0);
        Assert.Equal((command.ClientId, command.Sequence), (outcome.ClientId, outcome.Sequence));
    }

    /// <summary>What changes no node and no VM is no event.</summary>
    private static bool IsAboutTheCluster(Command.BodyOneofCase body) => body
        is Command.BodyOneofCase.OpenSession
        or Command.BodyOneofCase.SetClusterVersion
        or Command.BodyOneofCase.CancelMembershipChange
        or Command.BodyOneofCase.AdvanceTime
        or Command.BodyOneofCase.SetSettings
        or Command.BodyOneofCase.SetTerm
        or Command.BodyOneofCase.LowerMaxTerm
        or Command.BodyOneofCase.AdoptCluster;

    [Fact]
    public void An_envelope_without_a_body_is_none() => Assert.Equal("None", new Command().Kind);

    [Fact]
    public void An_entry_can_not_be_applied_twice_or_out_of_order()
    {
        var state = ClusterState.Empty.Skip(5, 1);

        Assert.Throws<ArgumentOutOfRangeException>(() => state.Apply(5, 1, Make.RemoveVM("web")));
        Assert.Equal(7UL, state.Apply(7, 1, Make.RemoveVM("web")).State.Index);
    }

    [Fact]
    public void A_skipped_entry_moves_the_index_and_nothing_else()
    {
        var state = Replica.With("n1").State;

        var after = state.Skip(state.Index + 1, term: 4);

        Assert.Equal((state.Index + 1, 4UL, state.Hash), (after.Index, after.Term, after.Hash));
    }
}
