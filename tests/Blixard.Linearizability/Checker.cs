namespace Blixard.Linearizability;

/// <summary>
/// Checks whether histories are linearizable (Herlihy and Wing, 1990): by the algorithm of Wing and Gong (1993) with
/// Lowe's memory of configurations already tried ("Testing for linearizability", 2017), as Porcupine has it. What must
/// be kept apart, such as the keys of a store, is checked key by key: linearizability is local.
/// </summary>
public static class Checker
{
    /// <exception cref="ArgumentException">An operation completed before it was invoked.</exception>
    public static Verdict Check<TState, TInput, TOutput>(
        ISequentialModel<TState, TInput, TOutput> model,
        IReadOnlyList<Operation<TInput, TOutput>> history,
        Bound? bound = null)
        where TInput : notnull
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(history);
        for (var i = 0; i < history.Count; i++)
        {
            if (history[i].Completed < history[i].Invoked)
            {
                throw new ArgumentException($"operation {i} completed before it was invoked", nameof(history));
            }
        }

        bound ??= Bound.Default;
        var search = new Search<TState, TInput, TOutput>(model, history, bound);
        return search.Run() switch
        {
            true => new Linearizable(search.Steps),
            null => new GaveUp(search.Steps),
            false => new Explanation<TState, TInput, TOutput>(model, history, bound).Explain(search.Steps),
        };
    }

    /// <summary>The verdict on each key's part of a history, in the order in which the keys first come up.</summary>
    public static IReadOnlyList<KeyValuePair<TKey, Verdict>> CheckPerKey<TKey, TState, TInput, TOutput>(
        ISequentialModel<TState, TInput, TOutput> model,
        IEnumerable<KeyValuePair<TKey, Operation<TInput, TOutput>>> history,
        Bound? bound = null)
        where TKey : notnull
        where TInput : notnull
    {
        ArgumentNullException.ThrowIfNull(history);
        var parts = new OrderedDictionary<TKey, List<Operation<TInput, TOutput>>>();
        foreach (var (key, operation) in history)
        {
            if (!parts.TryGetValue(key, out var part))
            {
                parts.Add(key, part = []);
            }

            part.Add(operation);
        }

        return [.. parts.Select(part => KeyValuePair.Create(part.Key, Check(model, part.Value, bound)))];
    }
}
