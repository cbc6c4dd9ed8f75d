using System.Collections.Immutable;
using Blixard.Raft.Host;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.Planning;
using Blixard.StateMachine.State;

namespace Blixard.Node.Coordinator;

/// <summary>Something the leader wants done. <paramref name="Reason"/> goes into the log of the daemon.</summary>
internal sealed record Decision(string Subject, string Reason, Command Command);

/// <summary>Asks the planners. Pure: what they say depends on the state and on the leader's contacts alone.</summary>
internal static class Decisions
{
    /// <summary>
    /// What to propose now, in this order. Liveness first: assignments are only made once it is known who is there.
    /// </summary>
    public static ImmutableArray<Decision> Of(ClusterState state, RaftStatus status)
    {
        var updates = NodeLiveness.Plan(state, Contacts.Of(status, state));
        if (!updates.IsEmpty)
        {
            return [.. updates.Select(update => new Decision(
                $"node {update.Node} is {update.Status}", update.Reason, Command.Of(update)))];
        }

        return MonitorAssignment.Plan(state) is { } plan
            ? [new Decision("monitoring", Describe(plan), Command.Of(plan))]
            : [];
    }

    private static string Describe(UpdateMonitoringAssignments plan)
    {
        var byNode = plan.Assignments
            .CountBy(assignment => assignment.Node.Length == 0 ? "nobody" : assignment.Node, StringComparer.Ordinal)
            .OrderBy(count => count.Key, StringComparer.Ordinal)
            .Select(count => $"{count.Value} to {count.Key}");
        return $"VMs assigned: {string.Join(", ", byNode)}";
    }
}
