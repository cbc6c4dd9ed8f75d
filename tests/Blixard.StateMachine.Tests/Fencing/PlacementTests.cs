using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.StateMachine.Tests.Fencing;

public sealed class PlacementTests
{
    private const string Gateless = "node n3 has no gate for VM web in this boot";

    private readonly Replica _replica = Fleet.Of();

    [Fact]
    public void A_running_vm_is_adopted_where_it_runs()
    {
        _replica.Define("web", "n2");

        var index = _replica.Do(Make.Manage("web", "", FailoverPolicy.Manual)).State.Index;

        var placement = _replica.Place("web");
        Assert.Equal((index, "n2", PlacementState.Running), (placement.Generation, placement.Node, placement.State));
        Assert.Equal(0UL, placement.GatedGeneration);
        _replica.Refuses(
            Make.Manage("web", "n1", FailoverPolicy.Manual),
            RejectionReason.GenerationMismatch,
            "VM web is placed on n2: to have it on n1, move it");
    }

    [Fact]
    public void What_can_not_be_managed_safely_is_refused()
    {
        _replica.Define("web", "n2");
        Refuses(new ManageVM { Vm = "db" }, RejectionReason.VmNotFound, "VM db not found");
        Refuses(new ManageVM { Node = "n1" }, RejectionReason.RunningElsewhere, "VM web runs on n2, not on n1");
        Refuses(new ManageVM { Candidates = { "n9" } }, RejectionReason.NodeNotFound, "node n9 not found");
        Refuses(
            new ManageVM { Candidates = { "n1" } },
            RejectionReason.NotCandidate,
            "VM web is on n2, which is not among its candidates");
        Refuses(
            new ManageVM { Storage = StorageKind.Unknown },
            RejectionReason.Unsafe,
            "where the volumes of VM web lie is not known, and with it whether a kill ends its writes: declare it");
        Refuses(
            new ManageVM { Storage = StorageKind.SharedCached },
            RejectionReason.Unsafe,
            "VM web writes through its host's cache to shared storage: a kill does not end those writes, it needs O_DIRECT "
                + "volumes or a hook in the storage");
        Refuses(
            new ManageVM { MemoryBytes = 64 * Make.GiB },
            RejectionReason.Unsafe,
            "node n1 has a kill budget of 5000 ms, VM web needs 8400");
        Refuses(
            new ManageVM { MemoryBytes = 1 },
            RejectionReason.Unsafe,
            "the memory of VM web is not known, and with it how long it takes to die: declare it",
            clearMemory: true);

        _replica.Do(Make.Lost("n2"));
        Refuses(
            new ManageVM(), RejectionReason.StillHeld, "VM web may still run on n2, which has not said otherwise");
        Assert.Null(_replica.Vm("web").Management);

        void Refuses(ManageVM body, RejectionReason reason, string detail, bool clearMemory = false)
        {
            var command = Make.Manage("web", "", FailoverPolicy.Strict);
            var storage = body.Storage == StorageKind.Unknown && !detail.StartsWith("where", StringComparison.Ordinal)
                ? command.ManageVm.Storage
                : body.Storage;
            command.ManageVm.MergeFrom(body);
            command.ManageVm.Storage = storage;
            command.ManageVm.MemoryBytes = clearMemory ? 0 : command.ManageVm.MemoryBytes;
            _replica.Refuses(command, reason, detail);
        }
    }

    [Fact]
    public void A_users_unit_is_never_strict()
    {
        var user = Make.RegisterVM("web", "n2");
        (user.RegisterVm.UserService, user.RegisterVm.Unit) = (true, "microvm-web.service");
        _replica.Do(user);

        _replica.Refuses(
            Make.Manage("web", "n2", FailoverPolicy.Strict),
            RejectionReason.Unsafe,
            "VM web is a user's unit on n2: those are outside the fence, never strict");
        _replica.Do(Make.Manage("web", "n2", FailoverPolicy.Manual));
    }

