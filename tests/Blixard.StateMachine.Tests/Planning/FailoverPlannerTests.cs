using Blixard.StateMachine.Commands;
using Blixard.StateMachine.Fencing;
using Blixard.StateMachine.Planning;
using Blixard.StateMachine.State;
using Blixard.StateMachine.Tests.Fencing;

namespace Blixard.StateMachine.Tests.Planning;

public sealed class FailoverPlannerTests
{
    private const ulong Cluster = 9;
    private const ulong Term = 1;

    private readonly Replica _replica = Fleet.Of();
    private readonly LeaseTable _table = new();
    private readonly SuspectClocks _suspects = new();
    private long _now;
    private long _wall = Replica.Start;

    public FailoverPlannerTests()
    {
        foreach (var node in Fleet.Nodes)
        {
            var register = Make.RegisterNode(node);
            register.RegisterNode.ClusterVersion = CommandVersions.Newest;
            _replica.Do(register);
        }

        _replica.Do(Make.Raise(CommandVersions.ManagedVms));
        _replica.Do(Make.Adopt(Cluster));
        _table.Lead(Term, LeaseTableTests.At(0));
    }

    [Fact]
    public void Nothing_is_planned_before_every_node_knows_of_leases()
    {
        var old = Fleet.Of();
        var view = new LeaderView(old.State, Cluster, _table, _suspects, LeaseTableTests.At(900_000), _wall);

        Assert.Empty(FailoverPlanner.Plan(view));
    }

    [Fact]
    public void Before_all_else_the_id_of_the_cluster_is_adopted()
    {
        var view = new LeaderView(_replica.State, Cluster + 1, _table, _suspects, LeaseTableTests.At(900_000), _wall);

        var planned = Assert.Single(FailoverPlanner.Plan(view));

        Assert.Equal(Cluster + 1, planned.Command.AdoptCluster.ClusterId);
    }

    [Fact]
    public void A_node_that_does_not_renew_is_suspected_fenced_and_its_vms_run_elsewhere()
    {
        _replica.Promise("web", "n2", FailoverPolicy.Strict);
        _replica.Promise("manual", "n2", FailoverPolicy.Manual);
        RenewAll(0);
        Assert.Empty(Plan(9999));

        RenewAll(9999, except: "n2");
        var suspect = Assert.Single(Plan(10_000));
        Assert.Equal("no renewal for 10000 ms", suspect.Reason);
        _replica.Do(Make.Decided(suspect.Command));
        Assert.Empty(Until(51_499, except: "n2"));
        var fence = Assert.Single(Plan(51_500));
        Assert.Equal("51500 ms since its last renewal, 51500 are enough", fence.Reason);
        _replica.Do(Make.Decided(fence.Command));

        var assign = Assert.Single(Plan(51_501)).Command.AssignVm;

        Assert.Equal(("web", "n1", 1UL), (assign.Vm, assign.Node, assign.Epoch));
        Assert.StartsWith("node n2 is fenced: 51500 ms since", assign.Reason, StringComparison.Ordinal);
        _replica.Do(Make.Decided(Command.Of(assign)));
        Assert.Empty(Plan(51_502));
    }

    [Fact]
    public void A_node_that_asks_again_is_cleared_before_the_wait_is_over_and_fenced_after_it()
    {
        RenewAll(0);
        RenewAll(9000, except: "n2");
        _replica.Do(Make.Decided(Assert.Single(Plan(10_000)).Command));
        Assert.Equal(LeaseVerdict.Suspect, Renew("n2", 12_000).Verdict);
        RenewAll(12_000, except: "n2");

        var clear = Assert.Single(Plan(12_000));
        Assert.Equal(Command.BodyOneofCase.ClearSuspect, clear.Command.BodyCase);
        _replica.Do(Make.Decided(clear.Command));
        Assert.Empty(Plan(12_001));
        Assert.Equal(LeaseVerdict.Granted, Renew("n2", 12_500).Verdict);

        // Once more, and this time it comes too late.
        Until(22_499, except: "n2");
        _replica.Do(Make.Decided(Assert.Single(Plan(22_500)).Command));
        Until(63_999, except: "n2");
        Renew("n2", 64_000);
        RenewAll(64_000, except: "n2");
        Assert.Equal(Command.BodyOneofCase.FenceNode, Assert.Single(Plan(64_000)).Command.BodyCase);
    }

