using Blixard.Bench.Load;

namespace Blixard.Bench.Versus;

/// <summary>
/// <c>make bench-etcd</c>: the rows of the targets table for both systems, in turn, on one machine and one disk, and how
/// they compare.
/// </summary>
internal static class Comparison
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);

    // Both at etcd's defaults: heartbeat 100 ms, election 1000 ms and up to twice that.
    private static readonly string[] EqualTimers =
        ["--raft:tickmilliseconds=100", "--raft:heartbeatticks=1", "--raft:electionticks=10"];

    public static void Run(string blixardProgram, string etcdProgram)
    {
        var root = Path.GetFullPath(Path.Combine(Settings.Directory, $"etcd-{Environment.ProcessId}"));
        using var ours = new BlixardCluster(blixardProgram, Path.Combine(root, "blixard"), 17_600);
        using var theirs = new EtcdCluster(
            etcdProgram, Path.Combine(root, "etcd"), 17_700, Settings.EtcdClientsPerConnection);
        Cluster[] both = Settings.OursOnly ? [ours] : [ours, theirs];
        var ratios = new SortedDictionary<string, double>(StringComparer.Ordinal);
        Say($"load average {Settings.LoadAverage}; {Environment.ProcessorCount} processors; 256-byte values, fsync on; "
            + $"{Settings.Repetitions} x {Settings.Seconds} s for each cell; data in {root}");
        foreach (var cluster in both)
        {
            cluster.Start();
        }

        Memory(both, ratios);
        Load(both, ratios);
        Watch(both);
        Idle(both, ratios);
        Failovers(ours, theirs, ratios);
        Say($"load average at the end {Settings.LoadAverage}");
        string[] order =
        [
            "writes_1", "writes_16", "writes_64", "writes_64_leader", "writes_256", "p99_writes_64",
            "reads_linearizable_64", "reads_stale_64", "cpu_per_write_64", "failover_median", "failover_max", "rss",
            "idle_cpu",
        ];
        foreach (var name in order.Where(ratios.ContainsKey))
        {
            Say($"ratio {name} {ratios[name]:0.00}");
        }
    }

    private static void Idle(Cluster[] both, SortedDictionary<string, double> ratios)
    {
        if (!Settings.Wants("idle_cpu"))
        {
            return;
        }

        // What starting costs, and what the compiler makes of the last load, is not what waiting costs.
        Thread.Sleep(TimeSpan.FromSeconds(20));
        var before = both.Select(cluster => cluster.Cpu).ToArray();
        Thread.Sleep(TimeSpan.FromSeconds(Settings.IdleSeconds));
        var used = both.Select((cluster, i) => (cluster.Cpu - before[i]) * 1000 / Settings.IdleSeconds).ToArray();
        Say($"idle cpu, three nodes        {used[0],8:0.0} ms/s   etcd {used[^1],8:0.0} ms/s");
        ratios["idle_cpu"] = used[0] / used[^1];
    }

    private static void Memory(Cluster[] both, SortedDictionary<string, double> ratios)
    {
        if (!Settings.Wants("rss"))
        {
            return;
        }

        var rss = both.Select(cluster =>
        {
            for (var done = 0; done < Settings.WritesForMemory;)
            {
                done += Once(cluster, Cell.All[2], TimeSpan.Zero, TimeSpan.FromSeconds(1)).Latencies.Length;
            }

            return cluster.LargestRss;
        }).ToArray();
        Say($"rss after {Settings.WritesForMemory} writes, largest {rss[0],6:0} MB     etcd {rss[^1],8:0} MB");
        ratios["rss"] = rss[0] / rss[^1];
    }

    private static void Load(Cluster[] both, SortedDictionary<string, double> ratios)
    {
        // Compilers of code that runs often have had their say before anything is measured.
        foreach (var cluster in both)
        {
            Once(cluster, Cell.All[2], TimeSpan.Zero, TimeSpan.FromSeconds(Settings.WarmUpSeconds));
        }

        Say($"{"",-22} {"system",-8} {"per second",10} {"p50 ms",8} {"p99 ms",8} {"servers, client: cpu ms per 1000",34} {"load",12}");
        foreach (var cell in Cell.All.Where(cell => Settings.Wants(cell.Name)))
        {
            // Another kind of load is other code: it too is compiled before it is measured.
            foreach (var cluster in both)
            {
                Once(cluster, cell, TimeSpan.Zero, TimeSpan.FromSeconds(Settings.WarmUpSeconds / 4));
            }

            var results = both.ToDictionary(cluster => cluster, _ => new List<LoadResult>());
            for (var repetition = 0; repetition < Settings.Repetitions; repetition++)
            {
                foreach (var cluster in both)
                {
                    var result = Once(cluster, cell, WarmUp, TimeSpan.FromSeconds(Settings.Seconds));
                    results[cluster].Add(result);
                    Row(cell, cluster, result);
                }
            }

            double Ratio(Func<LoadResult, double> figure) =>
                Median(results[both[0]].Select(figure)) / Median(results[both[^1]].Select(figure));
            ratios[cell.Name] = Ratio(result => result.Rate);
            if (cell.Name == "writes_64")
            {
                ratios["p99_writes_64"] = Ratio(result => result.Percentile(0.99));
                ratios["cpu_per_write_64"] = Ratio(result => result.ServerCpuPerThousand);
            }
        }
    }

    private static void Watch(Cluster[] both)
    {
        if (!Settings.Wants("watch"))
        {
            return;
        }

        foreach (var cluster in both)
        {
            var delays = WatchDelay.Measure(cluster, 500);
            Say($"change to watch, after the acknowledgement, at a follower: {cluster.Name,-8} "
                + $"p50 {At(delays, 0.5):0.00} ms, p99 {At(delays, 0.99):0.00} ms");
        }
    }

    private static void Failovers(BlixardCluster ours, EtcdCluster theirs, SortedDictionary<string, double> ratios)
    {
        if (!Settings.Wants("failover"))
        {
            return;
        }

        Failed("blixard, own timers 50/300 ms", Failover.Measure(ours, Settings.Trials));
        ours.Flags = EqualTimers;
        ours.Restart();
        var (mine, other) = (Failover.Measure(ours, Settings.Trials), Failover.Measure(theirs, Settings.Trials));
        Failed("blixard, timers 100/1000 ms", mine);
        Failed("etcd, timers 100/1000 ms", other);
        ratios["failover_median"] = At(mine, 0.5) / At(other, 0.5);
        ratios["failover_max"] = mine[^1] / other[^1];
    }

    private static void Failed(string what, double[] taken) => Say(
        $"leader killed to first write, {taken.Length} trials: {what,-30} median {At(taken, 0.5):0.000} s, "
        + $"min {taken[0]:0.000} s, max {taken[^1]:0.000} s");

    private static LoadResult Once(Cluster cluster, Cell cell, TimeSpan warmUp, TimeSpan measured)
    {
        var leader = cluster.WaitForLeader();
        var clients = cluster.Connect(cell.Clients, cell.LeaderOnly ? leader : null);
        try
        {
            // Made before, or making them would be measured as well.
            var requests = Enumerable.Range(0, cell.Clients).Select(client => RequestsOf(cluster, cell, client)).ToArray();
            var turns = new int[cell.Clients];
            return new ClosedLoop(
                clients,
                client => requests[client][turns[client]++ % requests[client].Length],
                () => cluster.Cpu).Run(warmUp, measured);
        }
        finally
        {
            foreach (var (wire, _) in clients)
            {
                wire.Dispose();
            }
        }
    }

    private static Request[] RequestsOf(Cluster cluster, Cell cell, int client) => cell.Kind == CellKind.Write
        ? [.. Enumerable.Range(0, Cluster.KeysPerClient * 2).Select(number => cluster.Write(client, number))]
        : [cluster.Read(client, linearizable: cell.Kind == CellKind.LinearizableRead)];

    private static void Row(Cell cell, Cluster cluster, LoadResult result)
    {
        var errors = result.Errors == 0 ? "" : $"   {result.Errors} errors";
        Say($"{cell.Name,-22} {cluster.Name,-8} {result.Rate,10:0} {result.Percentile(0.5),8:0.00} "
            + $"{result.Percentile(0.99),8:0.00} {result.ServerCpuPerThousand,22:0.0}, {result.ClientCpuPerThousand,10:0.0} "
            + $"{Settings.LoadAverage,12}{errors}");
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return At(sorted, 0.5);
    }

    private static double At(double[] sorted, double part) => sorted[(int)Math.Round((sorted.Length - 1) * part)];

    private static void Say(string text) => Console.WriteLine(text);
}
