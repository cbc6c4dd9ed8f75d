using Blixard.StateMachine.Commands;
using Blixard.StateMachine.Planning;
using Blixard.StateMachine.State;
using Blixard.StateMachine.Tests.Fencing;

namespace Blixard.StateMachine.Tests.Planning;

public sealed class PlacementPlannerTests
{
    private readonly Replica _replica = Fleet.Of("n1", "n2", "n3", "n4");

    [Fact]
    public void The_emptiest_node_is_chosen_or_the_fullest_that_has_room()
    {
        _replica.Promise("web", "n2", FailoverPolicy.Strict);
        _replica.Promise("big", "n1", FailoverPolicy.Manual);
        _replica.Fence("n2");

        var spread = Choose("web");
        Assert.Equal(("n3", "3 of 4 nodes are fit, it is the first by name of equals"), (spread.Node, spread.Reason));
        Assert.Equal(
            [new NodeRefusal("n2", "the lease of node n2 is Fenced, not Active")], spread.Refused);

        _replica.Do(Command.Of(new SetSettings { Strategy = PlacementStrategy.Pack }).By("n1"));
        var pack = Choose("web");
        Assert.Equal(("n1", "3 of 4 nodes are fit, it is the fullest that has room"), (pack.Node, pack.Reason));
    }

    [Fact]
    public void Rivals_are_kept_apart_first_by_node_then_by_zone_then_by_rack()
    {
        Label("n1", "a", "1");
        Label("n2", "b", "1");
        Label("n3", "a", "1");
        Label("n4", "a", "2");
        Group("db1", "n2", anti: "db");
        Group("db2", "n1", anti: "db");
        _replica.Fence("n2");

        // n1 has a rival; n3 is in its rack, n4 only in its zone.
        var choice = Choose("db1");

        Assert.Equal("n4", choice.Node);
        Assert.Equal("2 of 4 nodes are fit, it has the fewest of its group of anti-affinity in the rack", choice.Reason);
        Assert.Contains(new NodeRefusal("n1", "db2 of the group db is there"), choice.Refused);
    }

    [Fact]
    public void Friends_attract_more_than_an_empty_node()
    {
        Group("web", "n2", with: "shop");
        Group("cache", "n4", with: "shop");
        _replica.Fence("n2");

        var choice = Choose("web");

        Assert.Equal(("n4", "3 of 4 nodes are fit, 1 of its group of affinity are there"), (choice.Node, choice.Reason));
    }

    [Fact]
    public void A_node_without_contact_without_a_runner_or_without_room_is_not_fit()
    {
        _replica.Promise("web", "n2", FailoverPolicy.Strict);
        var manage = Make.Manage("web", "", FailoverPolicy.Strict);
        manage.ManageVm.Vcpus = 2;
        _replica.Do(manage);
        _replica.Fence("n2");
        _replica.Do(Make.Lost("n1"));
        var seen = Make.Seen("web", VmState.Stopped);
        seen.Facts = new VmFacts { Hypervisor = "qemu" };
        _replica.Do(Make.Report("n3", 1, seen));
        _replica.Do(Command.Of(new SetSettings { CpuOvercommitPercent = 13 }).By("n1"));

        Assert.Equal(
            "no node is fit: n1: node n1 does not answer; n2: the lease of node n2 is Fenced, not Active; n3: node n3 has no "
                + "runner of VM web to start; n4: needs 2 vCPUs, of 1 0 are taken",
            Choose("web").Reason);
    }

    [Fact]
    public void What_runs_unmanaged_on_a_node_takes_its_room_too()
    {
        _replica.Promise("web", "n2", FailoverPolicy.Strict);
        _replica.Fence("n2");
        foreach (var node in new[] { "n1", "n3" })
        {
            _replica.Do(Make.RegisterVM($"big-{node}", node, VmState.Running));
            var seen = Make.Seen($"big-{node}");
            seen.Resources = new ResourceUsage { SampledAtUnixMs = Replica.Start, MemoryLimitBytes = 16 * Make.GiB };
            _replica.Do(Make.Report(node, 1, seen));
        }

        Assert.Equal(("n4", "n4 alone is fit"), (Choose("web").Node, Choose("web").Reason));
        _replica.Do(Command.Of(new SetSettings { MemoryOvercommitPercent = 120 }).By("n1"));
        Assert.Equal(3, 4 - Choose("web").Refused.Length);
    }

