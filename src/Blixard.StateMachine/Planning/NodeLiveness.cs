using System.Collections.Immutable;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.StateMachine.Planning;

/// <summary>
/// How long ago the leader last heard from a node, by its own monotonic clock. For a node it has not heard from since
/// it leads, the time since it leads: a new leader must give everyone the chance to answer. For itself, zero.
/// </summary>
public readonly record struct NodeContact(string Node, TimeSpan Silence);

/// <summary>
/// Which nodes are lost and which have returned. The bounds lie apart, so that a node which answers every few seconds
/// stays lost rather than come and go.
/// </summary>
public static class NodeLiveness
{
    /// <summary>A longer silence is a loss.</summary>
    public static TimeSpan LostAfter { get; } = TimeSpan.FromSeconds(3);

    /// <summary>A lost node has returned once its silence is no longer than this.</summary>
    public static TimeSpan ReturnedWithin { get; } = TimeSpan.FromSeconds(1);

    /// <summary>What to propose. A node without a figure in <paramref name="contacts"/> is not judged.</summary>
    public static ImmutableArray<UpdateNode> Plan(ClusterState state, IReadOnlyList<NodeContact> contacts)
    {
        var updates = ImmutableArray.CreateBuilder<UpdateNode>();
        foreach (var (name, silence) in contacts)
        {
            if (!state.Nodes.TryGetValue(name, out var node))
            {
                continue;
            }

            if (node.Status == NodeStatus.Active && silence > LostAfter)
            {
                var milliseconds = silence.Ticks / TimeSpan.TicksPerMillisecond;
                updates.Add(new UpdateNode
                {
                    Node = name,
                    Status = NodeStatus.Lost,
                    Reason = $"no answer for {milliseconds} ms",
                });
            }
            else if (node.Status == NodeStatus.Lost && silence <= ReturnedWithin)
            {
                updates.Add(new UpdateNode { Node = name, Status = NodeStatus.Active, Reason = "answers again" });
            }
        }

        return updates.DrainToImmutable();
    }
}
