using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.Planning;

/// <summary>
/// A command that a planner wants proposed, in the term in which it was asked and by the leader itself.
/// </summary>
/// <param name="Subject">What is decided, for people: <c>node n2 is fenced</c>.</param>
/// <param name="Reason">Why.</param>
/// <param name="Command">Without its envelope.</param>
public sealed record Planned(string Subject, string Reason, Command Command);
