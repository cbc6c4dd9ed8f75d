using System.Collections.Immutable;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.StateMachine.Planning;

/// <summary>
/// Which version the cluster can have: the newest that every node knows which will apply the log. A member that has
/// never said anything holds it back, for nobody knows what it runs.
/// </summary>
public static class ClusterVersions
{
    /// <param name="state">As of now.</param>
    /// <param name="members">All that the leader replicates to, itself included.</param>
    /// <returns>Null: it stays as it is.</returns>
    public static SetClusterVersion? Plan(ClusterState state, ImmutableSortedSet<ulong> members)
    {
        var heard = ImmutableSortedSet<ulong>.Empty;
        var common = ClusterState.SupportedClusterVersion;
        foreach (var node in state.Nodes.Values)
        {
            if (node.HasJoined)
            {
                heard = heard.Add(node.MemberId);
                common = Math.Min(common, node.KnownClusterVersion);
            }
        }

        return common > state.ClusterVersion && members.IsSubsetOf(heard)
            ? new SetClusterVersion { Version = common }
            : null;
    }

    /// <summary>The nodes that keep the cluster below <paramref name="version"/>, as far as they have spoken.</summary>
    public static ImmutableArray<string> Behind(ClusterState state, uint version) =>
        [.. state.Nodes.Values.Where(node => node.KnownClusterVersion < version).Select(node => node.Name)];
}
