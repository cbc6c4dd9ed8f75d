using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.State;

/// <summary>How far an operation is. Permanent numbers (snapshots).</summary>
public enum OperationState
{
    None = 0,

    /// <summary>It holds the VM: another one is refused.</summary>
    Pending = 1,
    Done = 2,
    Refused = 3,
}

/// <summary>
/// What is being done with a managed VM, or was done last. Replicated, so that it outlives the node through which it
/// was asked for and the leader that began it.
/// </summary>
public sealed record Operation
{
    /// <summary>The log index of its BeginOperation: its name.</summary>
    public required ulong Index { get; init; }

    public required OperationKind Kind { get; init; }

    public required OperationState State { get; init; }

    /// <summary>Of a move: where to; empty: where the planner says.</summary>
    public string Target { get; init; } = "";

    /// <summary>The generation that it found.</summary>
    public ulong Generation { get; init; }

    /// <summary>The node through which it was asked for.</summary>
    public string Actor { get; init; } = "";

    /// <summary>As asked.</summary>
    public string Reason { get; init; } = "";

    /// <summary>In Unix milliseconds.</summary>
    public long Since { get; init; }

    /// <summary>In Unix milliseconds; 0: not yet.</summary>
    public long EndedAt { get; init; }

    /// <summary>Why it was not done.</summary>
    public string Detail { get; init; } = "";

    public bool IsPending => State == OperationState.Pending;
}
