using Blixard.Raft.Core;
using Blixard.StateMachine.State;

namespace Blixard.Node.Api;

/// <summary>What a Raft member is called: as it registered, else as it is configured, else by its id.</summary>
internal sealed class MemberNames
{
    private readonly Dictionary<MemberId, string> _names = [];

    private MemberNames()
    {
    }

    public static MemberNames Of(ClusterState state, NodeFacts node)
    {
        var names = new MemberNames();
        foreach (var (member, peer) in node.Peers)
        {
            names._names[member] = peer.Name;
        }

        names._names[node.Member] = node.Name;
        foreach (var registered in state.Nodes.Values)
        {
            names._names[new MemberId(registered.MemberId)] = registered.Name;
        }

        return names;
    }

    public string Of(MemberId member) => _names.GetValueOrDefault(member) ?? member.ToString();

    /// <summary>Null for nobody.</summary>
    public string? OfLeader(MemberId leader) => leader.IsNone ? null : Of(leader);
}
