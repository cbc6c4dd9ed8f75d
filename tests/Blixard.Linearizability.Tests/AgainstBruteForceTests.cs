namespace Blixard.Linearizability.Tests;

public sealed class AgainstBruteForceTests(ITestOutputHelper output)
{
    /// <summary>Small enough for every order to be tried, and with every kind of operation and overlap.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void Small_histories_get_the_verdict_of_the_definition(int values)
    {
        var counts = new int[2];
        for (var seed = 0; seed < 6_000; seed++)
        {
            var random = new Random(seed);
            var history = RandomHistory.Make(
                random, operations: random.Next(1, 9), clients: random.Next(1, 5), unknown: random.Next(60), values);
            for (var lie = random.Next(3); lie > 0; lie--)
            {
                RandomHistory.Falsify(random, history);
            }

            var expected = BruteForce.IsLinearizable(history);
            counts[expected ? 1 : 0]++;
            var verdict = Histories.Check(history);
            var plain = Checker.Check(new RegisterWithoutHints(), history);
            if (verdict.IsLinearizable != expected || plain.IsLinearizable != expected)
            {
                Assert.Fail(
                    $"seed {seed}, {values} values: should be {expected}\n{verdict}\n{string.Join('\n', history)}");
            }

            if (verdict is Violation violation)
            {
                Explained(seed, history, violation);
            }
        }

        output.WriteLine($"{counts[1]} linearizable, {counts[0]} not");
        Assert.All(counts, count => Assert.True(count > 500));
    }

    /// <summary>The history breaks where the violation says: not before, but then.</summary>
    private static void Explained(
        int seed, List<Operation<RegisterInput, string?>> history, Violation violation)
    {
        var end = history[violation.BrokenBy].Completed!.Value;
        Assert.False(BruteForce.IsLinearizable(Until(end)), $"seed {seed}: it breaks later than {end}");
        Assert.True(BruteForce.IsLinearizable(Until(end - 1)), $"seed {seed}: it breaks before {end}");
        Assert.NotEmpty(violation.Unplaced);

        List<Operation<RegisterInput, string?>> Until(long time) =>
        [
            .. history.Where(o => o.Invoked <= time)
                .Select(o => o.Completed > time ? o with { Completed = null, Output = null } : o),
        ];
    }
}
