using System.Collections.Immutable;
using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.State;

/// <summary>
/// What one entry came to: the answer to whoever proposed it (found by session and sequence, or by
/// <see cref="Nonce"/>), and what changed.
/// </summary>
public sealed record ApplyOutcome(
    CommandResult Result, ImmutableArray<Change> Changes, ulong ClientId, ulong Sequence)
{
    /// <summary>
    /// Contains the entry, and those that were applied in one run with it: of a run only the last state exists as a
    /// value. Set when the run is finished, before anybody sees it.
    /// </summary>
    public ClusterState State { get; internal set; } = ClusterState.Empty;

    /// <summary>
    /// Of an OpenSession; else 0. The new session's id is the <see cref="Applied.Index"/> of the result.
    /// </summary>
    public ulong Nonce { get; init; }

    /// <summary>The command had been applied before: the result is that of the first time.</summary>
    public bool Duplicate { get; init; }
}

/// <summary>A run of entries, applied: the state after the last, and what each command came to, in their order.</summary>
public sealed record AppliedRun(ClusterState State, IReadOnlyList<ApplyOutcome> Outcomes);
