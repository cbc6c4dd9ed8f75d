using System.Globalization;

namespace Blixard.Bench;

/// <summary>What the environment says; the defaults are what bench/README.md reports.</summary>
internal static class Settings
{
    /// <summary>Measured seconds of one cell.</summary>
    public static double Seconds => Number("BENCH_SECONDS", 4);

    /// <summary>Seconds of load on each system before the first cell.</summary>
    public static double WarmUpSeconds => Number("BENCH_WARM_UP_SECONDS", 8);

    /// <summary>Times that each cell is measured, the two systems in turn.</summary>
    public static int Repetitions => (int)Number("BENCH_REPS", 3);

    /// <summary>Leaders killed for each row about failover.</summary>
    public static int Trials => (int)Number("BENCH_TRIALS", 20);

    /// <summary>Seconds over which idle nodes are watched.</summary>
    public static double IdleSeconds => Number("BENCH_IDLE_SECONDS", 10);

    /// <summary>Writes before memory is looked at.</summary>
    public static int WritesForMemory => (int)Number("BENCH_WRITES", 100_000);

    /// <summary>Clients that share one connection to etcd.</summary>
    public static int EtcdClientsPerConnection => (int)Number("BENCH_ETCD_CLIENTS_PER_CONNECTION", 1);

    /// <summary>Entries in the log that the engine is restarted with.</summary>
    public static int RestartEntries => (int)Number("BENCH_ENTRIES", 1_000_000);

    /// <summary>Names of rows, separated by commas; empty: all.</summary>
    public static bool Wants(string row) =>
        Environment.GetEnvironmentVariable("BENCH_ROWS") is not { Length: > 0 } rows
        || rows.Split(',').Contains(row);

    public static bool OursOnly => Environment.GetEnvironmentVariable("BENCH_OURS") == "1";

    /// <summary>Everything is written below it, on the disk that is to be measured.</summary>
    public static string Directory =>
        Environment.GetEnvironmentVariable("BENCH_DIR") is { Length: > 0 } directory ? directory : "artifacts/bench";

    /// <summary>Averages over 1 and 5 minutes (proc(5), loadavg).</summary>
    public static string LoadAverage => string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ').Take(2));

    private static double Number(string name, double otherwise) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text
            ? double.Parse(text, CultureInfo.InvariantCulture)
            : otherwise;
}