    [Fact]
    public void What_a_node_sees_of_the_storage_is_not_declared_away()
    {
        _replica.Define("web", "n2");
        var seen = Make.Seen("web");
        seen.Facts = new VmFacts { Storage = StorageKind.SharedCached };
        _replica.Do(Make.Report("n2", 1, seen));
        Assert.IsType<Rejected>(_replica.Apply(Make.Manage("web", "n2", FailoverPolicy.Strict)).Result);

        var hooked = Make.Manage("web", "n2", FailoverPolicy.Strict);
        hooked.ManageVm.Storage = StorageKind.SharedFenced;
        _replica.Do(hooked);
    }

    [Fact]
    public void A_vm_that_runs_twice_or_nowhere_known_is_not_managed()
    {
        _replica.Define("web", "n2");
        _replica.Do(Make.RegisterVM("db", "n1", VmState.Stopped));
        _replica.Do(Make.RegisterVM("db", "n2", VmState.Stopped));

        _replica.Refuses(
            Make.Manage("db", "", FailoverPolicy.Manual),
            RejectionReason.NotCandidate,
            "VM db runs nowhere, and more than one node defines it: name its node");
        _replica.Do(Make.Report("n3", 1, Make.Seen("web")));
        _replica.Refuses(
            Make.Manage("web", "", FailoverPolicy.Manual),
            RejectionReason.RunningElsewhere,
            "VM web runs on more than one node: stop all but one");
    }

    [Fact]
    public void The_promise_begins_with_the_last_gate_and_until_then_strict_is_manual()
    {
        _replica.Define("web", "n2");
        var index = _replica.Do(Make.Manage("web", "n2", FailoverPolicy.Strict)).State.Index;
        _replica.Do(Make.Gate("n1", Make.Boot, ("web", index)));
        _replica.Do(Make.Gate("n2", Make.Boot, ("web", index)));
        Assert.Equal(FailoverPolicy.Manual, _replica.Vm("web").Policy);
        Assert.Equal(["n3"], Gates.Missing(_replica.State, _replica.Vm("web")));
        _replica.Refuses(
            Make.Gated("web", index, "n2", 1),
            RejectionReason.GateMissing,
            "VM web is not strict, or not every node has its gate yet");

        _replica.Do(Make.Gate("n3", Make.Boot, ("web", index)));

        Assert.Equal(FailoverPolicy.Strict, _replica.Vm("web").Policy);
        Assert.False(_replica.Place("web").IsGated);
        _replica.Do(Make.Gated("web", index, "n2", 1));
        Assert.True(_replica.Place("web").IsGated);
    }

    [Fact]
    public void A_gate_is_of_one_boot_and_of_one_management()
    {
        _replica.Define("web", "n2");
        var index = _replica.Do(Make.Manage("web", "n2", FailoverPolicy.Strict)).State.Index;

        _replica.Refuses(
            Make.Gate("n1", "boot-2", ("web", index)),
            RejectionReason.EpochMismatch,
            "node n1 holds no lease in this boot: it rejoins before it speaks of its gates");
        var refused = _replica.Apply(Make.Gate("n1", Make.Boot, ("web", index - 1), ("db", 5))).Result;
        Assert.Equal(
            [RejectionReason.GenerationMismatch, RejectionReason.VmNotFound],
            Assert.IsType<Applied>(refused).Refused.Select(item => item.Reason));

        _replica.GateAll("web");
        _replica.Do(Make.Rejoin("n3", 2, "boot-2"));
        Assert.False(Gates.IsCurrent(_replica.Vm("web").Management!, _replica.Node("n3")));
    }

