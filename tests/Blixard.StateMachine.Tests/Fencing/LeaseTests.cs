using Blixard.StateMachine.Commands;
using Blixard.StateMachine.Fencing;
using Blixard.StateMachine.State;

namespace Blixard.StateMachine.Tests.Fencing;

public sealed class LeaseTests
{
    private readonly Replica _replica = Fleet.Of();

    private NodeLease Lease => _replica.Node("n2").Lease;

    [Fact]
    public void A_node_takes_part_with_its_first_epoch()
    {
        var replica = Replica.With("n1");
        Assert.Equal(NodeLease.None, replica.Node("n1").Lease);

        replica.Do(Make.Rejoin("n1", 1, kill: 3000, watchdog: 0));

        var lease = replica.Node("n1").Lease;
        Assert.Equal((1UL, LeaseStanding.Active, Make.Boot), (lease.Epoch, lease.Standing, lease.BootId));
        Assert.Equal((3000u, 0u), (lease.KillBudgetMs, lease.WatchdogMs));
    }

    [Fact]
    public void Only_the_node_itself_rejoins_and_only_in_the_next_epoch()
    {
        _replica.Fence("n2");

        _replica.Refuses(
            Make.Rejoin("n2", 2).By("n1"),
            RejectionReason.NotYours,
            "n1 can't report for n2: a node reports only what is its own");
        _replica.Refuses(
            Make.Rejoin("n2", 3), RejectionReason.EpochMismatch, "node n2 is in epoch 1: the next one is 2, not 3");
        _replica.Refuses(
            Make.Rejoin("n2", 1), RejectionReason.EpochMismatch, "node n2 is in epoch 1: the next one is 2, not 1");
        _replica.Refuses(Make.Rejoin("n9", 1), RejectionReason.NodeNotFound, "node n9 not found");
        _replica.Do(Make.Rejoin("n2", 2));
        Assert.Equal((2UL, LeaseStanding.Active), (Lease.Epoch, Lease.Standing));
    }

    [Fact]
    public void In_the_same_boot_a_lease_that_is_not_fenced_is_renewed_and_not_begun_anew()
    {
        _replica.Refuses(
            Make.Rejoin("n2", 2),
            RejectionReason.LeaseUnfit,
            "node n2 holds epoch 1 in this boot: it renews, it does not rejoin");
        _replica.Do(Make.Suspect("n2", 1));
        _replica.Refuses(
            Make.Rejoin("n2", 2),
            RejectionReason.LeaseUnfit,
            "node n2 holds epoch 1 in this boot: it renews, it does not rejoin");
        _replica.Do(Make.Rejoin("n2", 2, "boot-2"));
        Assert.Equal((2UL, LeaseStanding.Active, 0UL), (Lease.Epoch, Lease.Standing, Lease.SuspectedAt));
    }

    [Fact]
    public void A_word_of_the_boot_before_does_not_rejoin()
    {
        _replica.Do(Make.RegisterNode("n2", "boot-2"));

        _replica.Refuses(
            Make.Rejoin("n2", 2, Make.Boot), RejectionReason.EpochMismatch, "node n2 has booted since it asked to rejoin");
    }

    [Fact]
    public void A_fence_needs_its_suspicion_in_its_epoch()
    {
        _replica.Refuses(Make.Fence("n2", 1, 7), RejectionReason.NotSuspect, "node n2 is not suspect");
        _replica.Refuses(Make.Suspect("n2", 2), RejectionReason.EpochMismatch, "node n2 is in epoch 1, not 2");
        var first = _replica.Do(Make.Suspect("n2", 1)).State.Index;
        Assert.Equal(first, Lease.SuspectedAt);
        _replica.Refuses(
            Make.Suspect("n2", 1),
            RejectionReason.LeaseUnfit,
            "the lease of node n2 is Suspect: only an active one can become suspect");
        _replica.Do(Make.Clear("n2", 1, first));
        Assert.Equal((LeaseStanding.Active, 0UL), (Lease.Standing, Lease.SuspectedAt));

        // A FenceNode that was under way when the node came back and became suspect again.
        var second = _replica.Do(Make.Suspect("n2", 1)).State.Index;
        _replica.Refuses(
            Make.Fence("n2", 1, first),
            RejectionReason.NotSuspect,
            $"node n2 is suspect since index {second}, not {first}");
        _replica.Refuses(
            Make.Clear("n2", 1, first),
            RejectionReason.NotSuspect,
            $"node n2 is suspect since index {second}, not {first}");
        _replica.Do(Make.Fence("n2", 1, second));
        Assert.Equal(LeaseStanding.Fenced, Lease.Standing);
    }