    [Fact]
    public void A_drain_moves_no_more_than_is_set_and_the_important_first()
    {
        for (var i = 1; i <= 5; i++)
        {
            _replica.Promise($"vm{i}", "n2", i == 5 ? FailoverPolicy.None : FailoverPolicy.Manual);
        }

        var important = Make.Manage("vm3", "", FailoverPolicy.Manual);
        important.ManageVm.Priority = 5;
        _replica.Do(important);
        _replica.Do(Command.Of(new SetSettings { MaxMoving = 2 }).By("n1"));
        Raise();
        Assert.Empty(DrainPlanner.Plan(_replica.State, Replica.Start));
        _replica.Do(Make.Drain("n2"));

        var moves = DrainPlanner.Plan(_replica.State, Replica.Start);

        Assert.Equal(["vm3", "vm1"], moves.Select(move => move.Command.BeginOperation.Vm));
        Assert.All(moves, move => Assert.Equal("drain of n2", move.Reason));
        foreach (var move in moves)
        {
            _replica.Do(Make.Decided(move.Command));
        }

        Assert.Empty(DrainPlanner.Plan(_replica.State, Replica.Start));
        Finish("vm3");
        Assert.Equal("vm2", Assert.Single(DrainPlanner.Plan(_replica.State, Replica.Start)).Command.BeginOperation.Vm);
        Assert.Equal(
            [
                new NodeRemainder("vm1", "moves"),
                new NodeRemainder("vm2", "waits for its turn"),
                new NodeRemainder("vm4", "waits for its turn"),
                new NodeRemainder("vm5", "has the policy none"),
            ],
            DrainPlanner.Remaining(_replica.State, "n2"));
    }

    [Fact]
    public void After_its_deadline_a_drain_begins_no_move()
    {
        Raise();
        _replica.Promise("web", "n2", FailoverPolicy.Manual);
        var drain = Make.Drain("n2");
        drain.DrainNode.DeadlineUnixMs = Replica.Start + 1000;
        _replica.Do(drain);

        Assert.Single(DrainPlanner.Plan(_replica.State, Replica.Start + 999));
        Assert.Empty(DrainPlanner.Plan(_replica.State, Replica.Start + 1000));
    }

    [Fact]
    public void What_was_drained_away_comes_back_if_it_is_asked_for()
    {
        Raise();
        _replica.Promise("web", "n2", FailoverPolicy.Manual);
        _replica.Do(Make.Drain("n2"));
        _replica.Do(Make.Decided(Assert.Single(DrainPlanner.Plan(_replica.State, Replica.Start)).Command));
        Finish("web");
        Assert.Equal("n1", _replica.Place("web").Node);
        Assert.Empty(DrainPlanner.Plan(_replica.State, Replica.Start));

        _replica.Do(Make.Undrain("n2", returns: true));

        var back = Assert.Single(DrainPlanner.Plan(_replica.State, Replica.Start)).Command.BeginOperation;
        Assert.Equal(("web", "n2"), (back.Vm, back.Node));
        _replica.Do(Make.Undrain("n2"));
        Assert.Empty(DrainPlanner.Plan(_replica.State, Replica.Start));
    }

