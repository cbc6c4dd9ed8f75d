using System.Collections.Immutable;
using Blixard.Raft.Host;
using Blixard.StateMachine.Planning;
using Blixard.StateMachine.State;

namespace Blixard.Node.Coordinator;

/// <summary>The leader's contacts with the members, told as contacts with the nodes that they are.</summary>
internal static class Contacts
{
    public static ImmutableArray<NodeContact> Of(RaftStatus status, ClusterState state)
    {
        var contacts = ImmutableArray.CreateBuilder<NodeContact>();
        foreach (var node in state.Nodes.Values)
        {
            if (node.MemberId == status.Self.Value)
            {
                contacts.Add(new(node.Name, TimeSpan.Zero));
            }
            else if (status.Peers.FirstOrDefault(peer => peer.Member.Value == node.MemberId) is { } peer
                && (Heard(peer) || peer.SinceContact > NodeLiveness.LostAfter))
            {
                contacts.Add(new(node.Name, peer.SinceContact));
            }
        }

        return contacts.DrainToImmutable();
    }

    /// <summary>
    /// It has acknowledged something of this leadership. Until then the time since contact counts from the election, and
    /// would make a lost node look as if it had just answered.
    /// </summary>
    private static bool Heard(PeerStatus peer) => peer.Match > 0;
}
