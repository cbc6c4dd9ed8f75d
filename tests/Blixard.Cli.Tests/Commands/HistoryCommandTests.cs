using Blixard.Cli.Tests.Fakes;
using Blixard.Client.Contracts;

namespace Blixard.Cli.Tests.Commands;

public class HistoryCommandTests
{
    private static readonly DateTimeOffset Start = new(2026, 5, 31, 12, 0, 0, TimeSpan.Zero);

    private static readonly IReadOnlyDictionary<string, string> Utf8 =
        new Dictionary<string, string> { ["LANG"] = "en_US.UTF-8" };

    /// <summary>40 minutes: a ramp, a gap of ten minutes, a known zero.</summary>
    private static VmHistory History(string unit = "percent") => new()
    {
        Vm = "web1",
        Metric = "cpu",
        Unit = unit,
        Since = Start,
        Until = Start.AddMinutes(40),
        StepSeconds = 60,
        Nodes = [new HistorySource { Node = "n1", Answered = true, Oldest = Start.AddHours(-3) }],
        Points =
        [
            .. Enumerable.Range(0, 40).Select(i => new HistoryPoint
            {
                At = Start.AddMinutes(i),
                Average = i < 20 ? i * 4 : i < 30 ? null : 0,
                Max = i < 20 ? (i * 4) + 1 : i < 30 ? null : 0,
                Samples = i is >= 20 and < 30 ? 0 : 12,
            }),
        ],
    };

    [Fact]
    public async Task A_chart_fills_the_terminal_and_shows_the_gap()
    {
        await using var node = await FakeNode.StartAsync();
        node.History = History();

        var run = await Run.Blixard(["--endpoint", node.Endpoint, "vm", "history", "web1"], terminalWidth: 60, Utf8);

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Golden.Check("vm-history.txt", run.Output);
        Assert.All(run.Output.Split('\n'), line => Assert.True(line.Length <= 60, line));
    }

    [Fact]
    public async Task Without_utf8_it_is_ascii()
    {
        await using var node = await FakeNode.StartAsync();
        node.History = History("bytes/s");

        var run = await Run.Blixard(["--endpoint", node.Endpoint, "vm", "history", "web1"], terminalWidth: 60);

        Golden.Check("vm-history-ascii.txt", run.Output);
        Assert.DoesNotContain(run.Output, c => c > '~');
    }

    [Theory]
    [InlineData(20)]
    [InlineData(33)]
    [InlineData(200)]
    public async Task Any_width_has_a_chart(int width)
    {
        await using var node = await FakeNode.StartAsync();
        node.History = History();
        var run = await Run.Blixard(["--endpoint", node.Endpoint, "vm", "history", "web1"], width, Utf8);
        Assert.Equal(0, run.ExitCode);
        Assert.All(run.Output.Split('\n').Skip(1), line => Assert.True(line.Length <= width, line));
    }

    [Fact]
    public async Task Csv_has_every_point_and_empty_fields_for_what_nobody_knows()
    {
        await using var node = await FakeNode.StartAsync();
        node.History = History();

        var run = await Run.Against(node, "vm history web1 -o csv");

        var lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(41, lines.Length);
        Assert.Equal("time,avg,max,samples", lines[0]);
        Assert.Equal($"{UtcInstantConverter.Text(Start.AddMinutes(1))},4,5,12", lines[2]);
        Assert.Equal($"{UtcInstantConverter.Text(Start.AddMinutes(25))},,,0", lines[26]);
    }

    [Fact]
    public async Task Json_is_the_document_with_nulls()
    {
        await using var node = await FakeNode.StartAsync();
        node.History = History();

        var run = await Run.Against(node, "vm history web1 -o json");

        var read = System.Text.Json.JsonSerializer.Deserialize(run.Output, ApiJson.Default.VmHistory)!;
        Assert.Equal(40, read.Points.Count);
        Assert.Null(read.Points[25].Average);
    }

    [Fact]
    public async Task Without_samples_it_says_so_and_who_did_not_answer()
    {
        await using var node = await FakeNode.StartAsync();
        node.History = History() with
        {
            Points = [.. History().Points.Select(point => point with { Average = null, Max = null, Samples = 0 })],
            Nodes = [new HistorySource { Node = "n2", Answered = false, Reason = "Node n2 can't be asked:\e[2J it is lost." }],
        };

        var run = await Run.Against(node, "vm history web1 --metric cpu");

        Assert.Equal(0, run.ExitCode);
        Assert.StartsWith("no samples of cpu of web1 from ", run.Output, StringComparison.Ordinal);
        Assert.StartsWith("note: without the samples of n2: ", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', run.Error);
    }

    [Fact]
    public async Task Options_go_to_the_node()
    {
        await using var node = await FakeNode.StartAsync();
        node.History = History();

        await Run.Against(node, "vm history web1 --metric net_rx --since 2026-05-31T10:00:00Z --until 1h --step 5m");

        Assert.Contains(
            "GET /v1/vms/web1/history?metric=net_rx&since=2026-05-31T10%3A00%3A00Z&until=1h&step=5m", node.Requests);
    }

    [Theory]
    [InlineData("vm history web1 --metric colour", "--metric")]
    [InlineData("vm history web1 --since later", "--since")]
    [InlineData("vm history web1 --until never", "--until")]
    [InlineData("vm history web1 --step 0s", "--step")]
    [InlineData("vm history web1 --step 10", "--step")]
    [InlineData("vm history", "required")]
    public async Task What_is_not_understood_is_usage(string commandLine, string named)
    {
        await using var node = await FakeNode.StartAsync();

        var run = await Run.Against(node, commandLine);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains(named, run.Error);
    }
}