    /// <summary>Without the suspicion each of these leaders would have begun its wait anew.</summary>
    [Fact]
    public void Changes_of_the_leader_do_not_postpone_a_fence_for_ever()
    {
        RenewAll(0);
        RenewAll(9000, except: "n2");
        _replica.Do(Make.Decided(Assert.Single(Plan(10_000)).Command));
        _suspects.Observe(_replica.State, LeaseTableTests.At(10_000));
        for (var election = 15_000L; election <= 60_000; election += 5000)
        {
            _table.Lead(Term, LeaseTableTests.At(election));
            RenewAll(election, except: "n2");
            Assert.Empty(Plan(election));
        }

        Assert.Empty(Plan(61_499));
        var fence = Assert.Single(Plan(61_500));
        Assert.Equal("51500 ms since it became suspect, 51500 are enough", fence.Reason);
    }

    [Fact]
    public void A_new_leader_waits_from_its_election_for_a_node_that_nobody_suspects()
    {
        RenewAll(0);
        _table.Lead(Term, LeaseTableTests.At(40_000));
        RenewAll(40_000, except: "n2");
        Assert.Empty(Plan(49_999));
        RenewAll(49_999, except: "n2");
        _replica.Do(Make.Decided(Assert.Single(Plan(50_000)).Command));
        Assert.Empty(Until(91_499, except: "n2"));
        Assert.Equal(Command.BodyOneofCase.FenceNode, Assert.Single(Plan(91_500)).Command.BodyCase);
    }

    [Fact]
    public void A_longer_wait_is_needed_for_a_node_with_a_larger_budget()
    {
        _replica.Do(Command.Of(new UpdateNode { Node = "n2", KillBudgetMs = 15_000 }).By("n2"));
        RenewAll(0);
        RenewAll(9000, except: "n2");
        _replica.Do(Make.Decided(Assert.Single(Plan(10_000)).Command));
        Assert.Empty(Until(62_499, except: "n2"));
        Assert.Single(Plan(62_500));
    }

    [Fact]
    public void A_shorter_term_counts_when_every_node_has_armed_it_or_after_a_wait_under_one_leader()
    {
        var set = _replica.Do(Make.SetTerm(LeaseProfile.Fast)).State.Index;
        RenewAll(0);
        Assert.Empty(Plan(0));
        RenewAll(500, armed: set, except: "n3");
        Assert.Empty(Plan(500));
        Renew("n3", 600, set);
        var lower = Assert.Single(Plan(600));
        Assert.Equal((set, "every node has armed its deadline under it"), (lower.Command.LowerMaxTerm.SetTerm, lower.Reason));

        set = _replica.Do(Make.SetTerm(LeaseProfile.Fast)).State.Index;
        Plan(1000);
        for (var at = 1000L; at < 52_500; at += 500)
        {
            RenewAll(at, armed: set, except: "n3");
            Renew("n3", at, armed: set - 1);
            Assert.Empty(Plan(at));
        }

        Assert.Equal("51500 ms have passed under one leader", Assert.Single(Plan(52_500)).Reason);
        _table.Lead(Term, LeaseTableTests.At(52_500));
        Assert.Empty(Plan(53_000));
    }

    [Fact]
    public void When_the_time_is_over_for_which_it_was_disarmed_it_is_armed_again()
    {
        _replica.Do(Make.SetTerm(LeaseProfile.Standard, TimeSpan.FromMinutes(1)));
        RenewAll(0);
        _wall = Replica.Start + 59_999;
        Assert.Empty(Plan(1));
        _wall = Replica.Start + 60_000;

        var armed = Assert.Single(Plan(2));

        Assert.Equal(0, armed.Command.SetTerm.DisarmedUntilUnixMs);
        _replica.Do(armed.Command.By("n1"));
        Assert.Empty(Plan(3));
        Assert.Equal(90_000, _replica.State.Terms.MaxTermMs);
    }