    [Fact]
    public void A_second_copy_keeps_the_promise_from_beginning()
    {
        _replica.Define("web", "n2");
        var index = _replica.Do(Make.Manage("web", "n2", FailoverPolicy.Manual)).State.Index;
        _replica.Do(Make.Report("n3", 1, Make.Seen("web")));

        _replica.GateAll("web");
        Assert.Equal(0UL, _replica.Vm("web").Management!.PromisedAt);

        _replica.Do(Make.Report("n3", 2, Make.Seen("web", VmState.Stopped)));
        _replica.Do(Make.Gate("n3", Make.Boot, ("web", index)));
        Assert.NotEqual(0UL, _replica.Vm("web").Management!.PromisedAt);
    }

    [Fact]
    public void A_fence_ends_what_is_strict_and_gated_and_nothing_else()
    {
        _replica.Promise("strict", "n2", FailoverPolicy.Strict);
        _replica.Promise("manual", "n2", FailoverPolicy.Manual);
        _replica.Promise("none", "n2", FailoverPolicy.None);
        _replica.Promise("other", "n3", FailoverPolicy.Strict);
        _replica.Define("adopted", "n2");
        _replica.Do(Make.Manage("adopted", "n2", FailoverPolicy.Strict));
        _replica.GateAll("adopted");

        _replica.Fence("n2");

        Assert.Equal(PlacementState.Lost, _replica.Place("strict").State);
        Assert.Equal("node n2 is fenced: waited", _replica.Place("strict").Reason);
        foreach (var vm in new[] { "manual", "none", "adopted", "other" })
        {
            Assert.Equal(PlacementState.Running, _replica.Place(vm).State);
        }

        _replica.Refuses(
            Make.AssignTo("manual", "n1", 1, _replica.Place("manual").Generation),
            RejectionReason.StillHeld,
            "VM manual may run on n2: it is neither stopped nor fenced there");
    }

    [Fact]
    public void A_reboot_ends_what_was_strict_and_gated_in_the_boot_before()
    {
        _replica.Promise("strict", "n2", FailoverPolicy.Strict);
        _replica.Promise("manual", "n2", FailoverPolicy.Manual);

        _replica.Do(Make.Rejoin("n2", 2, "boot-2"));

        Assert.Equal(PlacementState.Lost, _replica.Place("strict").State);
        Assert.Equal(PlacementState.Running, _replica.Place("manual").State);
    }

    [Fact]
    public void Nothing_is_assigned_without_its_proof()
    {
        var generation = _replica.Promise("web", "n2", FailoverPolicy.Strict);
        _replica.Refuses(
            Make.AssignTo("web", "n3", 1, generation),
            RejectionReason.StillHeld,
            "VM web may run on n2: it is neither stopped nor fenced there");
        _replica.Do(Make.Suspect("n2", 1));
        _replica.Refuses(
            Make.AssignTo("web", "n3", 1, generation),
            RejectionReason.StillHeld,
            "VM web may run on n2: it is neither stopped nor fenced there");
        _replica.Do(Make.Fence("n2", 1, _replica.Node("n2").Lease.SuspectedAt));

        _replica.Refuses(
            Make.AssignTo("web", "n3", 1, generation - 1),
            RejectionReason.GenerationMismatch,
            $"VM web is in generation {generation}, not {generation - 1}");
        _replica.Refuses(
            Make.AssignTo("web", "n3", 2, generation), RejectionReason.EpochMismatch, "node n3 is in epoch 1, not 2");
        _replica.Refuses(
            Make.AssignTo("web", "n2", 1, generation),
            RejectionReason.LeaseUnfit,
            "the lease of node n2 is Fenced, not Active");
        _replica.Refuses(Make.AssignTo("web", "n9", 1, generation), RejectionReason.NodeNotFound, "node n9 not found");
        var index = _replica.Do(Make.AssignTo("web", "n3", 1, generation)).State.Index;

        var placement = _replica.Place("web");
        Assert.Equal((index, "n3", PlacementState.Assigned), (placement.Generation, placement.Node, placement.State));
        Assert.True(placement.IsGated);
        _replica.Refuses(
            Make.AssignTo("web", "n1", 1, generation),
            RejectionReason.GenerationMismatch,
            $"VM web is in generation {index}, not {generation}");
    }

