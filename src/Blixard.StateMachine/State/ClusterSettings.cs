namespace Blixard.StateMachine.State;

/// <summary>
/// What every replica must decide alike, and so is part of the state rather than of a node's options.
/// </summary>
/// <param name="MaxSessions">Opening one more forgets the session that was used longest ago.</param>
/// <param name="MaxSessionResults">Results a session may hold that its client has not acknowledged.</param>
public sealed record ClusterSettings(int MaxSessions, int MaxSessionResults)
{
    public static ClusterSettings Default { get; } = new(MaxSessions: 4096, MaxSessionResults: 1024);
}
