using System.Collections.Immutable;
using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.State;

/// <summary>
/// The state after an entry, the answer to whoever proposed it (found by session and sequence, or by
/// <see cref="Nonce"/>), and what changed.
/// </summary>
public sealed record ApplyOutcome(
    ClusterState State, CommandResult Result, ImmutableArray<Change> Changes, ulong ClientId, ulong Sequence)
{
    /// <summary>
    /// Of an OpenSession; else 0. The new session's id is the <see cref="Applied.Index"/> of the result.
    /// </summary>
    public ulong Nonce { get; init; }

    /// <summary>The command had been applied before: the result is that of the first time.</summary>
    public bool Duplicate { get; init; }
}