    [Fact]
    public void A_target_must_be_fit()
    {
        var generation = _replica.Promise("web", "n2", FailoverPolicy.Strict);
        _replica.Fence("n2");
        _replica.Do(Make.Drain("n1"));
        _replica.Refuses(
            Make.AssignTo("web", "n1", 1, generation), RejectionReason.NotCandidate, "node n1 is drained");
        _replica.Do(Make.Undrain("n1"));
        _replica.Do(Make.Suspect("n1", 1));
        _replica.Refuses(
            Make.AssignTo("web", "n1", 1, generation),
            RejectionReason.LeaseUnfit,
            "the lease of node n1 is Suspect, not Active");
        _replica.Do(Make.Rejoin("n3", 2, "boot-2"));
        _replica.Refuses(Make.AssignTo("web", "n3", 2, generation), RejectionReason.GateMissing, Gateless);
        var only = Make.Manage("web", "n2", FailoverPolicy.Strict, "n1", "n2");
        _replica.Do(only);
        _replica.Refuses(
            Make.AssignTo("web", "n3", 2, generation),
            RejectionReason.NotCandidate,
            "n3 is not among the candidates of VM web");
        _replica.Do(Make.Want("web", DesiredState.Stopped));
        _replica.Refuses(
            Make.AssignTo("web", "n3", 2, generation), RejectionReason.NotDesired, "VM web is to be stopped");
    }

    [Fact]
    public void A_vm_without_failover_stays_where_it_is()
    {
        var generation = _replica.Promise("web", "n2", FailoverPolicy.None);
        _replica.Do(Make.Stopped("web", generation, "n2", 1));

        _replica.Refuses(
            Make.AssignTo("web", "n3", 1, generation),
            RejectionReason.NotCandidate,
            "VM web has the policy none: it stays on n2");
        _replica.Do(Make.AssignTo("web", "n2", 1, generation));
        Assert.False(_replica.Place("web").IsGated);
    }

    [Fact]
    public void Stopped_counts_only_if_all_of_it_fits()
    {
        var generation = _replica.Promise("web", "n2", FailoverPolicy.Manual);
        _replica.Refuses(
            Make.Stopped("web", generation + 1, "n2", 1),
            RejectionReason.GenerationMismatch,
            $"VM web is in generation {generation} on n2, this is of {generation + 1} on n2");
        _replica.Refuses(
            Make.Stopped("web", generation, "n3", 1),
            RejectionReason.GenerationMismatch,
            $"VM web is in generation {generation} on n2, this is of {generation} on n3");
        _replica.Refuses(
            Make.Stopped("web", generation, "n2", 1).By("n1"),
            RejectionReason.NotYours,
            "n1 can't report for n2: a node reports only what is its own");
        _replica.Refuses(
            Make.Stopped("web", generation, "n2", 1, "boot-0"),
            RejectionReason.EpochMismatch,
            "node n2 is Active in epoch 1, this is of epoch 1 of another boot");
        _replica.Do(Make.Rejoin("n2", 2, "boot-2"));
        _replica.Refuses(
            Make.Stopped("web", generation, "n2", 1),
            RejectionReason.EpochMismatch,
            "node n2 is Active in epoch 2, this is of epoch 1 of another boot");
        _replica.Do(Make.Stopped("web", generation, "n2", 2, "boot-2"));
        Assert.Equal(PlacementState.StoppedConfirmed, _replica.Place("web").State);
        Assert.Empty(_replica.Do(Make.Stopped("web", generation, "n2", 2, "boot-2")).Changes);
    }

