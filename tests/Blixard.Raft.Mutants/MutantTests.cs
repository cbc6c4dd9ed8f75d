using System.Globalization;
using Blixard.Raft.Core;
using Blixard.Raft.Simulation.Checks;
using Blixard.Raft.Simulation.Scenarios;
using Blixard.Raft.Simulation.World;

namespace Blixard.Raft.Mutants;

/// <summary>
/// Every rule of <see cref="Mutant"/>, broken in turn, must be found by the simulator. Up to MUTANT_SEEDS seeds (300)
/// of EVENTS events (20000) each, or only the one called MUTANT; what chance hardly ever meets, a transcript in Scenarios/ must bring about.
/// </summary>
public class MutantTests(ITestOutputHelper output)
{
    private static readonly ulong Seeds = Setting("MUTANT_SEEDS", 300);
    private static readonly long Events = (long)Setting("EVENTS", 20_000);

    public static TheoryData<string> Bugs =>
        Environment.GetEnvironmentVariable("MUTANT") is { Length: > 0 } one
            ? [one]
            : [.. Enum.GetNames<Mutant>().Where(name => name != nameof(Mutant.None))];

    [Theory]
    [MemberData(nameof(Bugs))]
    public void A_planted_bug_is_found(string bug)
    {
        Planted.Bug = Enum.Parse<Mutant>(bug);
        try
        {
            for (ulong seed = 1; seed <= Seeds; seed++)
            {
                if (Failure(seed) is { } failure)
                {
                    Print($"{bug}: {failure.Invariant} in seed {seed}");
                    output.WriteLine(failure.Message);
                    return;
                }
            }

            if (BrokenScenario() is { } scenario)
            {
                Print($"{bug}: scenario {scenario}");
                return;
            }
        }
        finally
        {
            Planted.Bug = Mutant.None;
        }

        Assert.Fail($"{bug} survived {Seeds} seeds of {Events} events");
    }

    [Fact]
    public void Without_a_planted_bug_nothing_is_found()
    {
        for (ulong seed = 1; seed <= 20; seed++)
        {
            Assert.Null(Failure(seed)?.Message);
        }

        Assert.Null(BrokenScenario());
    }

    /// <summary>The name of a transcript that is no longer what it was.</summary>
    private static string? BrokenScenario()
    {
        foreach (var path in Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Scenarios"), "*.txt").Order())
        {
            var expected = File.ReadAllText(path);
            try
            {
                if (ScenarioFile.Run(expected) != expected)
                {
                    return Path.GetFileName(path);
                }
            }
            catch (RaftInvariantException)
            {
                return Path.GetFileName(path);
            }
        }

        return null;
    }

    private static SimulationFailure? Failure(ulong seed)
    {
        try
        {
            SimulationRun.Run(seed, Events);
            return null;
        }
        catch (SimulationFailure failure)
        {
            return failure;
        }
    }

    private void Print(FormattableString text)
    {
        var line = text.ToString(CultureInfo.InvariantCulture);
        output.WriteLine(line);
        Console.WriteLine(line);
    }

    private static ulong Setting(string name, ulong otherwise) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text
            ? ulong.Parse(text, CultureInfo.InvariantCulture)
            : otherwise;
}
