using Blixard.StateMachine.Commands;
using Blixard.StateMachine.Fencing;
using Blixard.StateMachine.State;

namespace Blixard.StateMachine.Tests.Fencing;

public sealed class LeaseTableTests
{
    private const ulong Term = 7;

    private readonly Replica _replica = Fleet.Of();
    private readonly LeaseTable _table = new();

    public LeaseTableTests() => Lead(Term, At(0));

    [Fact]
    public void A_renewal_is_granted_for_the_term_and_counts_from_its_receipt()
    {
        var answer = Ask("n2", receipt: At(3000));

        Assert.Equal(
            new LeaseAnswer(LeaseVerdict.Granted, 42, 30_000, 0, 1, _replica.State.Index), answer);

        // It was answered a second later: what counts is when it came.
        Assert.Equal(1000, _table.SilenceMs("n2", 1, At(4000)));
        Assert.Equal(4000, _table.SilenceMs("n3", 1, At(4000)));
    }

    [Fact]
    public void Answers_that_overtake_each_other_do_not_turn_the_receipt_back()
    {
        Ask("n2", receipt: At(3000));
        Ask("n2", receipt: At(2000));

        Assert.Equal(1000, _table.SilenceMs("n2", 1, At(4000)));
    }

    [Fact]
    public void Both_clocks_must_have_passed()
    {
        Assert.Equal(5, new LeaderClocks(10_000, 5999).MsSince(new LeaderClocks(0, 0)));
        Assert.Equal(5, new LeaderClocks(5999, 10_000).MsSince(new LeaderClocks(0, 0)));

        // Suspended for a minute: CLOCK_MONOTONIC_RAW stood still.
        Assert.Equal(1000, _table.SilenceMs("n2", 1, new LeaderClocks(1_000_000, 61_000_000)));
    }

    [Fact]
    public void An_election_forgets_what_an_earlier_leadership_knew_and_counts_as_a_receipt()
    {
        Ask("n2", receipt: At(1000));
        _table.StepDown();
        Assert.Null(_table.SilenceMs("n2", 1, At(5000)));
        Assert.Equal(LeaseVerdict.NotLeading, Ask("n2", receipt: At(5000)).Verdict);

        Lead(Term + 2, At(60_000));

        Assert.Equal(0, _table.SilenceMs("n2", 1, At(60_000)));
        Assert.Equal(LeaseVerdict.NotLeading, Ask("n2", receipt: At(60_500)).Verdict);
        Assert.Equal(LeaseVerdict.Granted, Ask("n2", receipt: At(60_500), term: Term + 2).Verdict);
    }

    [Fact]
    public void A_rejoin_counts_as_a_receipt()
    {
        _replica.Fence("n2");
        _table.Observe(_replica.State, At(70_000));
        Assert.Equal(LeaseVerdict.Fenced, Ask("n2", receipt: At(71_000)).Verdict);
        _replica.Do(Make.Rejoin("n2", 2));
        Assert.Equal(LeaseVerdict.Fenced, Ask("n2", receipt: At(71_500)).Verdict);

        _table.Observe(_replica.State, At(72_000));

        Assert.Null(_table.SilenceMs("n2", 1, At(73_000)));
        Assert.Equal(1000, _table.SilenceMs("n2", 2, At(73_000)));
        Assert.Equal(LeaseVerdict.Granted, Ask("n2", epoch: 2, receipt: At(73_000)).Verdict);
    }

    [Fact]
    public void From_the_proposal_of_a_suspicion_on_nothing_is_acknowledged_until_it_was_applied_and_ended()
    {
        _table.Suspecting(Make.Suspect("n2", 1).SuspectNode);
        Assert.Equal(LeaseVerdict.Suspect, Ask("n2", receipt: At(1000)).Verdict);

        // Not committed yet: an active standing is not the end of it.
        _table.Observe(_replica.State, At(2000));
        Assert.Equal(LeaseVerdict.Suspect, Ask("n2", receipt: At(2000)).Verdict);

        var suspect = _replica.Do(Make.Suspect("n2", 1)).State.Index;
        _table.Observe(_replica.State, At(3000));
        Assert.Equal(LeaseVerdict.Suspect, Ask("n2", receipt: At(3000)).Verdict);
        Assert.Equal(0, _table.AskedMs("n2", 1, At(3000)));
        _replica.Do(Make.Clear("n2", 1, suspect));
        _table.Observe(_replica.State, At(4000));
        Assert.Equal(LeaseVerdict.Granted, Ask("n2", receipt: At(4000)).Verdict);
        Assert.Equal(LeaseVerdict.Granted, Ask("n3", receipt: At(4000)).Verdict);
    }

