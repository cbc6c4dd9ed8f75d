using Blixard.Client.Contracts;
using Blixard.Node.Replication;
using Blixard.StateMachine.State;
using SharedStatus = Blixard.StateMachine.Commands.NodeStatus;

namespace Blixard.Node.Api;

/// <summary>Whole sentences for an operator, the most urgent first.</summary>
internal static class ClusterWarnings
{
    /// <summary>As in <see cref="ClusterMember.Trouble"/>.</summary>
    public const string Repairing = "repairing";

    /// <inheritdoc cref="Repairing"/>
    public const string StorageLow = "low on disk space";

    public static IReadOnlyList<string> Of(
        ClusterState state,
        QuorumStatus quorum,
        string? leader,
        IReadOnlyList<ClusterMember> members,
        IReadOnlyList<Client.Contracts.Vm> vms,
        bool removed,
        string? trouble)
    {
        var warnings = new List<string>();
        if (removed)
        {
            warnings.Add(Removal.Sentence);
        }
        else if (leader is null)
        {
            warnings.Add(
                $"This node knows no leader: nothing can be changed until {quorum.Needed} of {quorum.Voters} voters "
                    + "reach each other. What is shown is this node's own view.");
        }
        else if (!quorum.Safe)
        {
            warnings.Add(
                $"Only {quorum.Healthy} of {quorum.Voters} voters answer, {quorum.Needed} are needed: the leader is "
                    + "about to step down.");
        }

        warnings.AddRange(vms
            .Where(vm => vm.Alarms.Contains(VmAlarms.DuplicateRunning, StringComparer.Ordinal))
            .Select(vm => $"VM {vm.Name} runs on {string.Join(" and ", VmAttention.RunningOn(vm))}: stop all but one before its "
                + "disks are damaged."));
        warnings.AddRange(state.Nodes.Values
            .Where(node => node.Status == SharedStatus.Lost)
            .Select(node => $"Node {node.Name} is lost since {UtcInstantConverter.Text(Instants.At(node.StatusSince))}"
                + (node.StatusReason.Length == 0 ? "." : $": {node.StatusReason}.")));
        warnings.AddRange(members
            .Where(member => member.Trouble?.Contains(Repairing, StringComparison.Ordinal) == true)
            .Select(member => $"Member {member.Name} lost part of its log to a damaged disk: it does not vote until the leader "
                + "has given it back. Its log names the file."));
        warnings.AddRange(members
            .Where(member => member.Trouble?.Contains(StorageLow, StringComparison.Ordinal) == true)
            .Select(member => $"The disk of node {member.Name} is nearly full: it takes no changes and leads only if nobody "
                + "else can. Free some space."));
        if (quorum is { Safe: true, Tolerates: 0, Voters: > 1 })
        {
            warnings.Add("No further voter may fail: with one less, nothing can be changed.");
        }

        if (state.Membership.Pending is { } pending)
        {
            warnings.Add($"Not done yet: {pending}, asked through {pending.Actor} at index {pending.Request}"
                + (trouble is null ? "." : $": {trouble.TrimEnd('.')}."));
        }

        warnings.AddRange(members
            .Where(member => member.Status == NodeStatus.Unknown)
            .Select(member => state.Nodes.ContainsKey(member.Name)
                ? $"Node {member.Name} was added and has not joined yet: start it with its token."
                : $"Member {member.Name} has never registered itself as a node."));
        if (quorum.Voters is 1 or 2 && members.Count > 1)
        {
            warnings.Add(quorum.Voters == 1
                ? "1 voter for two nodes: no automatic failover. Three nodes have it."
                : "2 voters tolerate no failure: a cluster needs three.");
        }

        return warnings;
    }
}
