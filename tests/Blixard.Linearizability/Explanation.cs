using System.Globalization;
using System.Text;

namespace Blixard.Linearizability;

/// <summary>
/// Makes a violation small: linearizability is closed under prefixes, so there is a first completion at which it ends,
/// and nothing that came later has to be looked at.
/// </summary>
internal sealed class Explanation<TState, TInput, TOutput>(
    ISequentialModel<TState, TInput, TOutput> model, IReadOnlyList<Operation<TInput, TOutput>> history, Bound bound)
    where TInput : notnull
{
    private const int Shown = 12;

    public Violation Explain(long steps)
    {
        long[] completions = [.. history.Select(o => o.Completed).OfType<long>().Distinct().Order()];
        var (low, high) = (0, completions.Length - 1);
        while (low < high)
        {
            var middle = (low + high) / 2;
            var shorter = SearchUntil(completions[middle], out _);
            // What can't be decided within the bound is left longer than it might be.
            (low, high) = shorter.Run() == false ? (low, middle) : (middle + 1, high);
            steps += shorter.Steps;
        }

        var search = SearchUntil(completions[high], out var places);
        search.Run();
        var brokenBy = history.Index().First(o => o.Item.Completed == completions[high]).Index;
        int[] prefix = [.. search.Deepest.Select(i => places[i])];
        int[] unplaced = [.. search.NoPlace.Select(i => places[i])];
        return new(
            steps + search.Steps, brokenBy, prefix, unplaced, Text(brokenBy, prefix, unplaced, search));
    }

    /// <summary>What was invoked by that time; what had not completed by then has an unknown outcome.</summary>
    private Search<TState, TInput, TOutput> SearchUntil(long time, out int[] places)
    {
        places = [.. Enumerable.Range(0, history.Count).Where(i => history[i].Invoked <= time)];
        Operation<TInput, TOutput>[] part =
        [
            .. places.Select(i => history[i].Completed > time
                ? history[i] with { Completed = null, Output = default }
                : history[i]),
        ];
        return new(model, part, bound);
    }

    private string Text(int brokenBy, int[] prefix, int[] unplaced, Search<TState, TInput, TOutput> search)
    {
        var text = new StringBuilder("not linearizable from here on:\n");
        Line(brokenBy);
        text.Append(CultureInfo.InvariantCulture, $"an order was found for {prefix.Length} of what was before");
        text.Append(prefix.Length > Shown ? $", the last {Shown} of them:\n" : ":\n");
        foreach (var operation in prefix.TakeLast(Shown))
        {
            Line(operation);
        }

        text.Append("  now the state is ").Append(model.Describe(search.StateThere!));
        text.Append(search.IsStillToBeSeen ? ", which is still to be seen\n" : "\n");
        text.Append("and what must come next, nothing of it fits:\n");
        foreach (var operation in unplaced.Take(Shown))
        {
            Line(operation);
        }

        return text.ToString();

        void Line(int place)
        {
            var operation = history[place];
            text.Append(CultureInfo.InvariantCulture, $"  #{place} {operation.Client} [{operation.Invoked} .. ");
            text.Append(operation.Completed?.ToString(CultureInfo.InvariantCulture) ?? "?").Append("] ");
            text.Append(model.Describe(operation)).Append('\n');
        }
    }
}
