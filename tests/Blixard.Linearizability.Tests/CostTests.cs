namespace Blixard.Linearizability.Tests;

/// <summary>What one epoch of a key may be in a long run: cheap, whatever the verdict. Steps, not time.</summary>
public sealed class CostTests(ITestOutputHelper output)
{
    private static readonly Bound Cheap = new(Steps: 200_000);

    [Theory]
    [InlineData(4, 5)]
    [InlineData(16, 5)]
    [InlineData(16, 15)]
    [InlineData(48, 5)]
    public void A_thousand_operations_on_a_key_with_many_unknown_outcomes_are_cheap_to_check(int clients, int unknown)
    {
        var most = 0L;
        for (var seed = 0; seed < 50; seed++)
        {
            var history = RandomHistory.Make(new Random(seed), operations: 1_000, clients, unknown, values: 0);
            var verdict = Checker.Check(new Register(), history, Cheap);
            Assert.True(verdict.IsLinearizable, $"seed {seed}: {verdict}");
            most = Math.Max(most, verdict.Steps);
        }

        output.WriteLine($"{clients} clients, {unknown} % unknown: at most {most} steps");
    }

    [Theory]
    [InlineData(4, 5)]
    [InlineData(16, 5)]
    [InlineData(16, 15)]
    public void And_some_seconds_to_refute(int clients, int unknown)
    {
        var (most, refuted) = (0L, 0);
        for (var seed = 0; seed < 50; seed++)
        {
            var random = new Random(seed);
            var history = RandomHistory.Make(random, operations: 1_000, clients, unknown, values: 0);
            RandomHistory.Falsify(random, history);
            var verdict = Checker.Check(new Register(), history);
            Assert.IsNotType<GaveUp>(verdict);
            refuted += verdict.IsLinearizable ? 0 : 1;
            most = Math.Max(most, verdict.Steps);
        }

        output.WriteLine($"{clients} clients, {unknown} % unknown: {refuted} refuted, at most {most} steps");
        Assert.True(refuted > 30);
    }
}
