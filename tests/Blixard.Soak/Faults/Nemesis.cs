using System.Diagnostics;
using Blixard.Cluster.Harness;
using Blixard.Soak.Load;

namespace Blixard.Soak.Faults;

/// <summary>
/// Injects one fault after the other, sometimes two at a time. Once they are undone somebody's write must be
/// acknowledged again, within a bound, whatever is still starting; only then comes the next.
/// </summary>
internal sealed class Nemesis(SoakCluster cluster, SoakOptions options, Workload workload, Action<string> log)
{
    /// <summary>A host boots and a node starts in two or three seconds, and then an election follows.</summary>
    private static readonly TimeSpan ProgressWithin = TimeSpan.FromSeconds(30);

    private readonly Random _random = new(options.Seed);
    private readonly FaultKinds _kinds = new(cluster, options);

    /// <summary>How often each kind was injected.</summary>
    public SortedDictionary<string, int> Injected { get; } = new(StringComparer.Ordinal);

    /// <summary>From the end of the faults to the next write that was acknowledged.</summary>
    public List<TimeSpan> Recoveries { get; } = [];

    public async Task RunAsync()
    {
        for (var done = 0; done < options.Faults;)
        {
            var faults = await DrawAsync(Math.Min(_random.Next(100) < 35 ? 2 : 1, options.Faults - done));
            log($"{done,4}  {string.Join("  +  ", faults)}");
            var began = await Task.WhenAll(faults.Select(ApplyAsync));
            done += began.Count(b => b);
            Recoveries.Add(await ProgressAsync());
            await Task.Delay(_random.Next(0, 600));
        }
    }

    private async Task<IReadOnlyList<Fault>> DrawAsync(int count)
    {
        var drawn = new List<Fault>();
        while (drawn.Count < count)
        {
            var fault = await Pick()(_random);
            if (options.Kinds.Count > 0 && !options.Kinds.Contains(fault.Kind))
            {
                continue;
            }

            if (fault.IsAlone)
            {
                return [fault];
            }

            if (!drawn.Any(other => Collide(fault, other)))
            {
                drawn.Add(fault);
            }
        }

        return drawn;
    }

    /// <summary>No command runs on a host without power, and the join of one cut undoes another of its kind.</summary>
    private static bool Collide(Fault one, Fault other) =>
        one.Kind == other.Kind || one.Hosts.Intersect(other.Hosts).Any();

    private Func<Random, Task<Fault>> Pick()
    {
        var all = _kinds.All;
        var part = _random.Next(all.Sum(kind => kind.Parts));
        foreach (var (parts, make) in all)
        {
            if ((part -= parts) < 0)
            {
                return make;
            }
        }

        throw new UnreachableException();
    }

    /// <returns>False if it could not be injected, because the target went down by itself just before.</returns>
    private async Task<bool> ApplyAsync(Fault fault)
    {
        await Task.Delay(_random.Next(0, 300));
        try
        {
            await fault.Begin();
        }
        catch (InvalidOperationException e)
        {
            log($"      {fault.Kind} {fault.Where} could not be injected: {e.Message.ReplaceLineEndings(" ")}");
            await EndAsync(fault);
            return false;
        }

        lock (Injected)
        {
            Injected[fault.Kind] = Injected.GetValueOrDefault(fault.Kind) + 1;
        }

        await Task.Delay(fault.Hold);
        await EndAsync(fault);
        return true;
    }

    /// <summary>What can't be undone now is tried again: a process may be between two starts.</summary>
    private static Task EndAsync(Fault fault) =>
        Eventually.HoldsAsync($"{fault.Kind} {fault.Where} is undone", TimeSpan.FromSeconds(20), async () =>
        {
            await fault.End();
            return true;
        });

    private async Task<TimeSpan> ProgressAsync()
    {
        var healed = Stopwatch.GetTimestamp();
        await Eventually.HoldsAsync(
            "a write is acknowledged after the faults",
            ProgressWithin,
            () => Task.FromResult(workload.LastWrite > healed));
        return Stopwatch.GetElapsedTime(healed, workload.LastWrite);
    }
}
