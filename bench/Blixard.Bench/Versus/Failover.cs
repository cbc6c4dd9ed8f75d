using System.Diagnostics;
using Blixard.Bench.Load;

namespace Blixard.Bench.Versus;

/// <summary>
/// From the SIGKILL of the leader to the first write that a survivor acknowledges. A fresh write is sent every 20 ms, to
/// the survivors in turn, each on a connection of its own that was open before: none waits behind one that went lost.
/// </summary>
internal static class Failover
{
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan GiveUp = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(500);

    private const int Connections = 400;

    /// <summary>Seconds, sorted.</summary>
    public static double[] Measure(Cluster cluster, int trials)
    {
        var taken = new double[trials];
        for (var trial = 0; trial < trials; trial++)
        {
            var leader = cluster.WaitForLeader();
            Thread.Sleep(Settle);
            taken[trial] = Trial(cluster, leader, trial);
            cluster.Start(leader);
        }

        cluster.WaitForLeader();
        Array.Sort(taken);
        return taken;
    }

    private static double Trial(Cluster cluster, int leader, int trial)
    {
        int[] survivors = [.. Enumerable.Range(0, Cluster.Nodes).Where(node => node != leader)];
        var wires = Enumerable.Range(0, Connections).Select(i => cluster.Connect(survivors[i % survivors.Length])).ToArray();
        var acknowledged = false;
        using var poller = new Poller();
        foreach (var wire in wires)
        {
            wire.Answered = (_, _, ok) => acknowledged |= ok;
            poller.Add(wire);
        }

        var killed = Stopwatch.GetTimestamp();
        cluster.Kill(leader);
        for (var sent = 0; !acknowledged;)
        {
            var passed = Stopwatch.GetElapsedTime(killed);
            if (passed > GiveUp)
            {
                throw new IOException($"{cluster.Name}: no write for {GiveUp.TotalSeconds} s after its leader was killed");
            }

            if (passed >= Between * sent && sent < wires.Length)
            {
                wires[sent].Begin(0, cluster.Write(sent % 64, trial));
                wires[sent].Flush();
                sent++;
            }

            poller.Wait(1, static wire => wire.Receive());
        }

        var taken = Stopwatch.GetElapsedTime(killed).TotalSeconds;
        foreach (var wire in wires)
        {
            wire.Dispose();
        }

        return taken;
    }
}
