using System.Diagnostics;

namespace Blixard.Bench.Load;

/// <summary>What one run of <see cref="ClosedLoop"/> measured. Times are seconds, latencies microseconds.</summary>
/// <param name="Seconds">Length of the measured part.</param>
/// <param name="Errors">Requests that were not done as asked, warming up included.</param>
/// <param name="Latencies">Of each request done in the measured part, sorted.</param>
/// <param name="ClientCpu">CPU of this program in the measured part.</param>
/// <param name="ServerCpu">CPU of all servers in the measured part.</param>
internal sealed record LoadResult(double Seconds, int Errors, int[] Latencies, double ClientCpu, double ServerCpu)
{
    public double Rate => Latencies.Length / Seconds;

    /// <summary>Milliseconds.</summary>
    public double Percentile(double part) =>
        Latencies.Length == 0 ? double.NaN : Latencies[(int)((Latencies.Length - 1) * part)] / 1000.0;

    /// <summary>Milliseconds of the servers' CPU per thousand requests.</summary>
    public double ServerCpuPerThousand => ServerCpu * 1e6 / Latencies.Length;

    /// <summary>Milliseconds of the client's CPU per thousand requests.</summary>
    public double ClientCpuPerThousand => ClientCpu * 1e6 / Latencies.Length;
}

/// <summary>
/// Some clients, each of which sends its next request when it has the answer to the last: one thread for all of them,
/// so that both systems are loaded at the same small cost.
/// </summary>
/// <param name="clients">A client is a slot of a connection.</param>
/// <param name="next">The next request of a client, by its number.</param>
/// <param name="serverCpu">Seconds of CPU that the servers have used so far.</param>
internal sealed class ClosedLoop(
    IReadOnlyList<(Wire Wire, int Slot)> clients, Func<int, Request> next, Func<double> serverCpu)
{
    private readonly long[] _began = new long[clients.Count];
    private readonly Dictionary<Wire, int> _firstOf = [];
    private readonly List<int> _latencies = new(1 << 16);
    private int _errors;
    private int _underWay;
    private bool _measuring;
    private bool _stopping;

    /// <summary>Runs for <paramref name="warmUp"/> and <paramref name="measured"/>, then waits for what is out.</summary>
    public LoadResult Run(TimeSpan warmUp, TimeSpan measured)
    {
        using var poller = new Poller();
        for (var client = 0; client < clients.Count; client++)
        {
            var (wire, _) = clients[client];
            if (_firstOf.TryAdd(wire, client))
            {
                wire.Answered = Answered;
                poller.Add(wire);
            }
        }

        for (var client = 0; client < clients.Count; client++)
        {
            Begin(client);
        }

        foreach (var wire in _firstOf.Keys)
        {
            wire.Flush();
        }

        _underWay = clients.Count;
        Turn(poller, Stopwatch.GetTimestamp() + (long)(warmUp.TotalSeconds * Stopwatch.Frequency));
        var (began, client0, server0) = (Stopwatch.GetTimestamp(), OwnCpu(), serverCpu());
        _measuring = true;
        Turn(poller, began + (long)(measured.TotalSeconds * Stopwatch.Frequency));
        _measuring = false;
        var (seconds, client1, server1) = (Stopwatch.GetElapsedTime(began).TotalSeconds, OwnCpu(), serverCpu());
        _stopping = true;
        var patience = Stopwatch.GetTimestamp() + (10 * Stopwatch.Frequency);
        while (_underWay > 0 && Stopwatch.GetTimestamp() < patience)
        {
            poller.Wait(100, Receive);
        }

        var latencies = _latencies.ToArray();
        Array.Sort(latencies);
        return new(seconds, _errors, latencies, client1 - client0, server1 - server0);
    }

    private static double OwnCpu() => Environment.CpuUsage.TotalTime.TotalSeconds;

    private static void Turn(Poller poller, long until)
    {
        while (Stopwatch.GetTimestamp() < until)
        {
            poller.Wait(10, Receive);
        }
    }

    private static void Receive(Wire wire)
    {
        wire.Receive();
        if (wire.IsOver)
        {
            throw new IOException($"{wire.EndPoint} closed a connection under load");
        }
    }

    private void Begin(int client)
    {
        var (wire, slot) = clients[client];
        _began[client] = Stopwatch.GetTimestamp();
        wire.Begin(slot, next(client));
    }

    private void Answered(Wire wire, int slot, bool ok)
    {
        var client = _firstOf[wire] + slot;
        if (!ok)
        {
            _errors++;
        }
        else if (_measuring)
        {
            _latencies.Add((int)Stopwatch.GetElapsedTime(_began[client]).TotalMicroseconds);
        }

        if (_stopping)
        {
            _underWay--;
        }
        else
        {
            Begin(client);
        }
    }
}
