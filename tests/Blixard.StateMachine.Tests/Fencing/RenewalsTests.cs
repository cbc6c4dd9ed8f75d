using Blixard.StateMachine.Commands;
using Blixard.StateMachine.Fencing;
using Blixard.StateMachine.State;

namespace Blixard.StateMachine.Tests.Fencing;

public sealed class RenewalsTests
{
    private const string Boot = "boot-1";

    [Fact]
    public void A_node_renews_in_its_epoch_and_boot() =>
        Assert.Equal(RenewalVerdict.Granted, Judge(Joined(), new("n1", 1, Boot, 5000, 0)));

    [Fact]
    public void A_node_that_never_took_part_or_is_in_another_epoch_rejoins()
    {
        Assert.Equal(RenewalVerdict.Fenced, Judge(Registered(), new("n1", 0, Boot, 5000, 0)));
        Assert.Equal(RenewalVerdict.Fenced, Judge(Joined(), new("n1", 2, Boot, 5000, 0)));
        Assert.Equal(RenewalVerdict.Fenced, Judge(Joined(), new("n1", 0, Boot, 5000, 0)));
    }

    [Fact]
    public void Another_boot_of_the_host_rejoins() =>
        Assert.Equal(RenewalVerdict.Rebooted, Judge(Joined(), new("n1", 1, "boot-2", 5000, 0)));

    [Theory]
    [InlineData(5001, 0)]
    [InlineData(5000, 1)]
    public void Figures_that_have_grown_are_told_first(uint kill, uint watchdog) =>
        Assert.Equal(RenewalVerdict.Outgrown, Judge(Joined(), new("n1", 1, Boot, kill, watchdog)));

    [Fact]
    public void Smaller_figures_change_nothing() =>
        Assert.Equal(RenewalVerdict.Granted, Judge(Joined(), new("n1", 1, Boot, 2000, 0)));

    [Fact]
    public void A_suspect_is_acknowledged_nothing_until_that_is_cleared_and_a_fenced_one_never()
    {
        var suspect = Decide(Joined(), new() { SuspectNode = new() { Node = "n1", Epoch = 1, Reason = "late" } });
        Assert.Equal(RenewalVerdict.Suspect, Judge(suspect, new("n1", 1, Boot, 5000, 0)));

        var cleared = Decide(
            suspect, new() { ClearSuspect = new() { Node = "n1", Epoch = 1, Suspect = suspect.Index } });
        Assert.Equal(RenewalVerdict.Granted, Judge(cleared, new("n1", 1, Boot, 5000, 0)));

        var fenced = Decide(
            suspect, new() { FenceNode = new() { Node = "n1", Epoch = 1, Suspect = suspect.Index, Reason = "late" } });
        Assert.Equal(RenewalVerdict.Fenced, Judge(fenced, new("n1", 1, Boot, 5000, 0)));
    }

    [Fact]
    public void A_node_that_is_not_known_is_refused() =>
        Assert.Equal(RenewalVerdict.Refused, Judge(Joined(), new("n9", 1, Boot, 5000, 0)));

    private static RenewalVerdict Judge(ClusterState state, Renewal renewal) => Renewals.Judge(state, renewal).Verdict;

    private static ClusterState Registered()
    {
        var state = Apply(ClusterState.Empty, new()
        {
            RegisterNode = new() { Node = "n1", MemberId = 1, BootId = Boot, ClusterVersion = CommandVersions.Newest },
        });
        return Decide(state, new() { SetClusterVersion = new() { Version = CommandVersions.ManagedVms } });
    }

    private static ClusterState Joined() => Apply(Registered(), new()
    {
        RejoinNode = new() { Node = "n1", Epoch = 1, BootId = Boot, KillBudgetMs = 5000 },
    });

    private static ClusterState Decide(ClusterState state, Command command)
    {
        command.DecidedTerm = 1;
        return Apply(state, command);
    }

    private static ClusterState Apply(ClusterState state, Command command)
    {
        command.Actor = "n1";
        command.TimeUnixMs = 1_000_000;
        var outcome = state.Apply(state.Index + 1, 1, command);
        Assert.IsType<Applied>(outcome.Result);
        return outcome.State;
    }
}
