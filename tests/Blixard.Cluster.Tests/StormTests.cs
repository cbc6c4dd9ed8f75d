using System.Diagnostics;
using System.Globalization;
using Blixard.Client;
using Blixard.Client.Contracts;

namespace Blixard.Cluster.Tests;

/// <summary>
/// A thousand VMs start at once, and then one after the other, on a host; what becomes of it is read through another
/// node. Nothing may be lost; how long it took is told, not judged.
/// </summary>
[Collection(nameof(ThreeHosts))]
public sealed class StormTests(ThreeHosts hosts, ITestOutputHelper output)
{
    private const int Units = 1000;
    private const int OneByOne = 250;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    [Fact]
    public async Task A_storm_of_a_thousand_starts_is_seen_through_another_node_without_a_loss()
    {
        ThreeHosts.Require();
        await hosts.WholeAsync();
        var (host, through) = (hosts["n1"], hosts["n3"]);
        try
        {
            // A file of its own for each: a link to one file would make them names of one unit.
            await ShellAsync(
                host,
                $"seq -f '/run/systemd/system/microvm@storm%g.service' {Units} | xargs -n 500 "
                    + "sh -c 'printf \"[Service]\\nExecStart=/bin/sleep infinity\\n\" | tee \"$@\" >/dev/null' sh; "
                    + "systemctl daemon-reload");
            var started = Stopwatch.GetTimestamp();
            await ShellAsync(host, $"seq -f 'microvm@storm%g.service' {Units} | xargs systemctl start");
            var jobs = Stopwatch.GetElapsedTime(started);
            await AllAreAsync(through, VmState.Running);
            output.WriteLine(
                $"{Units} starts: done for systemd after {jobs.TotalSeconds:F1} s, seen through {through.Name} after "
                    + $"{Stopwatch.GetElapsedTime(started).TotalSeconds:F1} s");

            await OneByOneAsync(host, through);

            started = Stopwatch.GetTimestamp();
            await ShellAsync(host, $"seq -f 'microvm@storm%g.service' {Units} | xargs systemctl stop");
            await AllAreAsync(through, VmState.Stopped, VmState.Unknown);
            output.WriteLine($"{Units} stops: seen after {Stopwatch.GetElapsedTime(started).TotalSeconds:F1} s");
        }
        finally
        {
            await ShellAsync(host, "systemctl stop 'microvm@storm*'; rm -f /run/systemd/system/microvm@storm*; "
                + "systemctl daemon-reload");
            await RemoveAllAsync(through);
        }

        await hosts.WholeAsync();
    }

    private async Task OneByOneAsync(Member host, Member through)
    {
        using var stop = new CancellationTokenSource(Patience);
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var seen = SeenAsync(through, ready, stop.Token);
        await ready.Task.WaitAsync(stop.Token);
        await ShellAsync(
            host,
            $"for i in $(seq {OneByOne}); do systemctl stop microvm@storm$i.service; sleep 0.03; "
                + "systemctl start microvm@storm$i.service; sleep 0.03; done");
        var taken = await seen;
        taken.Sort();
        output.WriteLine(
            $"from systemd's time of a start to the event of {through.Name}, {taken.Count} starts one by one: "
                + $"p50 {taken[taken.Count / 2]:F0} ms, p99 {taken[taken.Count * 99 / 100]:F0} ms, max {taken[^1]:F0} ms");
    }

    /// <returns>Milliseconds from each start to its event, by the clock that the hosts share with this machine.</returns>
    private static async Task<List<double>> SeenAsync(
        Member through, TaskCompletionSource ready, CancellationToken cancellationToken)
    {
        var taken = new Dictionary<string, double>(StringComparer.Ordinal);
        await foreach (var line in through.Client.WatchEventsAsync(since: null, cancellationToken))
        {
            ready.TrySetResult();
            var now = DateTimeOffset.UtcNow;

            // A stop and a start may come in one report: then only the time of the change is another.
            if (line.Record is not { Type: EventType.Modify, Name: { } name, Changes: { } changes }
                || !name.StartsWith("storm", StringComparison.Ordinal)
                || changes.Any(c => c.Path == "state" && c.New?.GetValue<string>() != "running")
                || changes.FirstOrDefault(c => c.Path == "observations.n1.since")?.New?.GetValue<string>() is not { } since)
            {
                continue;
            }

            taken[name] = (now - DateTimeOffset.Parse(since, CultureInfo.InvariantCulture)).TotalMilliseconds;
            if (taken.Count == OneByOne)
            {
                break;
            }
        }

        return [.. taken.Values];
    }

    private static Task AllAreAsync(Member through, params VmState[] states) =>
        Eventually.HoldsAsync($"all are {states[0]} through {through.Name}", Patience, async () =>
        {
            var vms = (await through.Client.GetVmsAsync(ReadOptions.Stale, default)).Value;
            var there = vms.Count(vm => IsStorm(vm) && states.Contains(vm.State));
            return there == Units ? true : throw new InvalidOperationException($"{there} of {Units}");
        });

    private static async Task RemoveAllAsync(Member through)
    {
        var vms = (await through.Client.GetVmsAsync(ReadOptions.Linearizable, default)).Value;
        foreach (var batch in vms.Where(IsStorm).Chunk(50))
        {
            await Task.WhenAll(batch.Select(vm => through.Client.RemoveVmAsync(vm.Name, default)));
        }
    }

    private static bool IsStorm(Vm vm) => vm.Name.StartsWith("storm", StringComparison.Ordinal);

    private static Task ShellAsync(Member host, string script) => host.ExecAsync("bash", "-c", script);
}
