using System.CommandLine;
using Blixard.Cli.Output;
using Blixard.Cli.Views;
using Blixard.Client;
using Blixard.Client.Contracts;

namespace Blixard.Cli.Commands;

/// <summary>One figure of a VM over time: a chart for people, the points for programs.</summary>
internal static class HistoryCommand
{
    private static readonly string[] Metrics =
    [
        "cpu", "memory", "disk_read", "disk_write", "net_rx", "net_tx", "pids", "pressure_cpu", "pressure_memory",
        "pressure_io",
    ];

    private static readonly IReadOnlyList<Column<HistoryPoint>> Points =
    [
        new("TIME", point => Exact.Of(point.At), point => Exact.Of(point.At)),
        new("AVG", point => Humanize.Number<double>(point.Average), point => Exact.Of(point.Average), Right: true),
        new("MAX", point => Humanize.Number<double>(point.Max), point => Exact.Of(point.Max), Right: true),
        new(
            "SAMPLES", point => Humanize.Number<long>(point.Samples), point => Exact.Of<long>(point.Samples), Right: true),
    ];

    public static Command Create(CommandBuilder builder)
    {
        var vm = CommandBuilder.NameArgument("VM", "Its name or uuid, or the beginning of one");
        var metric = Options.Choice("--metric", "-m", "Which figure [default: cpu]", "METRIC", Metrics);
        var since = Options.Time("--since", "From when on [default: 1h]", builder.Surroundings.Time);
        var until = Options.Time("--until", "Until when [default: now]", builder.Surroundings.Time);
        var step = new Option<string?>("--step")
        {
            Description = "What makes a point, as 10s or 5m [default: what makes some hundreds]",
            HelpName = "DURATION",
            CustomParser = result =>
            {
                var text = result.Tokens[^1].Value;
                if (PointInTime.TryParseDuration(text, out var duration) && duration > TimeSpan.Zero)
                {
                    return text;
                }

                result.AddError($"--step takes a duration, as 10s, 5m, 1h or 1d, not \"{text}\".");
                return null;
            },
        };
        return builder.Create(
            "history",
            "One figure of a VM over time, as a chart (-o wide, csv, json, yaml: the points)",
            async (result, invocation, cancellationToken) =>
            {
                var found = await NameResolver.VmAsync(invocation, result.GetValue(vm), cancellationToken);
                var options = new HistoryOptions
                {
                    Metric = result.GetValue(metric) ?? Metrics[0],
                    Since = result.GetValue(since),
                    Until = result.GetValue(until),
                    Step = result.GetValue(step),
                };
                var history = invocation.Take(
                    await invocation.Client.GetHistoryAsync(found.Name, options, cancellationToken));
                await PrintAsync(invocation, history);
                return ExitCode.Ok;
            },
            vm,
            metric,
            since,
            until,
            step);
    }

    private static async Task PrintAsync(Invocation invocation, VmHistory history)
    {
        var printer = invocation.Printer(OutputFormat.Table);
        if (invocation.Format is OutputFormat.Csv or OutputFormat.Wide)
        {
            printer.List(history.Points, Points, "no samples");
        }
        else
        {
            printer.One(history, [], chart => HistoryChart.Write(chart, history, invocation.Surroundings.IsUtf8));
        }

        // Beside the answer: what is missing in it must not be taken for a VM at rest.
        foreach (var node in history.Nodes.Where(node => node.Reason is not null))
        {
            await invocation.Surroundings.Error.WriteLineAsync(Printable.Text(
                node.Answered
                    ? $"note: {node.Node}: {node.Reason}"
                    : $"note: without the samples of {node.Node}: {node.Reason}"));
        }
    }
}
