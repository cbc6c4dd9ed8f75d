using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.State;

/// <summary>
/// RejoinNode, SuspectNode, ClearSuspect, FenceNode, ConfirmNodeDead and AdoptCluster: docs/failover.md, rules 6 to 13.
/// </summary>
internal static class ApplyLease
{
    /// <summary>The next epoch begins with nothing strict of an earlier one running on the node.</summary>
    public static CommandResult Rejoin(StateEdit edit, RejoinNode body)
    {
        if (edit.Command.Actor != body.Node)
        {
            return Refusals.NotYours(edit.Command.Actor, body.Node);
        }

        if (!edit.Before.Nodes.TryGetValue(body.Node, out var node))
        {
            return Refusals.NodeNotFound(body.Node);
        }

        var lease = node.Lease;
        if (body.Epoch != lease.Epoch + 1)
        {
            return new Rejected(
                RejectionReason.EpochMismatch,
                $"node {node.Name} is in epoch {lease.Epoch}: the next one is {lease.Epoch + 1}, not {body.Epoch}");
        }

        if (body.BootId == node.PreviousBootId)
        {
            return new Rejected(RejectionReason.EpochMismatch, $"node {node.Name} has booted since it asked to rejoin");
        }

        if (lease.IsHeld && body.BootId == lease.BootId)
        {
            return new Rejected(
                RejectionReason.LeaseUnfit,
                $"node {node.Name} holds epoch {lease.Epoch} in this boot: it renews, it does not rejoin");
        }

        var why = lease.Standing switch
        {
            LeaseStanding.None => "first lease",
            LeaseStanding.Fenced => "back after a fence",
            LeaseStanding.Unknown => "back after the recovery of the cluster",
            _ => "rebooted",
        };
        edit.Put(
            node with
            {
                Lease = new NodeLease
                {
                    Epoch = body.Epoch,
                    Standing = LeaseStanding.Active,
                    BootId = body.BootId,
                    KillBudgetMs = body.KillBudgetMs,
                    WatchdogMs = body.WatchdogMs,
                    Reason = why,
                    Since = edit.Now,
                },
            },
            $"node {node.Name} joined in epoch {body.Epoch}: {why}");
        Lose(edit, node.Name, $"node {node.Name} joined in epoch {body.Epoch}: {why}", EndedByFence);
        return edit.Applied();
    }

    public static CommandResult Suspect(StateEdit edit, SuspectNode body)
    {
        if (Find(edit, body.Node, body.Epoch, out var node) is { } refused)
        {
            return refused;
        }

        if (node.Lease.Standing != LeaseStanding.Active)
        {
            return Standing(node, "only an active one can become suspect");
        }

        edit.Put(
            node with
            {
                Lease = node.Lease with
                {
                    Standing = LeaseStanding.Suspect,
                    SuspectedAt = edit.Index,
                    Reason = body.Reason,
                    Since = edit.Now,
                },
            },
            $"node {node.Name} is suspect: {body.Reason}");
        return edit.Applied();
    }

    public static CommandResult Clear(StateEdit edit, ClearSuspect body)
    {
        if (Find(edit, body.Node, body.Epoch, out var node) is { } refused)
        {
            return refused;
        }

        if (node.Lease.Standing != LeaseStanding.Suspect || node.Lease.SuspectedAt != body.Suspect)
        {
            return NotSuspect(node, body.Suspect);
        }

        edit.Put(
            node with
            {
                Lease = node.Lease with
                {
                    Standing = LeaseStanding.Active,
                    SuspectedAt = 0,
                    Reason = "renews again",
                    Since = edit.Now,
                },
            },
            $"node {node.Name} renews again");
        return edit.Applied();
    }

    /// <summary>
    /// The wait is the leader's; here is required that it waited under the suspicion that is still there, in this
    /// epoch.
    /// </summary>
    public static CommandResult Fence(StateEdit edit, FenceNode body)
    {
        if (Find(edit, body.Node, body.Epoch, out var node) is { } refused)
        {
            return refused;
        }

        if (node.Lease.Standing != LeaseStanding.Suspect || node.Lease.SuspectedAt != body.Suspect)
        {
            return NotSuspect(node, body.Suspect);
        }

        var reason = $"node {node.Name} is fenced: {body.Reason}";
        edit.Put(Fenced(edit, node, body.Reason), reason);
        Lose(edit, node.Name, reason, EndedByFence);
        return edit.Applied();
    }

    /// <summary>A person's word covers everything that was on the node, whatever its policy.</summary>
    public static CommandResult ConfirmDead(StateEdit edit, ConfirmNodeDead body)
    {
        if (Find(edit, body.Node, body.Epoch, out var node) is { } refused)
        {
            return refused;
        }

        if (node.Status == NodeStatus.Active)
        {
            return new Rejected(
                RejectionReason.StillHeard, $"node {node.Name} answers: what is heard is not confirmed dead");
        }

        var why = $"confirmed dead through {body.ConfirmedBy}: {body.Reason}";
        var reason = $"node {node.Name} {why}";
        edit.Put(Fenced(edit, node, why), reason);
        Lose(edit, node.Name, reason, static _ => true);
        return edit.Applied();
    }