    [Fact]
    public void A_suspicion_does_not_outlive_the_rejoin()
    {
        var suspect = _replica.Do(Make.Suspect("n2", 1)).State.Index;
        _replica.Do(Make.Rejoin("n2", 2, "boot-2"));

        _replica.Refuses(
            Make.Fence("n2", 1, suspect), RejectionReason.EpochMismatch, "node n2 is in epoch 2, not 1");
        _replica.Refuses(Make.Fence("n2", 2, suspect), RejectionReason.NotSuspect, "node n2 is not suspect");
    }

    /// <summary>
    /// A leader that was paused, or one with a bug: what it decided in another term is void everywhere.
    /// </summary>
    [Fact]
    public void Decisions_about_leases_hold_in_the_term_in_which_they_were_made()
    {
        var suspect = _replica.Do(Make.Suspect("n2", 1)).State.Index;
        Command[] decisions =
        [
            Make.Suspect("n3", 1, term: 4),
            Make.Clear("n2", 1, suspect, term: 4),
            Make.Fence("n2", 1, suspect, term: 4),
            Make.Dead("n2", 1).Term(4),
            Make.AssignTo("web", "n1", 1, 1, term: 4),
            Make.Lower(1).Term(4),
            Make.Adopt(9).Term(4),
        ];

        foreach (var decision in decisions)
        {
            _replica.Refuses(
                decision,
                RejectionReason.TermChanged,
                "decided by the leader of term 4, committed in term 5",
                term: 5);
            var undecided = decision.Clone();
            undecided.DecidedTerm = 0;
            Assert.EndsWith("decided_term is missing", CommandValidator.Check(undecided)!.Detail, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Within_an_epoch_kill_budget_and_watchdog_only_grow()
    {
        Command Update(uint kill, uint watchdog) => Command.Of(
            new UpdateNode { Node = "n2", KillBudgetMs = kill, WatchdogMs = watchdog }).By("n2");

        _replica.Do(Update(8000, 0));
        Assert.Equal((8000u, 10_000u), (Lease.KillBudgetMs, Lease.WatchdogMs));
        _replica.Do(Update(2000, 20_000));
        Assert.Equal((8000u, 20_000u), (Lease.KillBudgetMs, Lease.WatchdogMs));
        _replica.Refuses(
            Update(9000, 0).By("n1"),
            RejectionReason.NotYours,
            "n1 can't report for n2: a node reports only what is its own");
        _replica.Fence("n2");
        _replica.Refuses(
            Update(9000, 0), RejectionReason.LeaseUnfit, "the lease of node n2 is Fenced, not Active");
        _replica.Do(Make.Rejoin("n2", 2, kill: 2000, watchdog: 0));
        Assert.Equal((2000u, 0u), (Lease.KillBudgetMs, Lease.WatchdogMs));
    }

    [Fact]
    public void Contact_and_lease_are_two_things()
    {
        _replica.Do(Make.Suspect("n2", 1));
        _replica.Do(Make.Lost("n2"));
        _replica.Do(Make.Active("n2"));
        Assert.Equal(LeaseStanding.Suspect, Lease.Standing);
        Assert.Equal(NodeStatus.Suspect, _replica.Node("n2").ShownStatus);

        _replica.Do(Make.Fence("n2", 1, Lease.SuspectedAt));
        Assert.Equal((NodeStatus.Active, NodeStatus.Fenced), (_replica.Node("n2").Status, _replica.Node("n2").ShownStatus));
        _replica.Do(Make.Rejoin("n2", 2));
        _replica.Do(Make.Drain("n2"));
        Assert.Equal(NodeStatus.Draining, _replica.Node("n2").ShownStatus);
        _replica.Do(Make.Lost("n2"));
        Assert.Equal(NodeStatus.Lost, _replica.Node("n2").ShownStatus);
    }

    [Fact]
    public void A_node_that_is_heard_is_not_confirmed_dead()
    {
        _replica.Promise("web", "n2", FailoverPolicy.Manual);
        _replica.Refuses(
            Make.Dead("n2", 1),
            RejectionReason.StillHeard,
            "node n2 answers: what is heard is not confirmed dead");

        _replica.Do(Make.Lost("n2"));
        _replica.Do(Make.Dead("n2", 1));

        // A person's word ends what a fence proves nothing about.
        Assert.Equal(PlacementState.Lost, _replica.Place("web").State);
        Assert.Equal("node n2 confirmed dead through n1: seen burning", _replica.Place("web").Reason);
    }

    [Fact]
    public void A_longer_term_counts_at_once_and_a_shorter_one_after_it_was_lowered()
    {
        var fast = _replica.Do(Make.SetTerm(LeaseProfile.Fast)).State.Index;
        var terms = _replica.State.Terms;
        Assert.Equal(5000, terms.GrantMs(Replica.Start));
        Assert.Equal((30_000, 2000), (terms.MaxTermMs, terms.MaxSlackMs));
        Assert.True(terms.IsLowering);
        Assert.Equal(51_500, Lease.Budget(terms).WaitMs);

        var standard = _replica.Do(Make.SetTerm(LeaseProfile.Standard)).State.Index;
        _replica.Refuses(
            Make.Lower(fast),
            RejectionReason.TermSuperseded,
            $"the term was set last at index {standard}, not {fast}: leases of it may be outstanding");
        Assert.Equal(30_000, _replica.State.Terms.MaxTermMs);

        fast = _replica.Do(Make.SetTerm(LeaseProfile.Fast)).State.Index;
        _replica.Do(Make.Lower(fast));
        Assert.Equal((5000, 1000), (_replica.State.Terms.MaxTermMs, _replica.State.Terms.MaxSlackMs));
        Assert.False(_replica.State.Terms.IsLowering);
    }

    [Fact]
    public void Disarmed_a_lease_lasts_to_the_end_of_it_and_no_wall_clock_makes_it_longer()
    {
        _replica.Do(Make.SetTerm(LeaseProfile.Standard, TimeSpan.FromMinutes(10)));

        var terms = _replica.State.Terms;
        Assert.Equal(630_000, terms.MaxTermMs);
        Assert.Equal(630_000, terms.GrantMs(Replica.Start));
        Assert.Equal(330_000, terms.GrantMs(Replica.Start + 300_000));
        Assert.Equal(30_000, terms.GrantMs(Replica.Start + 700_000));
        Assert.Equal(630_000, terms.GrantMs(Replica.Start - 3_600_000));

        // Armed again: what was granted meanwhile may still be outstanding.
        var armed = _replica.Do(Make.SetTerm(LeaseProfile.Standard)).State.Index;
        Assert.Equal((30_000, 630_000), (_replica.State.Terms.GrantMs(Replica.Start), _replica.State.Terms.MaxTermMs));
        _replica.Do(Make.Lower(armed));
        Assert.Equal(30_000, _replica.State.Terms.MaxTermMs);
    }

    [Fact]
    public void After_a_recovery_every_epoch_is_over_and_no_wait_proves_anything()
    {
        var generation = _replica.Promise("web", "n2", FailoverPolicy.Strict);
        _replica.Do(Make.Adopt(1));
        Assert.Equal((1UL, LeaseStanding.Active), (Lease.Epoch, Lease.Standing));
        _replica.Do(Make.Adopt(1));
        Assert.Equal(1UL, Lease.Epoch);
        _replica.Fence("n2");
        Assert.Equal(PlacementState.Lost, _replica.Place("web").State);

        // The fence may be younger than what the others had agreed on when the log was lost.
        _replica.Do(Make.Adopt(2));

        Assert.Equal((2UL, LeaseStanding.Unknown), (Lease.Epoch, Lease.Standing));
        Assert.Equal(PlacementState.Uncertain, _replica.Place("web").State);
        Assert.True(_replica.Place("web").Generation > generation);
        Assert.Equal(NodeStatus.Lost, _replica.Node("n3").Status);
        Assert.Equal(NodeStatus.Active, _replica.Node("n1").Status);
        Assert.All(_replica.Vm("web").Observations.Values, seen => Assert.True(seen.Stale));
        var suspect = Make.Suspect("n2", 2);
        _replica.Refuses(
            suspect, RejectionReason.LeaseUnfit, "the lease of node n2 is Unknown: only an active one can become suspect");
    }

    [Fact]
    public void A_vm_of_before_a_recovery_waits_for_the_word_of_every_node_that_defines_it()
    {
        _replica.Do(Make.Adopt(1));
        _replica.Promise("web", "n2", FailoverPolicy.Strict);
        var adopted = _replica.Do(Make.Adopt(2)).State.Index;
        _replica.Do(Make.Rejoin("n1", 3));
        _replica.Do(Make.CompleteReport("n1", 1, Make.Seen("web", VmState.Stopped)));
        _replica.Refuses(
            Make.AssignTo("web", "n1", 3, adopted),
            RejectionReason.StillHeld,
            "VM web may run on n2, which has not rejoined since the log was recovered");

        _replica.Do(Make.Dead("n2", 2));
        _replica.Refuses(
            Make.AssignTo("web", "n1", 3, adopted),
            RejectionReason.StillHeld,
            "VM web may run on n3, which has not rejoined since the log was recovered");
        _replica.Do(Make.Rejoin("n3", 3));
        _replica.Do(Make.Active("n3"));
        _replica.Refuses(
            Make.AssignTo("web", "n1", 3, adopted),
            RejectionReason.StillHeld,
            "VM web may run on n3, which has not rejoined since the log was recovered");
        _replica.Do(Make.CompleteReport("n3", 1, Make.Seen("web")));
        _replica.Refuses(
            Make.AssignTo("web", "n1", 3, adopted), RejectionReason.RunningElsewhere, "VM web runs on n3");
        _replica.Do(Make.CompleteReport("n3", 2, Make.Seen("web", VmState.Stopped)));
        _replica.Do(Make.AssignTo("web", "n1", 3, adopted));
        Assert.Equal("n1", _replica.Place("web").Node);
    }
}
