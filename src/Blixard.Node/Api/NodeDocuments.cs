using Blixard.Client.Contracts;
using Blixard.Raft.Core;
using Blixard.Raft.Host;
using Blixard.StateMachine.State;
using SharedStatus = Blixard.StateMachine.Commands.NodeStatus;

namespace Blixard.Node.Api;

/// <summary>A node of the replicated state as the API shows it, with what the engine knows of it as a member.</summary>
internal static class NodeDocuments
{
    public static IReadOnlyList<NodeInfo> All(ClusterState state, RaftStatus raft)
    {
        var vms = VmDocuments.All(state).ToLookup(vm => vm.Node, StringComparer.Ordinal);
        var monitored = state.Vms.Values.CountBy(vm => vm.Monitor ?? "").ToDictionary(StringComparer.Ordinal);
        return
        [
            .. state.Nodes.Values.Select(
                node => Of(node, raft, vms[node.Name], monitored.GetValueOrDefault(node.Name))),
        ];
    }

    public static NodeInfo Of(ClusterState state, RaftStatus raft, ClusterNode node) => Of(
        node,
        raft,
        state.Vms.Values.Where(vm => vm.Location == node.Name).Select(vm => VmDocuments.Of(state, vm)),
        state.Vms.Values.Count(vm => vm.Monitor == node.Name));

    public static NodeStatus Of(SharedStatus status) => status switch
    {
        SharedStatus.Active => NodeStatus.Active,
        SharedStatus.Suspect => NodeStatus.Suspect,
        SharedStatus.Draining => NodeStatus.Draining,
        SharedStatus.Fenced => NodeStatus.Fenced,
        SharedStatus.Lost => NodeStatus.Lost,
        _ => NodeStatus.Unknown,
    };

    /// <summary>
    /// What the member does in the cluster, as far as the answering node can tell: a lost one may do anything, and
    /// without a leader so may all others.
    /// </summary>
    /// <param name="member">Which.</param>
    /// <param name="contact">Whether the leader hears it, whatever its lease is worth.</param>
    /// <param name="raft">Of the answering node.</param>
    public static MemberRole RoleOf(MemberId member, NodeStatus contact, RaftStatus raft)
    {
        if (member == raft.Self)
        {
            return raft.Role switch
            {
                RaftRole.Leader => MemberRole.Leader,
                RaftRole.Learner => MemberRole.Learner,
                RaftRole.Follower => MemberRole.Follower,
                RaftRole.Observer => MemberRole.Observer,
                _ => MemberRole.Candidate,
            };
        }

        return member == raft.Leader ? MemberRole.Leader
            : raft.Leader.IsNone || contact == NodeStatus.Lost || !raft.Configuration.Contains(member) ? MemberRole.Unknown
            : raft.Configuration.IsVoter(member) ? MemberRole.Follower
            : MemberRole.Learner;
    }

    /// <summary>Seconds since the leader heard from the member; only the leader knows.</summary>
    public static double? LastContactOf(MemberId member, RaftStatus raft) => !raft.IsLeader ? null
        : member == raft.Self ? 0
        : raft.Peers.FirstOrDefault(peer => peer.Member == member)?.SinceContact.TotalSeconds;

    private static NodeInfo Of(ClusterNode node, RaftStatus raft, IEnumerable<Client.Contracts.Vm> vms, int monitoring)
    {
        var member = new MemberId(node.MemberId);
        return new NodeInfo
        {
            Id = member.ToString(),
            Name = node.Name,
            RaftAddress = Text(node.RaftAddress),
            ApiAddress = Text(node.ApiAddress),
            Version = Text(node.Version),
            Status = Of(node.ShownStatus),
            Role = RoleOf(member, Of(node.Status), raft),
            BootId = Text(node.BootId),
            Labels = node.Labels,
            Capacity = node is { Cpus: 0, MemoryBytes: 0 } ? null : new NodeCapacity
            {
                Cpus = node.Cpus == 0 ? null : (int)node.Cpus,
                MemoryBytes = node.MemoryBytes == 0 ? null : (long)node.MemoryBytes,
            },
            Vms = VmSummary.Of(vms),
            Monitoring = monitoring,
            LastContactSeconds = LastContactOf(member, raft),
        };
    }

    private static string? Text(string text) => text.Length == 0 ? null : text;
}