    [Fact]
    public void A_suspicion_of_an_earlier_leader_holds_for_the_next()
    {
        _replica.Do(Make.Suspect("n2", 1));
        Lead(Term + 1, At(10_000));

        Assert.Equal(LeaseVerdict.Suspect, Ask("n2", receipt: At(11_000), term: Term + 1).Verdict);
    }

    [Fact]
    public void Who_is_not_in_the_replicated_epoch_and_boot_is_told_so()
    {
        _replica.Do(Make.RegisterNode("n4"));
        _table.Observe(_replica.State, At(1));
        Assert.Equal(LeaseVerdict.NoLease, Ask("n4", receipt: At(1)).Verdict);
        Assert.Equal(LeaseVerdict.NoLease, Ask("n9", receipt: At(1)).Verdict);
        Assert.Equal(LeaseVerdict.Rebooted, Ask("n2", boot: "boot-2", receipt: At(1)).Verdict);
        Assert.Equal(LeaseVerdict.Fenced, Ask("n2", epoch: 2, receipt: At(1)).Verdict);
        _replica.Do(Make.Adopt(1));
        _replica.Do(Make.Adopt(2));
        _table.Observe(_replica.State, At(2));
        var answer = Ask("n2", receipt: At(2));
        Assert.Equal((LeaseVerdict.Fenced, 2UL), (answer.Verdict, answer.Epoch));
    }

    [Fact]
    public void Figures_that_the_cluster_does_not_count_with_are_not_acknowledged()
    {
        Assert.Equal(LeaseVerdict.BudgetGrew, Ask("n2", kill: 5001, receipt: At(1000)).Verdict);
        Assert.Equal(LeaseVerdict.BudgetGrew, Ask("n2", watchdog: 10_001, receipt: At(1000)).Verdict);
        Assert.Equal(2000, _table.SilenceMs("n2", 1, At(2000)));
        Assert.Equal(LeaseVerdict.Granted, Ask("n2", kill: 4000, watchdog: 0, receipt: At(2000)).Verdict);
    }

    [Fact]
    public void The_older_of_two_daemons_with_one_identity_is_not_acknowledged()
    {
        Assert.Equal(LeaseVerdict.Granted, Ask("n2", incarnation: 5, receipt: At(1000)).Verdict);
        Assert.Equal(LeaseVerdict.Superseded, Ask("n2", incarnation: 4, receipt: At(2000)).Verdict);
        Assert.Equal(1000, _table.SilenceMs("n2", 1, At(2000)));
    }

    [Fact]
    public void Every_replica_notes_when_it_applied_a_suspicion()
    {
        var clocks = new SuspectClocks();
        var first = _replica.Do(Make.Suspect("n2", 1)).State.Index;
        Assert.Null(clocks.MsSince("n2", first, At(0)));
        clocks.Observe(_replica.State, At(5000));
        clocks.Observe(_replica.State, At(6000));
        Assert.Equal(4000, clocks.MsSince("n2", first, At(9000)));

        // Ended and begun anew between two looks.
        _replica.Do(Make.Clear("n2", 1, first));
        var second = _replica.Do(Make.Suspect("n2", 1)).State.Index;
        clocks.Observe(_replica.State, At(10_000));
        Assert.Null(clocks.MsSince("n2", first, At(12_000)));
        Assert.Equal(2000, clocks.MsSince("n2", second, At(12_000)));
        _replica.Do(Make.Clear("n2", 1, second));
        clocks.Observe(_replica.State, At(13_000));
        Assert.Null(clocks.MsSince("n2", second, At(13_000)));
    }

    internal static LeaderClocks At(long milliseconds) => new(milliseconds * 1000, milliseconds * 1000);

    private void Lead(ulong term, LeaderClocks now)
    {
        _table.Lead(term, now);
        _table.Observe(_replica.State, now);
    }

    private LeaseAnswer Ask(
        string node,
        LeaderClocks receipt,
        ulong epoch = 1,
        string boot = Make.Boot,
        uint kill = 5000,
        uint watchdog = 10_000,
        ulong incarnation = 1,
        ulong term = Term) =>
        _table.Answer(
            new LeaseRenewal(node, epoch, boot, incarnation, 42, kill, watchdog, 0),
            receipt,
            term,
            _replica.State,
            Replica.Start);
}