    [Fact]
    public void A_manual_vm_is_started_again_where_it_was_and_moved_only_on_a_persons_word()
    {
        var generation = _replica.Promise("web", "n2", FailoverPolicy.Manual);
        _replica.Do(Make.Stopped("web", generation, "n2", 1));
        RenewAll(0);
        Assert.Equal("n2", Assert.Single(Plan(1)).Command.AssignVm.Node);

        _replica.Do(Make.Lost("n2"));
        Assert.Empty(Plan(2));
        Assert.Equal(
            "no node is fit: n1: only n2 was asked for; n2: node n2 does not answer; n3: only n2 was asked for",
            Assert.Single(Placements.Unplaced(_replica.State)).Reason);

        _replica.Do(Make.Begin("web", OperationKind.Move));
        Assert.Equal("n1", Assert.Single(Plan(3)).Command.AssignVm.Node);
    }

    [Fact]
    public void The_important_are_placed_first_and_what_has_no_room_waits()
    {
        foreach (var (vm, priority) in new[] { ("low", 1u), ("high", 9u) })
        {
            _replica.Define(vm, "n2");
            var manage = Make.Manage(vm, "n2", FailoverPolicy.Strict, "n2", "n3");
            (manage.ManageVm.Priority, manage.ManageVm.MemoryBytes) = (priority, 10 * Make.GiB);
            var index = _replica.Do(manage).State.Index;
            _replica.GateAll(vm);
            _replica.Do(Make.Gated(vm, index, "n2", 1));
        }

        _replica.Fence("n2");
        RenewAll(0);

        var assign = Assert.Single(Plan(1)).Command.AssignVm;

        Assert.Equal(("high", "n3"), (assign.Vm, assign.Node));
        Assert.Contains(
            "n3: needs 10240 MiB, of 16383 MiB 10240 are taken",
            Assert.Single(Placements.Unplaced(_replica.State)).Reason,
            StringComparison.Ordinal);
    }

    private IReadOnlyList<Planned> Plan(long now)
    {
        _now = now;
        _table.Observe(_replica.State, LeaseTableTests.At(now));
        _suspects.Observe(_replica.State, LeaseTableTests.At(now));
        var planned = FailoverPlanner.Plan(
            new LeaderView(_replica.State, Cluster, _table, _suspects, LeaseTableTests.At(now), _wall));
        foreach (var each in planned)
        {
            if (each.Command.BodyCase == Command.BodyOneofCase.SuspectNode)
            {
                _table.Suspecting(each.Command.SuspectNode);
            }
        }

        return planned;
    }

    /// <summary>The others renew in time; what was planned meanwhile.</summary>
    private List<Planned> Until(long end, string except)
    {
        var planned = new List<Planned>();
        for (var at = _now + 500; at < end; at += 500)
        {
            RenewAll(at, except: except);
            planned.AddRange(Plan(at));
        }

        RenewAll(end, except: except);
        planned.AddRange(Plan(end));
        return planned;
    }

    private void RenewAll(long at, ulong armed = 0, string except = "")
    {
        _table.Observe(_replica.State, LeaseTableTests.At(at));
        foreach (var node in Fleet.Nodes.Where(node => node != except))
        {
            Renew(node, at, armed);
        }
    }

    private LeaseAnswer Renew(string node, long at, ulong armed = 0)
    {
        var lease = _replica.Node(node).Lease;
        var renewal = new LeaseRenewal(
            node, lease.Epoch, lease.BootId, 1, at * 1000, lease.KillBudgetMs, lease.WatchdogMs, armed);
        return _table.Answer(renewal, LeaseTableTests.At(at), Term, _replica.State, _wall);
    }
}
