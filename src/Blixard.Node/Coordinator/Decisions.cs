using System.Collections.Immutable;
using Blixard.Raft.Host;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.Planning;
using Blixard.StateMachine.State;

namespace Blixard.Node.Coordinator;

/// <summary>Something the leader wants done. <paramref name="Reason"/> goes into the log of the daemon.</summary>
internal sealed record Decision(string Subject, string Reason, Command Command)
{
    /// <summary>Goes on by itself, and is not worth a line in the log each time.</summary>
    public bool IsRoutine { get; init; }
}

/// <summary>Asks the planners. Pure: what they say depends on the state and on the leader's contacts alone.</summary>
internal static class Decisions
{
    /// <summary>
    /// What to propose now, in this order. Liveness first: assignments are only made once it is known who is there.
    /// </summary>
    /// <param name="state">Of this term.</param>
    /// <param name="status">The leader's.</param>
    /// <param name="sinceTime">Since this leadership last advanced log time, or began.</param>
    /// <param name="now">Unix milliseconds, by this node's clock.</param>
    /// <param name="forgetAfter">How long a VM that its node has no more is remembered; zero: for ever.</param>
    public static ImmutableArray<Decision> Of(
        ClusterState state, RaftStatus status, TimeSpan sinceTime, long now, TimeSpan forgetAfter) =>
        [.. OfCluster(state, status, sinceTime), .. OfNodes(state, status), .. OfVms(state, now, forgetAfter)];

    private static IEnumerable<Decision> OfCluster(ClusterState state, RaftStatus status, TimeSpan sinceTime)
    {
        if (ClusterVersions.Plan(state, [.. status.Configuration.Members.Select(member => member.Value)]) is { } raise)
        {
            yield return new($"cluster version {raise.Version}", "every node knows it", Command.Of(raise));
        }

        if (LogClock.Plan(state, sinceTime) is { } advance)
        {
            yield return new("log time", $"{advance.ElapsedMs} ms have passed", Command.Of(advance)) { IsRoutine = true };
        }
    }

    private static ImmutableArray<Decision> OfNodes(ClusterState state, RaftStatus status)
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

    private static IEnumerable<Decision> OfVms(ClusterState state, long now, TimeSpan forgetAfter) =>
        Forgetting.Plan(state, now, forgetAfter)
            .Select(forget => new Decision(
                $"VM {forget.Vm} of {forget.Node} forgotten", forget.Reason, Command.Of(forget)));

    private static string Describe(UpdateMonitoringAssignments plan)
    {
        var byNode = plan.Assignments
            .CountBy(assignment => assignment.Node.Length == 0 ? "nobody" : assignment.Node, StringComparer.Ordinal)
            .OrderBy(count => count.Key, StringComparer.Ordinal)
            .Select(count => $"{count.Value} to {count.Key}");
        return $"VMs assigned: {string.Join(", ", byNode)}";
    }
}