    [Fact]
    public void A_change_to_or_from_strict_is_a_new_generation_that_no_fence_ends_yet()
    {
        var manual = _replica.Promise("web", "n2", FailoverPolicy.Manual);
        var strict = _replica.Do(Make.Manage("web", "", FailoverPolicy.Strict)).State.Index;
        Assert.Equal((strict, 0UL), (_replica.Place("web").Generation, _replica.Place("web").GatedGeneration));
        Assert.Equal(FailoverPolicy.Manual, _replica.Vm("web").Policy);
        _replica.GateAll("web");
        _replica.Do(Make.Gated("web", strict, "n2", 1));

        var back = _replica.Do(Make.Manage("web", "", FailoverPolicy.Manual)).State.Index;
        var again = _replica.Do(Make.Manage("web", "", FailoverPolicy.Strict)).State.Index;
        Assert.True(manual < strict && strict < back && back < again);
        _replica.GateAll("web");
        _replica.Fence("n2");

        Assert.Equal(PlacementState.Running, _replica.Place("web").State);
    }

    [Fact]
    public void Other_changes_keep_generation_gates_and_promise()
    {
        var generation = _replica.Promise("web", "n2", FailoverPolicy.Strict);
        var before = _replica.Vm("web").Management!;
        var command = Make.Manage("web", "", FailoverPolicy.Strict, "n2", "n3");
        command.ManageVm.Priority = 9;

        _replica.Do(command);

        var after = _replica.Vm("web").Management!;
        Assert.Equal((before.Index, before.PromisedAt), (after.Index, after.PromisedAt));
        Assert.Equal((9u, generation), (after.Priority, _replica.Place("web").GatedGeneration));
    }

    [Fact]
    public void A_vm_that_may_run_is_neither_forgotten_nor_let_go_nor_its_node_removed()
    {
        var generation = _replica.Promise("web", "n2", FailoverPolicy.Strict);
        const string Held = "VM web may run on n2: it is neither stopped nor fenced there";
        _replica.Refuses(Make.RemoveVM("web"), RejectionReason.StillHeld, Held);
        _replica.Refuses(Make.Unmanage("web"), RejectionReason.StillHeld, Held);
        _replica.Refuses(Make.Ask(MembershipChangeKind.Remove, "n2"), RejectionReason.StillHeld, Held);

        _replica.Do(Make.Stopped("web", generation, "n2", 1));
        var asked = _replica.Do(Make.Ask(MembershipChangeKind.Remove, "n2")).State.Index;
        _replica.Refuses(
            Make.AssignTo("web", "n2", 1, generation), RejectionReason.NotCandidate, "node n2 is being removed");
        _replica.Do(Make.Settle(asked));
        Assert.False(_replica.Vm("web").Management!.Gates.ContainsKey("n2"));
        _replica.Do(Make.Unmanage("web"));
        Assert.Null(_replica.Vm("web").Placement);
        _replica.Refuses(
            Make.Want("web", DesiredState.Running), RejectionReason.NotManaged, "VM web is not managed");
        _replica.Do(Make.RemoveVM("web"));
    }

    [Fact]
    public void What_a_node_sees_moves_a_placement_between_assigned_and_running_only()
    {
        var generation = _replica.Promise("web", "n2", FailoverPolicy.Manual);
        _replica.Do(Make.Report("n2", 1, Make.Seen("web", VmState.Failed)));
        Assert.Equal(PlacementState.Assigned, _replica.Place("web").State);
        _replica.Do(Make.Report("n2", 2, Make.Seen("web")));
        Assert.Equal(PlacementState.Running, _replica.Place("web").State);
        _replica.Do(Make.Stopped("web", generation, "n2", 1));
        _replica.Do(Make.Report("n2", 3, Make.Seen("web")));
        Assert.Equal(PlacementState.StoppedConfirmed, _replica.Place("web").State);
    }

