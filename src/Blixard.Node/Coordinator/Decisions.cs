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
    /// <param name="settled">What was looked at before; null: nothing.</param>
    public static ImmutableArray<Decision> Of(
        ClusterState state,
        RaftStatus status,
        TimeSpan sinceTime,
        long now,
        TimeSpan forgetAfter,
        SettledVms? settled = null)
    {
        Decision[] nodes = [.. OfNodes(state, status)];
        ImmutableArray<Decision> urgent = [.. OfCluster(state, status, sinceTime), .. nodes];
        if (settled?.Are(state, now) == true)
        {
            return urgent;
        }

        Decision[] vms = [.. nodes.Length == 0 ? OfMonitors(state) : [], .. OfVms(state, now, forgetAfter)];
        if (nodes.Length == 0 && vms.Length == 0)
        {
            settled?.Note(state, now);
        }

        return [.. urgent, .. vms];
    }

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

    private static IEnumerable<Decision> OfNodes(ClusterState state, RaftStatus status) =>
        NodeLiveness.Plan(state, Contacts.Of(status, state))
            .Select(update => new Decision($"node {update.Node} is {update.Status}", update.Reason, Command.Of(update)));

    private static IEnumerable<Decision> OfMonitors(ClusterState state) => MonitorAssignment.Plan(state) is { } plan
        ? [new Decision("monitoring", Describe(plan), Command.Of(plan))]
        : [];

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

/// <summary>
/// A state in which there was nothing to do about any VM. Planners of VMs go over all of the cluster, and the leader looks
/// four times in a second: while nothing has changed they are asked once in a while, for what only time brings.
/// </summary>
internal sealed class SettledVms
{
    // What time brings to VMs takes hours (Cluster:ForgetAbsentAfterHours).
    private const long GoodForMilliseconds = 60_000;

    private object? _vms;
    private object? _nodes;
    private uint _version;
    private long _since;

    /// <param name="now">Unix milliseconds.</param>
    public bool Are(ClusterState state, long now) =>
        ReferenceEquals(state.Vms, _vms)
        && ReferenceEquals(state.Nodes, _nodes)
        && state.ClusterVersion == _version
        && now >= _since
        && now - _since < GoodForMilliseconds;

    public void Note(ClusterState state, long now) =>
        (_vms, _nodes, _version, _since) = (state.Vms, state.Nodes, state.ClusterVersion, now);
}
