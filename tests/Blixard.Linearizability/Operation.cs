namespace Blixard.Linearizability;

/// <summary>
/// One operation as its client saw it. What is known to have failed without any effect is no operation: leave it out.
/// </summary>
/// <typeparam name="TInput">What was asked for; compared by equality.</typeparam>
/// <typeparam name="TOutput">What was answered; compared by equality.</typeparam>
public sealed record Operation<TInput, TOutput>
{
    /// <summary>Who asked; for messages only.</summary>
    public required string Client { get; init; }

    public required TInput Input { get; init; }

    /// <summary>
    /// When it was asked for, on the one monotonic clock of the whole history; any unit. Taken before the request can
    /// have had an effect.
    /// </summary>
    public required long Invoked { get; init; }

    /// <summary>
    /// When the answer was there, not before <see cref="Invoked"/>. Null: the outcome is unknown, and it may have taken
    /// effect at any time since, or never, or may still do so.
    /// </summary>
    public long? Completed { get; init; }

    /// <summary>What was answered; without meaning where <see cref="Completed"/> is null.</summary>
    public TOutput? Output { get; init; }
}