    [Fact]
    public void An_operation_holds_its_vm_until_it_is_settled()
    {
        _replica.Promise("web", "n2", FailoverPolicy.Manual);
        var index = _replica.Do(Make.Begin("web", OperationKind.Stop)).State.Index;
        Assert.Equal(DesiredState.Stopped, _replica.Vm("web").Management!.Desired);
        var held = $"VM web is held by the operation of index {index} (Stop), which is not done";
        _replica.Refuses(Make.Begin("web", OperationKind.Start), RejectionReason.OperationPending, held);
        _replica.Refuses(Make.Want("web", DesiredState.Running), RejectionReason.OperationPending, held);
        _replica.Refuses(Make.Unmanage("web"), RejectionReason.OperationPending, held);
        _replica.Refuses(
            Make.Manage("web", "", FailoverPolicy.None), RejectionReason.OperationPending, held);
        _replica.Refuses(
            Make.SettleOf("web", index - 1),
            RejectionReason.OperationNotPending,
            $"no operation of index {index - 1} is pending on VM web");
        var foreign = Make.SettleOf("web", index).By("n3");
        foreign.DecidedTerm = 0;
        _replica.Refuses(
            foreign, RejectionReason.NotYours, "n3 can't report for n2: a node reports only what is its own");

        _replica.Do(Make.SettleOf("web", index, "it does not stop"));

        var operation = _replica.Vm("web").Operation!;
        Assert.Equal((OperationState.Refused, "it does not stop"), (operation.State, operation.Detail));
        _replica.Do(Make.Begin("web", OperationKind.Start));
    }

    [Fact]
    public void A_move_is_refused_where_it_can_not_end()
    {
        _replica.Promise("web", "n2", FailoverPolicy.Manual);
        _replica.Promise("db", "n2", FailoverPolicy.None);
        _replica.Refuses(
            Make.Begin("db", OperationKind.Move),
            RejectionReason.NotCandidate,
            "VM db has the policy none: it stays on n2");
        _replica.Refuses(
            Make.Begin("web", OperationKind.Move, "n2"), RejectionReason.NotCandidate, "VM web is on n2 already");
        _replica.Do(Make.Rejoin("n3", 2, "boot-2"));
        _replica.Refuses(Make.Begin("web", OperationKind.Move, "n3"), RejectionReason.GateMissing, Gateless);
        _replica.Do(Make.Begin("web", OperationKind.Move, "n1"));
    }

    [Fact]
    public void What_a_drain_moved_away_remembers_where_it_came_from()
    {
        var generation = _replica.Promise("web", "n2", FailoverPolicy.Manual);
        _replica.Do(Make.Drain("n2"));
        _replica.Do(Make.Stopped("web", generation, "n2", 1));
        generation = _replica.Do(Make.AssignTo("web", "n3", 1, generation)).State.Index;
        Assert.Equal("n2", _replica.Place("web").DrainedFrom);

        _replica.Do(Make.Undrain("n2", returns: true));
        Assert.Equal("n2", _replica.Place("web").DrainedFrom);
        _replica.Do(Make.Stopped("web", generation, "n3", 1));
        _replica.Do(Make.AssignTo("web", "n2", 1, generation));
        Assert.Equal("", _replica.Place("web").DrainedFrom);
    }

    [Fact]
    public void A_managed_vm_is_not_forgotten_with_its_last_unit()
    {
        var replica = Fleet.Of("n1", "n2");
        replica.Do(Make.RegisterVM("web", "n1", VmState.Running));
        replica.Do(Make.Manage("web", "n1", FailoverPolicy.Manual));
        replica.Do(Make.CompleteReport("n1", 1));
        Assert.False(replica.Vm("web").CanForget("n1"));

        replica.Do(Make.RegisterVM("web", "n2"));
        Assert.False(replica.Vm("web").CanForget("n1"));
        replica.Do(Make.Stopped("web", replica.Place("web").Generation, "n1", 1));
        Assert.True(replica.Vm("web").CanForget("n1"));
    }
}
