using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.StateMachine.Planning;

/// <summary>When log time goes on: often enough for sessions that live an hour, seldom enough for an idle log.</summary>
public static class LogClock
{
    public static TimeSpan Every { get; } = TimeSpan.FromMinutes(1);

    /// <param name="state">As of now.</param>
    /// <param name="elapsed">
    /// Since this leadership last advanced it, or began, by the leader's monotonic clock.
    /// </param>
    public static AdvanceTime? Plan(ClusterState state, TimeSpan elapsed)
    {
        var advance = new AdvanceTime { ElapsedMs = (ulong)(elapsed.Ticks / TimeSpan.TicksPerMillisecond) };
        return elapsed >= Every && state.ClusterVersion >= CommandVersions.Needed(Command.Of(advance)) ? advance : null;
    }
}
