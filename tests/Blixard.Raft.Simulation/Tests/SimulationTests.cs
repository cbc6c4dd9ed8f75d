using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Blixard.Raft.Simulation.Checks;
using Blixard.Raft.Simulation.World;

namespace Blixard.Raft.Simulation.Tests;

/// <summary>
/// SEEDS seeds (800) of EVENTS events (20000) from SEED_BASE (1) on, on as many threads as there are cores. SEED=n runs
/// that one alone and writes two files: every step as text, and what it made of its member as JSON, a line each.
/// </summary>
public class SimulationTests(ITestOutputHelper output)
{
    private const ulong GuardEvery = 50;

    [Fact]
    public void Simulation_holds_its_invariants_over_many_seeds()
    {
        var events = (long)Setting("EVENTS", 20_000);
        if (Environment.GetEnvironmentVariable("SEED") is { Length: > 0 })
        {
            Replay(Setting("SEED", 0), events);
            return;
        }

        var first = Setting("SEED_BASE", 1);
        var seeds = (long)Setting("SEEDS", 800);
        var failures = new ConcurrentQueue<SimulationFailure>();
        long held = 0, handled = 0, elections = 0, committed = 0, acknowledged = 0;
        var watch = Stopwatch.StartNew();
        Parallel.For(
            0,
            seeds,
            new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount },
            (offset, loop) =>
            {
                try
                {
                    var result = RunGuarded(first + (ulong)offset, events);
                    Interlocked.Increment(ref held);
                    Interlocked.Add(ref handled, result.Events);
                    Interlocked.Add(ref elections, result.Elections);
                    Interlocked.Add(ref committed, (long)result.Committed);
                    Interlocked.Add(ref acknowledged, result.Acknowledged);
                }
                catch (SimulationFailure failure)
                {
                    failures.Enqueue(failure);
                    loop.Break();
                }
            });
        var coreMinutes = watch.Elapsed.TotalMinutes * Environment.ProcessorCount;
        Print(
            $"{held} of {seeds} seeds hold: {handled} events, {elections} elections, {committed} entries committed, {acknowledged} writes acknowledged in {watch.Elapsed.TotalSeconds:F1} s: {held / coreMinutes:F0} seeds per core-minute on {Environment.ProcessorCount} cores");
        if (failures.OrderBy(failure => failure.Seed).FirstOrDefault() is { } worst)
        {
            Assert.Fail(worst.Message);
        }

        Assert.True(acknowledged > 0 && elections > seeds, "the runs did nothing");
    }

    private static SimulationResult RunGuarded(ulong seed, long events)
    {
        var result = SimulationRun.Run(seed, events);
        if (seed % GuardEvery == 0)
        {
            Assert.Equal(result, SimulationRun.Run(seed, events));
        }

        return result;
    }

    private void Replay(ulong seed, long events)
    {
        var path = Path.Combine(AppContext.BaseDirectory, $"simulation-{seed}");
        using var trace = new StreamWriter($"{path}.trace");
        using var states = new StreamWriter($"{path}.ndjson");
        Print($"The whole trace is in {path}.trace, the members' states are in {path}.ndjson");
        var result = SimulationRun.Run(seed, events, trace, states);
        Print($"Seed {seed} holds: {result}");
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
