using Operation = Blixard.Linearizability.Operation<Blixard.Linearizability.RegisterInput, string?>;

namespace Blixard.Linearizability.Tests;

/// <summary>
/// Histories as a real register gives them: each operation takes effect at some time between its invocation and its
/// completion. So they are linearizable, unless an answer is falsified afterwards.
/// </summary>
internal static class RandomHistory
{
    /// <param name="random">Decides everything.</param>
    /// <param name="operations">How many.</param>
    /// <param name="clients">Each has one operation under way at a time.</param>
    /// <param name="unknown">Of how many percent the outcome is unknown; half of those take no effect.</param>
    /// <param name="values">How many different values are written; 0 for unique ones.</param>
    public static List<Operation> Make(Random random, int operations, int clients, int unknown, int values)
    {
        var free = new long[clients];
        var made = new List<(Operation Operation, long Effect)>();
        for (var i = 0; i < operations; i++)
        {
            var client = random.Next(clients);
            var invoked = free[client] + random.Next(1, 4);
            var effect = invoked + random.Next(0, 12);
            var completed = effect + random.Next(0, 12);
            free[client] = completed;
            var isUnknown = random.Next(100) < unknown;
            var input = random.Next(5) switch
            {
                < 2 => RegisterInput.Write($"v{(values == 0 ? i : random.Next(values))}"),
                2 when random.Next(2) == 0 => RegisterInput.Delete,
                _ => RegisterInput.Read,
            };
            made.Add((
                new()
                {
                    Client = $"c{client}",
                    Input = input,
                    Invoked = invoked,
                    Completed = isUnknown ? null : completed,
                },
                !isUnknown ? effect : random.Next(2) == 0 ? long.MaxValue : effect + random.Next(0, 60)));
        }

        string? state = null;
        var outputs = new string?[operations];
        foreach (var i in Enumerable.Range(0, operations).OrderBy(i => made[i].Effect).ThenBy(i => i))
        {
            if (made[i].Effect != long.MaxValue)
            {
                (state, outputs[i]) = new Register().Apply(state, made[i].Operation.Input);
            }
        }

        return
        [
            .. made.Select(m => m.Operation)
                .Select((o, i) => o.Completed is null ? o : o with { Output = outputs[i] }),
        ];
    }

    /// <summary>Lets one read that has an answer answer what another operation wrote, or nothing.</summary>
    public static void Falsify(Random random, List<Operation> history)
    {
        int[] reads =
        [
            .. history.Index()
                .Where(o => o.Item is { Input.Act: RegisterAct.Read, Completed: not null })
                .Select(o => o.Index),
        ];
        string?[] values = [null, .. history.Select(o => o.Input.Value).OfType<string>()];
        if (reads.Length > 0)
        {
            var read = reads[random.Next(reads.Length)];
            history[read] = history[read] with { Output = values[random.Next(values.Length)] };
        }
    }
}
