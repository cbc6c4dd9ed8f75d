using System.Collections.Immutable;
using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.State;

/// <summary>UpdateState: what a node sees of its VMs, in the order in which it saw it.</summary>
internal static class ApplyObservations
{
    public static CommandResult Update(StateEdit edit, UpdateState body)
    {
        if (edit.Command.Actor != body.Node)
        {
            return Refusals.NotYours(edit.Command.Actor, body.Node);
        }

        if (!edit.Before.Nodes.TryGetValue(body.Node, out var node))
        {
            return Refusals.NodeNotFound(body.Node);
        }

        if (body.BootId == node.PreviousBootId)
        {
            return new Rejected(
                RejectionReason.StaleObservation, $"node {node.Name} has booted since this was observed");
        }

        return body.UnchangedSince != 0 ? KeepAlive(edit, node, body) : Report(edit, node, body);
    }

    /// <summary>"Nothing changed": true of everything, or of nothing if a report is missing in between.</summary>
    private static CommandResult KeepAlive(StateEdit edit, ClusterNode node, UpdateState body)
    {
        if (body.BootId != node.BootId || body.UnchangedSince != node.ObservationSequence)
        {
            return new Rejected(
                RejectionReason.ObservationGap,
                $"node {node.Name} is known up to observation {node.ObservationSequence}, not "
                    + $"{body.UnchangedSince} of this boot: a complete report is needed");
        }

        var lost = node.Status == NodeStatus.Lost;
        if (node.AwaitsReport && !lost)
        {
            Observations.Renew(edit, node.Name, $"confirmed by {node.Name}");
        }

        edit.Put(
            node with
            {
                LastSeen = Math.Max(node.LastSeen, edit.Now),
                ConfirmedAt = lost ? node.ConfirmedAt : Math.Max(node.ConfirmedAt, edit.Now),
                AwaitsReport = node.AwaitsReport && lost,
            },
            $"reported by {node.Name}");
        return edit.Applied();
    }

    private static CommandResult Report(StateEdit edit, ClusterNode node, UpdateState body)
    {
        var rebooted = body.BootId != node.BootId;
        if (!rebooted && body.ObservationSeq <= node.ObservationSequence)
        {
            return new Rejected(
                RejectionReason.StaleObservation,
                $"observation {body.ObservationSeq} of node {node.Name} is not newer than {node.ObservationSequence}");
        }

        var reason = $"reported by {node.Name}";
        var refused = ImmutableArray.CreateBuilder<ItemRefusal>();
        var named = Ordinal.Set.ToBuilder();
        var lost = node.Status == NodeStatus.Lost;
        foreach (var item in body.Vms)
        {
            named.Add(item.Vm);
            if (!edit.Before.Vms.TryGetValue(item.Vm, out var vm))
            {
                refused.Add(new(item.Vm, RejectionReason.VmNotFound, Refusals.VmNotFound(item.Vm)));
            }
            else if (!vm.Observations.TryGetValue(node.Name, out var last))
            {
                refused.Add(new(
                    item.Vm, RejectionReason.NotDefinedHere, $"VM {vm.Name} is not registered on {node.Name}"));
            }
            else
            {
                // Its word counts again only once the leader has taken it back.
                var staleness = item.Unseen ? Staleness.Unseen : lost ? Staleness.NodeLost : Staleness.Fresh;
                var observation = ObservationCodec.Read(item, node.Name) with
                {
                    Staleness = staleness,
                    Recovery = RecoveryOf(item, last),
                };
                vm = Observations.Replace(vm, last, observation, edit.Now);
                edit.Put(ApplyPlacement.Observed(vm, observation), reason);
            }
        }

        if (body.Complete)
        {
            Observations.Forget(edit, node.Name, named, $"no longer on {node.Name}");
        }
        else if (rebooted)
        {
            Observations.Age(edit, node.Name, Staleness.Rebooted, $"node {node.Name} rebooted", except: named);
        }

        node = rebooted ? ApplyNode.Rebooted(node, body.BootId) : node;
        edit.Put(
            node with
            {
                ObservationSequence = body.ObservationSeq,
                LastSeen = Math.Max(node.LastSeen, edit.Now),
                AwaitsReport = node.AwaitsReport && (lost || !body.Complete),
            },
            reason);
        return new Applied(edit.Index, refused.DrainToImmutable());
    }

    /// <summary>Only what can still be forgotten: one that has come back, was annotated or got a policy meanwhile stays.</summary>
    public static CommandResult Forget(StateEdit edit, ForgetObservation body)
    {
        if (edit.Before.Vms.TryGetValue(body.Vm, out var vm) && vm.CanForget(body.Node))
        {
            if (vm.Observations.Count == 1)
            {
                edit.Remove(vm, body.Reason);
            }
            else
            {
                edit.Put(vm with { Observations = vm.Observations.Remove(body.Node) }, body.Reason);
            }
        }

        return edit.Applied();
    }

    /// <summary>A daemon that has just begun does not know yet what was done, and must not undo that it was.</summary>
    private static RecoveryRecord? RecoveryOf(VmObservation item, NodeObservation last) => item.Recovery switch
    {
        null => last.Recovery,
        { Attempts: 0 } => null,
        var recovery => ObservationCodec.Read(recovery),
    };
}
