using System.Collections.Immutable;
using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.State;

/// <summary>
/// One client's numbered commands. Forwarded commands may be committed out of order and more than once, so the last
/// sequence alone would not do: every result above the acknowledged watermark is kept.
/// </summary>
public sealed record Session
{
    /// <summary>The log index of its OpenSession.</summary>
    public required ulong Id { get; init; }

    /// <summary>By which the proposer of the OpenSession knows it as its own.</summary>
    public required ulong Nonce { get; init; }

    /// <summary>The node that opened it.</summary>
    public required string Actor { get; init; }

    /// <summary>The log index of its last new command.</summary>
    public required ulong LastUsed { get; init; }

    /// <summary>The log time then, in milliseconds.</summary>
    public long LastUsedAt { get; init; }

    /// <summary>Nothing new is applied in it; its results stay for whoever asks again.</summary>
    public bool Closed { get; init; }

    /// <summary>The client has the answers of all sequences below.</summary>
    public ulong AcknowledgedBelow { get; init; }

    /// <summary>By sequence, none below <see cref="AcknowledgedBelow"/>.</summary>
    public ImmutableSortedDictionary<ulong, CommandResult> Results { get; init; } =
        ImmutableSortedDictionary<ulong, CommandResult>.Empty;
}