    [Fact]
    public void Operations_are_settled_by_what_has_become_of_the_vm()
    {
        _replica.Promise("web", "n2", FailoverPolicy.Manual);
        _replica.Do(Make.Begin("web", OperationKind.Stop));
        Assert.Empty(OperationPlanner.Plan(_replica.State, Replica.Start));
        _replica.Do(Make.Stopped("web", _replica.Place("web").Generation, "n2", 1));
        Settle("");
        _replica.Do(Make.Begin("web", OperationKind.Start));
        Assert.Empty(OperationPlanner.Plan(_replica.State, Replica.Start));
        _replica.Do(Make.Decided(Assert.Single(Placements.Plan(_replica.State)).Command));
        _replica.Do(Make.Report("n2", 1, Make.Seen("web")));
        Settle("");
        _replica.Do(Make.Begin("web", OperationKind.Restart));
        Assert.Empty(OperationPlanner.Plan(_replica.State, Replica.Start + OperationPlanner.GiveUpMs - 1));
        Settle("not within 5 minutes: it is Running on n2 (stopped on n2; n2 alone is fit)", OperationPlanner.GiveUpMs);
        _replica.Do(Make.Begin("web", OperationKind.Move, "n3"));
        Finish("web", settle: false);
        Settle("");
        Assert.Equal("n3", _replica.Place("web").Node);

        void Settle(string refused, long after = 0)
        {
            var settle = Assert.Single(OperationPlanner.Plan(_replica.State, Replica.Start + after)).Command;
            Assert.Equal(refused, settle.SettleOperation.Refused);
            _replica.Do(Make.Decided(settle));
        }
    }

    [Fact]
    public void A_loss_is_foreseen_with_targets_times_and_what_has_no_spare()
    {
        _replica.Promise("web", "n2", FailoverPolicy.Strict);
        _replica.Promise("manual", "n2", FailoverPolicy.Manual);
        var hash = _replica.State.Hash;

        var forecast = WhatIf.Lose(_replica.State, ["n2"]);

        Assert.Equal(
            [
                new Relocation(
                    "manual", "n2", null, null, "its policy is Manual: a fence proves nothing about it"),
                new Relocation("web", "n2", "n1", 56_594, "3 of 4 nodes are fit, it is the first by name of equals"),
            ],
            forecast.Relocations);
        Assert.Empty(forecast.Spare);
        Assert.Equal(hash, StateHash.Recompute(_replica.State));

        // With two more lost there is one node, and nothing beside it.
        var three = WhatIf.Lose(_replica.State, ["n1", "n2", "n3"]);
        Assert.Equal("n4", three.Relocations[1].To);
        Assert.Equal(["web"], three.Spare["n4"]);
    }

    private PlacementChoice Choose(string vm)
    {
        var state = _replica.State;
        return PlacementPlanner.Choose(state, state.Vms[vm], new PlacementBoard(state));
    }

    private void Group(string vm, string node, string with = "", string anti = "")
    {
        _replica.Define(vm, node);
        var manage = Make.Manage(vm, node, FailoverPolicy.Strict);
        (manage.ManageVm.Affinity, manage.ManageVm.AntiAffinity) = (with, anti);
        var index = _replica.Do(manage).State.Index;
        _replica.GateAll(vm);
        _replica.Do(Make.Gated(vm, index, node, 1));
    }

    private void Label(string node, string zone, string rack)
    {
        var update = new UpdateNode { Node = node, Labels = new LabelSet() };
        update.Labels.Labels.Add(new Label { Key = "zone", Value = zone });
        update.Labels.Labels.Add(new Label { Key = "rack", Value = rack });
        _replica.Do(Command.Of(update).By(node));
    }

    /// <summary>The VM's pending move, carried out.</summary>
    private void Finish(string vm, bool settle = true)
    {
        var placement = _replica.Place(vm);
        _replica.Do(Make.Stopped(vm, placement.Generation, placement.Node, 1));
        var assign = Placements.Plan(_replica.State).Single(planned => planned.Command.AssignVm.Vm == vm).Command;
        _replica.Do(Make.Decided(assign));
        var node = _replica.Place(vm).Node;
        _replica.Do(Make.Report(node, _replica.Node(node).ObservationSequence + 1, Make.Seen(vm)));
        if (settle)
        {
            _replica.Do(Make.Decided(Assert.Single(OperationPlanner.Plan(_replica.State, Replica.Start)).Command));
        }
    }

    private void Raise()
    {
        foreach (var node in _replica.State.Nodes.Keys)
        {
            var register = Make.RegisterNode(node);
            register.RegisterNode.ClusterVersion = CommandVersions.Newest;
            _replica.Do(register);
        }

        _replica.Do(Make.Raise(CommandVersions.ManagedVms));
    }
}
