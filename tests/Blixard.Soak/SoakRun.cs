using System.Diagnostics;
using Blixard.Client;
using Blixard.Linearizability;
using Blixard.Soak.Faults;
using Blixard.Soak.Load;

namespace Blixard.Soak;

/// <summary>
/// The whole of it: clients at work, faults, an end without faults, and then the questions: did every member come back
/// to the same, does an order explain what the clients saw, is every acknowledged write accounted for?
/// </summary>
internal sealed class SoakRun(SoakCluster cluster, SoakOptions options, Action<string> log)
{
    /// <summary>Histories are checked at most this long each; who gives up has failed.</summary>
    private static readonly Bound PerKey = new(Steps: 200_000_000, TimeSpan.FromSeconds(60));

    public async Task<SoakReport> RunAsync()
    {
        var started = Stopwatch.GetTimestamp();
        var problems = new List<string>();
        await using var workload = new Workload(cluster.Members, options.Clients, options.Seed);
        var nemesis = new Nemesis(cluster, options, workload, log);
        var whole = TimeSpan.Zero;
        await cluster.WholeAsync();
        await workload.StartAsync();
        var underLoad = Stopwatch.GetTimestamp();
        try
        {
            await nemesis.RunAsync();
        }
        catch (Exception e) when (e is TimeoutException or InvalidOperationException)
        {
            problems.Add(e.Message);
        }

        await workload.StopAsync();
        var loadEnded = Stopwatch.GetTimestamp();
        try
        {
            whole = await cluster.WholeAsync();
            problems.AddRange(await workload.ReadAllAsync());
        }
        catch (Exception e) when (e is TimeoutException or ProblemException or EndpointUnreachableException)
        {
            problems.Add($"at the end: {e.Message}");
        }

        problems.AddRange(workload.Complaints);
        log("checking the histories");
        var checks = Check(workload.Keys);
        problems.AddRange(checks.Where(c => !c.Verdict.IsLinearizable).Select(c => $"{c.Key}: {c.Verdict}"));
        return new SoakReport
        {
            Seed = options.Seed,
            Injected = nemesis.Injected,
            Recoveries = nemesis.Recoveries,
            Whole = whole,
            Clients = options.Clients,
            Done = workload.Of(Outcome.Done),
            Failed = workload.Of(Outcome.Failed),
            Unknown = workload.Of(Outcome.Unknown),
            CutShort = workload.Malformed,
            AcknowledgedChanges = workload.Acknowledged.Count,
            LongestSilence = LongestSilence(workload.Acknowledged, underLoad, loadEnded),
            Lost = checks.Sum(c => LostWrites.Of(c.Key.History())),
            Keys = checks,
            Problems = problems,
            Took = Stopwatch.GetElapsedTime(started),
        };
    }

    private static IReadOnlyList<CheckedKey> Check(IReadOnlyList<Key> keys) =>
    [
        .. keys.AsParallel().AsOrdered()
            .Select(key => new CheckedKey(key, Checker.Check(new Register(), key.History(), PerKey))),
    ];

    /// <summary>The longest time under load in which nobody's change was acknowledged.</summary>
    private static TimeSpan LongestSilence(IReadOnlyList<long> acknowledged, long from, long to)
    {
        long[] times = [from, .. acknowledged.Where(at => at > from && at < to), to];
        return Stopwatch.GetElapsedTime(0, times.Zip(times.Skip(1), (earlier, later) => later - earlier).Max());
    }
}

/// <param name="Key">The register.</param>
/// <param name="Verdict">On its whole history.</param>
internal sealed record CheckedKey(Key Key, Verdict Verdict);
