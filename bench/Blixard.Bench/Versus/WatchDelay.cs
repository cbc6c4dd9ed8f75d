using System.Diagnostics;
using Blixard.Bench.Load;

namespace Blixard.Bench.Versus;

/// <summary>
/// How long after its acknowledgement by the leader a change comes out of a stream at a follower; negative when it is
/// there first. One write at a time, both ends in one thread.
/// </summary>
internal static class WatchDelay
{
    // Values that no other row writes: one that is there already is no change, and nobody is told of it.
    private const int FirstNumber = 100_000;

    /// <summary>Milliseconds, sorted.</summary>
    public static double[] Measure(Cluster cluster, int writes)
    {
        var leader = cluster.WaitForLeader();
        long answered = 0, seen = 0;
        using var poller = new Poller();
        using var writer = cluster.Connect(leader);
        using var watch = cluster.Watch((leader + 1) % Cluster.Nodes, () => seen = Stopwatch.GetTimestamp());
        writer.Answered = (_, _, ok) => answered = ok ? Stopwatch.GetTimestamp() : throw new IOException("a write failed");
        poller.Add(writer);
        poller.Add(watch);
        for (var until = Stopwatch.StartNew(); until.ElapsedMilliseconds < 300;)
        {
            poller.Wait(50, static wire => wire.Receive());
        }

        var delays = new double[writes];
        for (var write = 0; write < writes; write++)
        {
            (answered, seen) = (0, 0);
            writer.Begin(0, cluster.Write(0, FirstNumber + write));
            writer.Flush();
            for (var patience = Stopwatch.StartNew(); answered == 0 || seen == 0;)
            {
                poller.Wait(100, static wire => wire.Receive());
                if (patience.Elapsed > TimeSpan.FromSeconds(5))
                {
                    throw new IOException($"{cluster.Name}: a change was not told within 5 s");
                }
            }

            delays[write] = (seen - answered) * 1000.0 / Stopwatch.Frequency;
        }

        Array.Sort(delays);
        return delays;
    }
}
