using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Blixard.Raft.Core;
using Blixard.Raft.Simulation.Checks;
using Blixard.Raft.Simulation.Scenarios;
using Blixard.Raft.Simulation.World;

namespace Blixard.Raft.Mutants;

/// <summary>
/// Every rule of <see cref="Mutant"/>, broken in turn, must be found: by a transcript in Scenarios/, or by the simulator
/// in up to MUTANT_SEEDS seeds (1000) of EVENTS events (20000) each. MUTANT=name plants only that one. As many at once as
/// there are cores; each on one thread from its first seed to its last, as <see cref="Planted"/> is of the thread.
/// </summary>
public class MutantTests(ITestOutputHelper output)
{
    private static readonly ulong Seeds = Setting("MUTANT_SEEDS", 1_000);
    private static readonly long Events = (long)Setting("EVENTS", 20_000);

    [Fact]
    public void Every_planted_bug_is_found()
    {
        var one = Environment.GetEnvironmentVariable("MUTANT") is { Length: > 0 } name ? Enum.Parse<Mutant>(name) : Mutant.None;
        Mutant[] bugs = one != Mutant.None ? [one] : [.. Enum.GetValues<Mutant>().Where(bug => bug != Mutant.None)];
        var survivors = new ConcurrentBag<Mutant>();
        var watch = Stopwatch.StartNew();
        Parallel.ForEach(
            Partitioner.Create(bugs, EnumerablePartitionerOptions.NoBuffering),
            new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount },
            bug =>
            {
                if (Hunt(bug) is { } found)
                {
                    Print($"{bug,-40} {found}");
                }
                else
                {
                    Print($"{bug,-40} SURVIVED {Seeds} seeds");
                    survivors.Add(bug);
                }
            });
        Print($"{bugs.Length - survivors.Count} of {bugs.Length} planted bugs found in {watch.Elapsed.TotalSeconds:F0} s");
        Assert.True(survivors.IsEmpty, $"{string.Join(", ", survivors.Order())} survived {Seeds} seeds of {Events} events");
    }

    [Fact]
    public void Without_a_planted_bug_nothing_is_found()
    {
        for (ulong seed = 1; seed <= 20; seed++)
        {
            Assert.Null(Failure(seed)?.Message);
        }

        Assert.Empty(BrokenScenarios());
    }

    /// <summary>By what it was found, seed and transcripts alike; null: not at all.</summary>
    private static string? Hunt(Mutant bug)
    {
        Planted.Bug = bug;
        try
        {
            var scenarios = BrokenScenarios();
            var transcripts = scenarios.Count == 0 ? "" : $"transcripts {string.Join(", ", scenarios)}";

            // With a transcript the bug is found; that chance finds it too is worth knowing, and not worth long.
            var seeds = scenarios.Count == 0 ? Seeds : Math.Min(Seeds, 60);
            for (ulong seed = 1; seed <= seeds; seed++)
            {
                if (Failure(seed) is { } failure)
                {
                    return $"{failure.Invariant} in seed {seed}" + (transcripts.Length > 0 ? $"; {transcripts}" : "");
                }
            }

            return transcripts.Length > 0 ? transcripts : null;
        }
        finally
        {
            Planted.Bug = Mutant.None;
        }
    }

    /// <summary>The names of the transcripts that are no longer what they were.</summary>
    private static List<string> BrokenScenarios()
    {
        var broken = new List<string>();
        foreach (var path in Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Scenarios"), "*.txt").Order())
        {
            var expected = File.ReadAllText(path);
            try
            {
                if (ScenarioFile.Run(expected) == expected)
                {
                    continue;
                }
            }
            catch (Exception e) when (e is RaftInvariantException or ArgumentException or InvalidOperationException)
            {
                // A member that stops, or never becomes what the transcript goes on from.
            }

            broken.Add(Path.GetFileNameWithoutExtension(path));
        }

        return broken;
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
