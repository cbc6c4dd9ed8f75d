using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.State;

/// <summary>ManageVM, UnmanageVM and SetDesiredState.</summary>
internal static class ApplyManagement
{
    public static CommandResult Manage(StateEdit edit, ManageVM body)
    {
        if (!edit.Before.Vms.TryGetValue(body.Vm, out var vm))
        {
            return new Rejected(RejectionReason.VmNotFound, Refusals.VmNotFound(body.Vm));
        }

        if (Refusals.Busy(vm) is { } busy)
        {
            return busy;
        }

        foreach (var candidate in body.Candidates)
        {
            if (!edit.Before.Nodes.ContainsKey(candidate))
            {
                return Refusals.NodeNotFound(candidate);
            }
        }

        var managed = vm.Management is null ? Begin(edit, vm, body) : Continue(edit, vm, body);
        if (managed.Refused is { } refused)
        {
            return refused;
        }

        vm = managed.Vm!;
        if (body.Policy == FailoverPolicy.Strict && Strictness.Refuse(edit.Before, vm) is { } reason)
        {
            return new Rejected(RejectionReason.Unsafe, reason);
        }

        edit.Put(vm, $"managed by {edit.Command.Actor}");
        return edit.Applied();
    }

    public static CommandResult Unmanage(StateEdit edit, UnmanageVM body)
    {
        if (Find(edit, body.Vm, out var vm) is { } refused)
        {
            return refused;
        }

        if (Refusals.Busy(vm) is { } busy)
        {
            return busy;
        }

        if (vm.Placement!.MayRun)
        {
            return Refusals.StillHeld(vm);
        }

        var why = body.Reason.Length == 0 ? "" : $": {body.Reason}";
        edit.Put(
            vm with { Management = null, Placement = null, Operation = null },
            $"no longer managed, by {edit.Command.Actor}{why}");
        return edit.Applied();
    }

    public static CommandResult Want(StateEdit edit, SetDesiredState body)
    {
        if (Find(edit, body.Vm, out var vm) is { } refused)
        {
            return refused;
        }

        if (Refusals.Busy(vm) is { } busy)
        {
            return busy;
        }

        var why = body.Reason.Length == 0 ? "" : $": {body.Reason}";
        edit.Put(
            vm with { Management = vm.Management! with { Desired = body.Desired } },
            $"wanted {body.Desired} by {edit.Command.Actor}{why}");
        return edit.Applied();
    }

    internal static Rejected? Find(StateEdit edit, string name, out Vm vm) =>
        !edit.Before.Vms.TryGetValue(name, out vm!) ? new(RejectionReason.VmNotFound, Refusals.VmNotFound(name))
        : vm.Management is null ? new(RejectionReason.NotManaged, $"VM {name} is not managed")
        : null;

    /// <summary>It stays where it is: nothing is promised yet, and no copy is started by this.</summary>
    private static (Vm? Vm, Rejected? Refused) Begin(StateEdit edit, Vm vm, ManageVM body)
    {
        if (vm.DuplicateRunning)
        {
            return (null, new(
                RejectionReason.RunningElsewhere, $"VM {vm.Name} runs on more than one node: stop all but one"));
        }

        string? runner = null;
        foreach (var observation in vm.Observations.Values)
        {
            if (!Vm.AtWork(observation))
            {
                continue;
            }

            if (observation.Stale && observation.Staleness != Staleness.Rebooted)
            {
                return (null, new(
                    RejectionReason.StillHeld,
                    $"VM {vm.Name} may still run on {observation.Node}, which has not said otherwise"));
            }

            runner = observation.Stale ? runner : observation.Node;
        }

        var home = body.Node.Length > 0 ? body.Node : runner ?? vm.Location;
        if (home is null)
        {
            return (null, new(
                RejectionReason.NotCandidate,
                $"VM {vm.Name} runs nowhere, and more than one node defines it: name its node"));
        }

        if (runner is not null && runner != home)
        {
            return (null, new(RejectionReason.RunningElsewhere, $"VM {vm.Name} runs on {runner}, not on {home}"));
        }

        if (RefuseHome(edit.Before, vm, body, home) is { } refused)
        {
            return (null, refused);
        }

        return (vm with
        {
            Management = Of(body, edit.Index),
            Placement = new Placement
            {
                Generation = edit.Index,
                Node = home,
                State = vm.Observations[home].Running ? PlacementState.Running : PlacementState.Assigned,
                Reason = $"managed by {edit.Command.Actor}",
                Since = edit.Now,
            },
        }, null);
    }

    /// <summary>
    /// Whether it is strict decides about the gate and the slice: a change of that is a new generation in the same
    /// place, and no fence proves anything about it until it is gated anew.
    /// </summary>
    private static (Vm? Vm, Rejected? Refused) Continue(StateEdit edit, Vm vm, ManageVM body)
    {
        var (known, placement) = (vm.Management!, vm.Placement!);
        if (body.Node.Length > 0 && body.Node != placement.Node)
        {
            return (null, new(
                RejectionReason.GenerationMismatch,
                $"VM {vm.Name} is placed on {placement.Node}: to have it on {body.Node}, move it"));
        }

        var isStrict = body.Policy == FailoverPolicy.Strict;
        if ((known.Policy == FailoverPolicy.Strict) == isStrict)
        {
            var kept = Of(body, known.Index) with { PromisedAt = known.PromisedAt, Gates = known.Gates };
            return (vm with { Management = kept }, null);
        }

        placement = placement with { GatedGeneration = 0 };
        if (placement.State is PlacementState.Assigned or PlacementState.Running)
        {
            placement = placement with
            {
                Generation = edit.Index,
                Reason = $"policy changed by {edit.Command.Actor}",
                Since = edit.Now,
            };
        }

        return (vm with { Management = Of(body, edit.Index), Placement = placement }, null);
    }

    private static Rejected? RefuseHome(ClusterState state, Vm vm, ManageVM body, string home)
    {
        if (!state.Nodes.TryGetValue(home, out var node))
        {
            return Refusals.NodeNotFound(home);
        }

        if (!vm.IsDefinedOn(home))
        {
            return new(RejectionReason.NotDefinedHere, $"VM {vm.Name} is not defined on {home}");
        }

        if (body.Candidates.Count > 0 && !body.Candidates.Contains(home))
        {
            return new(RejectionReason.NotCandidate, $"VM {vm.Name} is on {home}, which is not among its candidates");
        }

        return node.Lease.Standing == LeaseStanding.Active ? null : Refusals.LeaseUnfit(node);
    }

    private static Management Of(ManageVM body, ulong index) => new()
    {
        Index = index,
        Policy = body.Policy,
        Desired = body.Desired,
        Candidates = Ordinal.Set.Union(body.Candidates),
        Priority = body.Priority,
        Affinity = body.Affinity,
        AntiAffinity = body.AntiAffinity,
        MemoryBytes = body.MemoryBytes,
        Vcpus = body.Vcpus,
        Storage = body.Storage,
        MaxRestarts = body.MaxRestarts,
    };
}
