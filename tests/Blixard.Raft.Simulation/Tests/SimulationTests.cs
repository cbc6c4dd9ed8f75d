using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Blixard.Raft.Simulation.Checks;
using Blixard.Raft.Simulation.World;

namespace Blixard.Raft.Simulation.Tests;

/// <summary>
/// SEEDS seeds (3000) of EVENTS events (20000) from SEED_BASE (1) on. SEED=n runs that one alone and writes its whole
/// trace to a file.
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
        var seeds = (long)Setting("SEEDS", 3_000);
        var failures = new ConcurrentQueue<SimulationFailure>();
        long handled = 0, elections = 0, committed = 0, acknowledged = 0;
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
            $"{seeds} seeds, {handled} events, {elections} elections, {committed} entries committed, {acknowledged} writes acknowledged in {watch.Elapsed.TotalSeconds:F1} s: {seeds / coreMinutes:F0} seeds per core-minute");
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
        var path = Path.Combine(AppContext.BaseDirectory, $"simulation-{seed}.trace");
        using var trace = new StreamWriter(path);
        Print($"The whole trace is in {path}");
        var result = SimulationRun.Run(seed, events, trace);
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