    /// <summary>
    /// After a recovery the log may lack what a majority had agreed on: every node may hold a lease, and every VM may
    /// run on any node that defines it.
    /// </summary>
    public static CommandResult Adopt(StateEdit edit, AdoptCluster body)
    {
        var before = edit.Before;
        if (before.ClusterId == body.ClusterId)
        {
            return edit.Applied();
        }

        edit.ClusterId = body.ClusterId;
        if (before.ClusterId == 0)
        {
            return edit.Applied();
        }

        const string Reason = "the log was recovered for another cluster";
        foreach (var node in before.Nodes.Values)
        {
            var heard = node.Name == edit.Command.Actor;
            var lease = node.Lease == NodeLease.None ? node.Lease : node.Lease with
            {
                Epoch = node.Lease.Epoch + 1,
                Standing = LeaseStanding.Unknown,
                SuspectedAt = 0,
                Reason = Reason,
                Since = edit.Now,
            };
            edit.Put(
                node with
                {
                    Lease = lease,
                    Status = heard || !node.HasJoined ? node.Status : NodeStatus.Lost,
                    StatusReason = heard || !node.HasJoined ? node.StatusReason : Reason,
                    StatusSince = heard || !node.HasJoined ? node.StatusSince : edit.Now,
                    AwaitsReport = true,
                },
                Reason);
        }

        foreach (var vm in before.Vms.Values)
        {
            edit.Put(Forgotten(edit, vm, Reason), Reason);
        }

        return edit.Applied();
    }

    private static ClusterNode Fenced(StateEdit edit, ClusterNode node, string reason) => node with
    {
        Lease = node.Lease with
        {
            Standing = LeaseStanding.Fenced,
            SuspectedAt = 0,
            Reason = reason,
            Since = edit.Now,
        },
    };

    /// <summary>What the node's dead-man's switch kills: what is in the strict slice, behind the gate.</summary>
    private static bool EndedByFence(Vm vm) =>
        vm is { Management.Policy: FailoverPolicy.Strict, Placement.IsGated: true };

    /// <summary>Lost ends a generation, whatever becomes of the node afterwards.</summary>
    private static void Lose(StateEdit edit, string node, string reason, Func<Vm, bool> ended)
    {
        foreach (var vm in edit.Before.Vms.Values)
        {
            if (vm.Placement is { State: PlacementState.Assigned or PlacementState.Running } placement
                && placement.Node == node && ended(vm))
            {
                edit.Put(
                    vm with
                    {
                        Placement = placement with { State = PlacementState.Lost, Reason = reason, Since = edit.Now },
                    },
                    reason);
            }
        }
    }

    /// <summary>What was said before is no longer known to hold, and no proof of then proves anything.</summary>
    private static Vm Forgotten(StateEdit edit, Vm vm, string reason)
    {
        var observations = vm.Observations;
        foreach (var (node, last) in vm.Observations)
        {
            if (last.Staleness is Staleness.Fresh or Staleness.Unseen)
            {
                observations = observations.SetItem(
                    node, last with { Staleness = Staleness.NodeLost, LastReported = edit.Before.LastSeen(last) });
            }
        }

        vm = ReferenceEquals(observations, vm.Observations) ? vm : vm with { Observations = observations };
        return vm.Placement is not { } placement ? vm : vm with
        {
            Placement = placement with
            {
                Generation = edit.Index,
                GatedGeneration = 0,
                State = PlacementState.Uncertain,
                Reason = reason,
                Since = edit.Now,
            },
        };
    }

    private static Rejected? Find(StateEdit edit, string name, ulong epoch, out ClusterNode node)
    {
        if (!edit.Before.Nodes.TryGetValue(name, out node!))
        {
            return Refusals.NodeNotFound(name);
        }

        return node.Lease.Epoch == epoch ? null : new(
            RejectionReason.EpochMismatch, $"node {name} is in epoch {node.Lease.Epoch}, not {epoch}");
    }

    private static Rejected NotSuspect(ClusterNode node, ulong suspect) => new(
        RejectionReason.NotSuspect,
        node.Lease.SuspectedAt == 0
            ? $"node {node.Name} is not suspect"
            : $"node {node.Name} is suspect since index {node.Lease.SuspectedAt}, not {suspect}");

    private static Rejected Standing(ClusterNode node, string what) => new(
        RejectionReason.LeaseUnfit, $"the lease of node {node.Name} is {node.Lease.Standing}: {what}");
}
