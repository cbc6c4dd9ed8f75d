using System.Collections.Immutable;
using Blixard.StateMachine.Commands;
using Google.Protobuf.Collections;

namespace Blixard.StateMachine.State;

/// <summary>RegisterNode and UpdateNode.</summary>
internal static class ApplyNode
{
    /// <summary>
    /// A new node is Active: it has just spoken. A known one keeps its status, which is the leader's to change.
    /// </summary>
    public static CommandResult Register(StateEdit edit, RegisterNode body)
    {
        if (edit.Command.Actor != body.Node)
        {
            return Refusals.NotYours(edit.Command.Actor, body.Node);
        }

        if (edit.Before.Membership.Removed.TryGetValue(body.MemberId, out var removed))
        {
            return Refusals.MemberRemoved(body.MemberId, removed);
        }

        if (Taken(edit.Before, body) is { } taken)
        {
            return new Rejected(RejectionReason.NameTaken, taken);
        }

        if (Math.Max(body.ClusterVersion, CommandVersions.Oldest) < edit.Before.ClusterVersion)
        {
            return new Rejected(
                RejectionReason.ClusterVersionUnfit,
                $"node {body.Node} knows cluster versions up to {Math.Max(body.ClusterVersion, CommandVersions.Oldest)}, "
                    + $"the cluster has {edit.Before.ClusterVersion}: start a newer blixard-node there");
        }

        var known = edit.Before.Nodes.GetValueOrDefault(body.Node) ?? new ClusterNode
        {
            Name = body.Node,
            MemberId = body.MemberId,
            RegisteredAt = edit.Now,
            Status = NodeStatus.Active,
            StatusReason = "registered",
            StatusSince = edit.Now,
            LastSeen = edit.Now,
        };
        if (known.Status == NodeStatus.Unknown)
        {
            // It was added, and this is its first word.
            known = known with
            {
                Status = NodeStatus.Active,
                StatusReason = "joined",
                StatusSince = edit.Now,
                LastSeen = edit.Now,
            };
        }

        var node = (known.BootId == body.BootId ? known : Rebooted(known, body.BootId)) with
        {
            ApiAddress = body.ApiAddress,
            RaftAddress = body.RaftAddress,
            Version = body.Version,
            ClusterVersion = body.ClusterVersion,
            Labels = LabelsOf(body.Labels),
            Cpus = body.Cpus,
            MemoryBytes = body.MemoryBytes,
        };
        edit.Put(node, $"node {node.Name} registered");
        if (node.BootId != known.BootId)
        {
            Observations.Age(edit, node.Name, Staleness.Rebooted, $"node {node.Name} rebooted");
        }

        return edit.Applied();
    }

    public static CommandResult Update(StateEdit edit, UpdateNode body)
    {
        if (!edit.Before.Nodes.TryGetValue(body.Node, out var known))
        {
            return Refusals.NodeNotFound(body.Node);
        }

        var budget = body.HasKillBudgetMs || body.HasWatchdogMs;
        if (budget && edit.Command.Actor != body.Node)
        {
            return Refusals.NotYours(edit.Command.Actor, body.Node);
        }

        if (budget && !known.Lease.IsHeld)
        {
            return Refusals.LeaseUnfit(known);
        }

        var why = body.Reason.Length == 0 ? "" : $": {body.Reason}";
        var node = known with
        {
            Lease = budget ? Grown(known.Lease, body) : known.Lease,
            ApiAddress = body.HasApiAddress ? body.ApiAddress : known.ApiAddress,
            RaftAddress = body.HasRaftAddress ? body.RaftAddress : known.RaftAddress,
            Version = body.HasVersion ? body.Version : known.Version,
            Labels = body.Labels is { } labels ? LabelsOf(labels.Labels) : known.Labels,
        };
        if (!body.HasStatus || body.Status == known.Status)
        {
            edit.Put(node, $"node {node.Name} updated by {edit.Command.Actor}{why}");
            return edit.Applied();
        }

        node = node with { Status = body.Status, StatusReason = body.Reason, StatusSince = edit.Now };
        var reason = $"node {node.Name} {(node.Status == NodeStatus.Lost ? "lost" : "active again")}{why}";
        if (node.Status == NodeStatus.Lost)
        {
            // Coming back does not make them fresh again, the node's next word does.
            node = node with { AwaitsReport = true };
            Observations.Age(edit, node.Name, Staleness.NodeLost, reason);
        }

        edit.Put(node, reason);
        return edit.Applied();
    }

    /// <summary>Another boot counts its reports anew, and what the last one said is no longer known to hold.</summary>
    public static ClusterNode Rebooted(ClusterNode node, string bootId) => node with
    {
        BootId = bootId,
        PreviousBootId = node.BootId,
        ObservationSequence = 0,
    };

    /// <summary>Within an epoch they only grow: a fence that was armed with more may be outstanding.</summary>
    private static NodeLease Grown(NodeLease lease, UpdateNode body) => lease with
    {
        KillBudgetMs = Math.Max(lease.KillBudgetMs, body.KillBudgetMs),
        WatchdogMs = Math.Max(lease.WatchdogMs, body.WatchdogMs),
    };

    private static string? Taken(ClusterState state, RegisterNode body)
    {
        foreach (var node in state.Nodes.Values)
        {
            var (sameName, sameMember) = (node.Name == body.Node, node.MemberId == body.MemberId);
            if (sameName != sameMember)
            {
                return sameName
                    ? $"node {node.Name} is member {NodeFields.MemberText(node.MemberId)}, "
                        + $"not {NodeFields.MemberText(body.MemberId)}"
                    : $"member {NodeFields.MemberText(node.MemberId)} is node {node.Name}, not {body.Node}";
            }
        }

        return null;
    }

    private static ImmutableSortedDictionary<string, string> LabelsOf(RepeatedField<Label> labels)
    {
        var byKey = Ordinal.Map<string>().ToBuilder();
        foreach (var label in labels)
        {
            byKey.Add(label.Key, label.Value);
        }

        return byKey.ToImmutable();
    }
}
