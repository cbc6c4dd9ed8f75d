using System.Globalization;
using Blixard.Client.Contracts;
using Blixard.Raft.Core;
using Blixard.Raft.Host;
using Blixard.StateMachine.Planning;
using Blixard.StateMachine.State;

namespace Blixard.Node.Api;

/// <summary>
/// The cluster at a glance. Made of this node's replica and of its engine's view, so it is answered in a partition too;
/// the leader's has the peers' progress and contact, a follower's goes by what the leader wrote into the state.
/// </summary>
internal static class ClusterDocuments
{
    /// <param name="read">What to answer from.</param>
    /// <param name="raft">The engine's view.</param>
    /// <param name="node">Who answers.</param>
    /// <param name="removed">It is no member any longer.</param>
    /// <param name="trouble">As leader: why a change of the members is not made yet; null: nothing is known of that.</param>
    public static ClusterStatus Of(Read read, RaftStatus raft, NodeFacts node, bool removed, string? trouble)
    {
        var state = read.State;
        var names = MemberNames.Of(state, node);
        var vms = VmDocuments.All(state);
        var members = Members(state, raft, node, names);
        var leader = names.OfLeader(raft.Leader);
        var quorum = Quorum(raft, members);
        return new ClusterStatus
        {
            ClusterId = node.ClusterId.ToString("x16", CultureInfo.InvariantCulture),
            ClusterName = node.ClusterName,
            AnsweredBy = node.Name,
            Leader = leader,
            Term = raft.Term,
            CommitIndex = raft.Commit,
            AppliedIndex = state.Index,
            Quorum = quorum,
            Members = members,
            PendingChange = Describe(state.Membership.Pending),
            Vms = VmSummary.Of(vms),
            Attention = VmAttention.Of(vms, ClusterStatus.AttentionLimit),
            Warnings = ClusterWarnings.Of(state, quorum, leader, members, vms, removed, trouble),
            Stale = read.Stale,
            AgeSeconds = read.Age?.TotalSeconds,
        };
    }

    /// <summary>Members of the configuration, and nodes of the state that are in none, by name.</summary>
    public static IReadOnlyList<ClusterMember> Members(ClusterState state, RaftStatus raft, NodeFacts node) =>
        Members(state, raft, node, MemberNames.Of(state, node));

    public static MembershipKind MembershipOf(MemberId member, Configuration configuration) =>
        configuration.Voters.Contains(member) ? MembershipKind.Voter
        : configuration.IsVoter(member) ? MembershipKind.Leaving
        : configuration.Learners.Contains(member) ? MembershipKind.Learner
        : configuration.Voters.IsEmpty ? MembershipKind.Unknown
        : MembershipKind.Observer;

    private static List<ClusterMember> Members(
        ClusterState state, RaftStatus raft, NodeFacts node, MemberNames names)
    {
        var registered = state.Nodes.Values.ToDictionary(known => new MemberId(known.MemberId));
        return
        [
            .. raft.Configuration.Members.Union(registered.Keys)
                .Select(member => Of(member, registered.GetValueOrDefault(member), state, raft, node, names))
                .OrderBy(member => member.Name, StringComparer.Ordinal),
        ];
    }

    private static ClusterMember Of(
        MemberId member,
        ClusterNode? registered,
        ClusterState state,
        RaftStatus raft,
        NodeFacts node,
        MemberNames names)
    {
        var status = registered is null ? NodeStatus.Unknown : NodeDocuments.Of(registered.ShownStatus);
        var contact = registered is null ? NodeStatus.Unknown : NodeDocuments.Of(registered.Status);
        var match = member == raft.Self
            ? raft.Durable
            : raft.Peers.FirstOrDefault(peer => peer.Member == member)?.Match;
        return new ClusterMember
        {
            Id = member.ToString(),
            Name = names.Of(member),
            Role = NodeDocuments.RoleOf(member, contact, raft),
            Membership = MembershipOf(member, raft.Configuration),
            Leader = member == raft.Leader,
            Pending = registered is { } known ? Describe(state.Membership.Pending, known.Name) : null,
            Status = status,
            Trouble = TroubleOf(member, raft),
            RaftAddress = registered is { RaftAddress.Length: > 0 }
                ? registered.RaftAddress
                : node.Peers.GetValueOrDefault(member) is { RaftAddress.Length: > 0 } peer ? peer.RaftAddress : null,
            ApiAddress = registered is { ApiAddress.Length: > 0 } ? registered.ApiAddress : null,
            Version = registered is { Version.Length: > 0 } ? registered.Version : null,
            MatchIndex = match,
            Lag = raft.IsLeader && match is { } stored ? raft.Last - Math.Min(raft.Last, stored) : null,
            LastContactSeconds = NodeDocuments.LastContactOf(member, raft),
        };
    }

    private static string? TroubleOf(MemberId member, RaftStatus raft)
    {
        var peer = raft.Peers.FirstOrDefault(each => each.Member == member);
        var repairing = member == raft.Self ? raft.Repair is not null : peer is { IsRepairing: true };
        var low = member == raft.Self ? raft.StorageLow : peer is { StorageLow: true };
        return (repairing, low) switch
        {
            (true, true) => $"{ClusterWarnings.Repairing}, {ClusterWarnings.StorageLow}",
            (true, false) => ClusterWarnings.Repairing,
            (false, true) => ClusterWarnings.StorageLow,
            _ => null,
        };
    }

    /// <param name="pending">Null: none.</param>
    /// <param name="node">Only if it is about this node.</param>
    private static string? Describe(PendingChange? pending, string? node = null) =>
        pending is null || (node is not null && pending.Node != node)
            ? null
            : $"{pending}, asked through {pending.Actor} at index {pending.Request}";

    private static QuorumStatus Quorum(RaftStatus raft, List<ClusterMember> members)
    {
        var voters = raft.Configuration.Voters;
        var needed = (voters.Count / 2) + 1;
        var byId = members.ToDictionary(member => member.Id, StringComparer.Ordinal);
        var healthy = voters.Count(voter => IsHealthy(voter, byId[voter.ToString()], raft));
        return new QuorumStatus
        {
            Voters = voters.Count,
            Healthy = healthy,
            Needed = needed,
            Safe = !raft.Leader.IsNone && healthy >= needed,
            Tolerates = Math.Max(0, healthy - needed),
        };
    }

    /// <summary>
    /// In contact with the leader: it knows by itself; a follower goes by the status that the leader has replicated.
    /// Without a leader a node can answer for itself alone.
    /// </summary>
    private static bool IsHealthy(MemberId voter, ClusterMember member, RaftStatus raft) =>
        voter == raft.Self || voter == raft.Leader
        || (raft.IsLeader
            ? member.LastContactSeconds <= NodeLiveness.LostAfter.TotalSeconds
            : member.Role != MemberRole.Unknown && member.Status != NodeStatus.Unknown);
}
