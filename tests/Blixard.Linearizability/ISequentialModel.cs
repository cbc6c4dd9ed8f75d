namespace Blixard.Linearizability;

/// <summary>
/// What the system under test would be if operations came one after the other: a deterministic state machine. Pure;
/// states and inputs are immutable and compared by equality.
/// </summary>
public interface ISequentialModel<TState, TInput, TOutput>
{
    TState Initial { get; }

    /// <summary>The state after an operation, and what it answers.</summary>
    (TState Next, TOutput Answer) Apply(TState state, TInput input);

    /// <summary>
    /// True if such an operation never changes a state. It is then placed wherever its answer is right, without trying
    /// any other place.
    /// </summary>
    bool IsRead(TInput input);

    /// <summary>
    /// What the whole history tells that spares the search work; null if the model has no such knowledge. Only for a
    /// model in which whatever is no read leads to the same state, and answers the same, from every state.
    /// </summary>
    IHints<TState, TInput, TOutput>? Study(IReadOnlyList<Operation<TInput, TOutput>> history);

    /// <summary>The operation in words, without its client and times.</summary>
    string Describe(Operation<TInput, TOutput> operation);

    /// <summary>The state in words.</summary>
    string Describe(TState state);
}

/// <summary>Who saw which state in one history. It spares the search work, and never changes a verdict.</summary>
public interface IHints<TState, TInput, TOutput>
{
    /// <summary>
    /// For an operation of unknown outcome: the time by which it must have taken effect, because its effect was seen
    /// then; <see cref="long.MaxValue"/> if it may do so at any time or never; null if nobody can have seen its
    /// effect, so that it may be left out.
    /// </summary>
    long? Latest(Operation<TInput, TOutput> unknown);

    /// <summary>The number, from 0 on, of a state that some read saw; -1 for a state that none saw.</summary>
    int Number(TState state);

    /// <summary>The <see cref="Number"/> of the state that a read with a known answer saw.</summary>
    int SeenBy(Operation<TInput, TOutput> read);

    /// <summary>True if only one operation of the history leads to that state: it never comes back.</summary>
    bool ComesOnce(TState state);
}
