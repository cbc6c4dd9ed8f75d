using Operation = Blixard.Linearizability.Operation<Blixard.Linearizability.RegisterInput, string?>;

namespace Blixard.Linearizability.Tests;

/// <summary>The definition by the word: an order of all that completed, and of any of the rest, explains it.</summary>
internal static class BruteForce
{
    public static bool IsLinearizable(IReadOnlyList<Operation> history) =>
        Explains(new Register(), null, [.. history]);

    private static bool Explains(Register model, string? state, IReadOnlyList<Operation> left)
    {
        if (left.All(o => o.Completed is null))
        {
            return true;
        }

        foreach (var operation in left)
        {
            if (left.Any(other => other.Completed < operation.Invoked))
            {
                continue;
            }

            var (next, answer) = model.Apply(state, operation.Input);
            if ((operation.Completed is null || answer == operation.Output)
                && Explains(model, next, [.. left.Where(o => !ReferenceEquals(o, operation))]))
            {
                return true;
            }
        }

        return false;
    }
}
