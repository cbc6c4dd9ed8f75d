using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.RegularExpressions;
using Blixard.Node.Agent;
using Blixard.Node.Fencing;
using Blixard.Node.History;
using Blixard.Node.Metrics;
using Blixard.Node.Replication;
using Blixard.Node.Tests.Api;
using Blixard.Node.Tests.History;
using Blixard.Raft.Core;
using Blixard.Raft.Host;
using Blixard.StateMachine.Commands;
using Label = Blixard.Node.Metrics.Label;

namespace Blixard.Node.Tests.Metrics;

/// <summary>The whole page, as Prometheus gets it.</summary>
public partial class MetricsEndpointTests
{
    [Fact]
    public async Task The_page_has_the_format_the_raft_figures_and_no_series_twice()
    {
        await using var host = await StartWithEverythingAsync();

        using var answer = await host.GetAsync("/metrics");
        var text = await answer.Content.ReadAsStringAsync();

        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", answer.Content.Headers.ContentType?.ToString());
        Assert.DoesNotContain('\r', text);
        Assert.EndsWith("\n", text);
        Assert.Contains("\nblixard_raft_term 3\n", text);
        Assert.Contains("\nblixard_raft_is_leader 1\n", text);
        Assert.Contains("\nblixard_raft_peer_lag_entries{peer=\"n2\"} ", text);
        Assert.Contains("\nblixard_raft_peer_last_contact_seconds{peer=\"n3\"} 0.05\n", text);
        Assert.Contains("\nblixard_vm_memory_bytes{vm=\"web1\"} 2\n", text);
        Assert.Contains("\nblixard_cluster_nodes{status=\"active\"} 3\n", text);
        Assert.Contains("\nblixard_metrics_dropped_series_total{reason=\"invalid\"} 0\n", text);
        Assert.Distinct(Series(text));
    }

    [Fact]
    public async Task A_follower_knows_nothing_of_its_peers_and_exports_nothing_of_them()
    {
        await using var host = await StartWithEverythingAsync();
        host.Engine.Follow();

        var text = await host.Http.GetStringAsync("/metrics");

        Assert.DoesNotContain("blixard_raft_peer", text);
        Assert.Contains("\nblixard_raft_is_leader 0\nblixard_raft_has_leader 1\n", text.Replace(
            "# HELP blixard_raft_has_leader 1 if this node knows a leader.\n# TYPE blixard_raft_has_leader gauge\n", ""));
    }

    [Fact]
    public async Task The_documentation_lists_what_is_exported_and_nothing_else()
    {
        using var raft = new RaftMetrics();
        using var agent = new AgentMetrics();
        using var replication = new ReplicationMetrics();
        using var history = new HistoryMeter();
        using var fencing = new FenceMetrics();
        await using var host = await StartWithEverythingAsync();
        var text = await host.Http.GetStringAsync("/metrics");
        var exported = TypeLine().Matches(text).Select(match => (Name: match.Groups[1].Value, Type: match.Groups[2].Value));

        // What has not been measured yet is not exported, but published by its meter.
        var published = MeterNames(raft, agent, replication, history, fencing);
        var documented = Row().Matches(await File.ReadAllTextAsync(Repository.PathOf("docs/metrics.md")))
            .Select(match => (Name: match.Groups[1].Value, Type: match.Groups[2].Value)).ToArray();

        Assert.Distinct(documented.Select(row => row.Name));
        Assert.Equal(
            exported.Concat(published).Distinct().Order(), documented.Order());
    }

    [Fact]
    public void Dropped_series_are_counted_over_all_scrapes()
    {
        var page = new MetricsPage([new Repeater()]);

        page.Render();
        var text = page.Render();

        Assert.Contains("blixard_metrics_dropped_series_total{reason=\"invalid\"} 2\n", text);
        Assert.Contains("blixard_metrics_dropped_series_total{reason=\"vm_limit\"} 0\n", text);
        Assert.Throws<InvalidOperationException>(() => new MetricsPage([new Repeater()], strict: true).Render());
    }

    [Fact]
    public async Task Promtool_has_nothing_to_say()
    {
        var promtool = Environment.GetEnvironmentVariable("BLIXARD_PROMTOOL");
        Assert.SkipUnless(
            File.Exists(promtool), "BLIXARD_PROMTOOL does not name a promtool; it comes with the package prometheus.");
        await using var host = await StartWithEverythingAsync();
        var text = await host.Http.GetStringAsync("/metrics");

        using var process = Process.Start(new ProcessStartInfo(promtool!, ["check", "metrics"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var said = Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.StandardInput.WriteAsync(text);
        process.StandardInput.Close();

        Assert.Equal("", string.Concat(await said));
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
    }

    /// <summary>Every collector has something to say, and the meters have measured.</summary>
    private static async Task<ApiHost> StartWithEverythingAsync()
    {
        var host = await ApiHost.StartClusterAsync();
        host.RegisterVm("web1", "n1");
        var seen = ApiHost.Seen("web1", VmState.Running);
        seen.Checks.Add(new CheckResult { Name = "service_state", Passed = true });
        host.Report("n1", seen);
        host.Agent.Vms = [VmCollectorTests.Full("web1", checks: 1)];
        await host.History.OpenAsync(default);
        await host.History.RecordAsync(Sweeps.Of(host.Time.GetUtcNow(), ("web1", 1)), default);
        return host;
    }

    private static IEnumerable<string> Series(string text) =>
        text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(line => line[0] != '#')
            .Select(line => line[..line.LastIndexOf(' ')]);

    /// <summary>The metrics of the instruments that the given owners have published.</summary>
    private static List<(string Name, string Type)> MeterNames(params object[] owners)
    {
        Assert.NotEmpty(owners);

        // Meters are global: tests that run beside this one publish theirs on their own threads.
        var names = new ConcurrentQueue<(string, string)>();
        using var listener = new System.Diagnostics.Metrics.MeterListener();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Meter.Name is RaftMetrics.MeterName or AgentMetrics.MeterName or ReplicationMetrics.MeterName
                or HistoryMeter.MeterName or FenceMetrics.MeterName)
            {
                var series = new InstrumentSeries(instrument);
                names.Enqueue((series.Name, series.Type));
            }
        };
        listener.Start();
        return [.. names.Distinct()];
    }

    private sealed class Repeater : ICollector
    {
        public void Collect(PrometheusText text)
        {
            var family = text.Gauge("a", "A.");
            family.Add(1, new Label("x", "1"));
            family.Add(1, new Label("x", "1"));
        }
    }

    [GeneratedRegex("^# TYPE (\\S+) (\\S+)$", RegexOptions.Multiline)]
    private static partial Regex TypeLine();

    [GeneratedRegex(@"^\| `([a-z_]+)[`{][^|]*\| (gauge|counter|histogram) \|", RegexOptions.Multiline)]
    private static partial Regex Row();
}
