using Blixard.Client;
using Blixard.Client.Contracts;

namespace Blixard.Cluster.Tests;

/// <summary>What only the node of a VM has, asked for through another one.</summary>
[Collection(nameof(ThreeHosts))]
public sealed class LogsAndHistoryTests(ThreeHosts hosts)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_line_is_seen_through_another_node_while_it_follows()
    {
        ThreeHosts.Require();
        await hosts.WholeAsync();
        using var stop = new CancellationTokenSource(Patience);
        await using var log = hosts["n3"].Client
            .ReadLogsAsync("noisy2", new LogOptions { Follow = true, Lines = 1 }, stop.Token)
            .GetAsyncEnumerator(stop.Token);
        Assert.True(await log.MoveNextAsync());
        var before = log.Current.Record;

        await hosts["n2"].ExecAsync("systemctl", "restart", "microvm@noisy2.service");
        LogRecord line;
        do
        {
            Assert.True(await log.MoveNextAsync());
            line = log.Current.Record;
        }
        while (line.Message is not { } message || !message.Contains("I/O error", StringComparison.Ordinal));

        Assert.True(line.Time > before.Time);
        Assert.Equal(3, line.Priority);
        var resumed = await LinesAsync("n1", new LogOptions { After = before.Cursor, Priority = "err" });
        Assert.Contains(resumed, record => record.Cursor == line.Cursor);
    }

    [Fact]
    public async Task A_vms_cpu_over_time_is_had_through_another_node_and_its_loss_is_told()
    {
        ThreeHosts.Require();
        await hosts.WholeAsync();
        var options = new HistoryOptions { Metric = "cpu", Since = "5m" };
        await Eventually.HoldsAsync("batch3 has a history through n1", Patience, async () =>
            (await HistoryAsync("n1", options)).Points.Any(point => point.Average > 1));
        Assert.All((await HistoryAsync("n2", options)).Nodes, node => Assert.True(node.Answered, node.Reason));

        await hosts["n3"].StopDaemonAsync();
        try
        {
            var without = await HistoryAsync("n1", options);
            Assert.Contains(without.Nodes, node => node is { Node: "n3", Answered: false, Reason: not null });
            Assert.All(without.Points, point => Assert.Null(point.Average));
            var unreachable = await Assert.ThrowsAsync<ProblemException>(() => LinesAsync("n1", new LogOptions(), "batch3"));
            Assert.True(unreachable.Is(ProblemTypes.NodeUnreachable), unreachable.Message);
        }
        finally
        {
            await hosts["n3"].StartDaemonAsync();
            await hosts.WholeAsync();
        }

        // What it had recorded it has still.
        await Eventually.HoldsAsync("the samples from before the restart", Patience, async () =>
            (await HistoryAsync("n1", options)).Points.Any(point => point.Average > 1));
    }

    [Fact]
    public async Task Damaged_samples_are_set_aside_and_begun_anew()
    {
        ThreeHosts.Require();
        await hosts.WholeAsync();
        var host = hosts["n1"];
        await host.StopDaemonAsync();
        await host.ExecAsync(
            "sh",
            "-c",
            "for f in /var/lib/blixard/history/log/samples.log.*; do "
                + "printf X | dd of=\"$f\" bs=1 seek=100 conv=notrunc; done");
        await host.StartDaemonAsync();
        await hosts.WholeAsync();

        await Eventually.HoldsAsync("n1 records again", Patience, async () =>
            (await host.Client.GetLocalStatusAsync(full: false, default)).History is
            { State: "recording", SetAside: not null, Newest: not null });
        await host.ExecAsync("sh", "-c", "test -s /var/lib/blixard/history/damaged-*/samples.log.0");
    }

    private async Task<VmHistory> HistoryAsync(string through, HistoryOptions options) =>
        (await hosts[through].Client.GetHistoryAsync("batch3", options, default)).Value;

    private async Task<List<LogRecord>> LinesAsync(string through, LogOptions options, string vm = "noisy2")
    {
        List<LogRecord> records = [];
        await foreach (var line in hosts[through].Client.ReadLogsAsync(vm, options, default))
        {
            records.Add(line.Record);
        }

        return records;
    }
}
