namespace Blixard.Client;

public enum Consistency
{
    /// <summary>The answer reflects every change acknowledged before the request; needs a quorum.</summary>
    Linearizable = 0,

    /// <summary>Whatever the answering node has; works in a minority partition.</summary>
    Stale,
}

/// <summary>How fresh an answer has to be, and whether to wait for it.</summary>
public sealed record ReadOptions
{
    public static ReadOptions Linearizable { get; } = new();

    public static ReadOptions Stale { get; } = new() { Consistency = Consistency.Stale };

    public Consistency Consistency { get; init; }

    /// <summary>Only from a state at or after this index: one's own write, made through another node.</summary>
    public ulong? MinIndex { get; init; }

    /// <summary>Hold the answer until the resource changed after <see cref="SeenIndex"/>, at most this long.</summary>
    public TimeSpan? Wait { get; init; }

    /// <summary>Goes with <see cref="Wait"/>: the index of the answer that the caller has.</summary>
    public ulong? SeenIndex { get; init; }
}

/// <summary>An answer and what is known about its state.</summary>
/// <param name="Value">The resource.</param>
/// <param name="Index">Log index of the state it was made from; 0 on vminfod's surface, which may not tell.</param>
/// <param name="LastContact">Of a stale answer: time since its node had contact with a leader. Else null.</param>
public sealed record Answer<T>(T Value, ulong Index, TimeSpan? LastContact);
