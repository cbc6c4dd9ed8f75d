using System.CommandLine;
using System.Text.Json;
using Blixard.Cli.Output;
using Blixard.Cli.Views;
using Blixard.Client;
using Blixard.Client.Contracts;

namespace Blixard.Cli.Commands;

/// <summary>The journal of a VM's unit, from whichever node has it.</summary>
internal static class LogsCommand
{
    /// <summary>As many as journalctl -f begins with.</summary>
    private const int LinesBeforeFollowing = 10;

    private static readonly string[] Priorities =
        ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

    public static Command Create(CommandBuilder builder)
    {
        var vm = CommandBuilder.NameArgument("VM", "Its name or uuid, or the beginning of one");
        var follow = new Option<bool>("--follow", "-f") { Description = "Goes on with every new line until Ctrl-C" };
        var lines = Options.Number<int>(
            "--lines",
            $"The newest so many lines [default: 100, {LinesBeforeFollowing} with -f]",
            "N",
            "a number of lines from 0 to 10000",
            number => number is >= 0 and <= 10_000);
        lines.Aliases.Add("-n");
        var since = Options.Time("--since", "Only lines since then", builder.Surroundings.Time);
        var priority = Options.Choice(
            "--priority",
            "-p",
            "Only lines at least this severe",
            "PRIORITY",
            [.. Priorities, .. Enumerable.Range(0, Priorities.Length).Select(level => $"{level}")]);
        var after = new Option<string?>("--after")
        {
            Description = "Only lines after the one with this cursor: goes on where a stream broke",
            HelpName = "CURSOR",
        };
        var node = new Option<string?>("--node")
        {
            Description = "The node whose journal is meant [default: where the VM runs or ran]",
            HelpName = "NAME",
        };
        return builder.Create(
            "logs",
            "What a VM's unit wrote to the journal, and systemd about it",
            async (result, invocation, cancellationToken) =>
            {
                var found = await NameResolver.VmAsync(invocation, result.GetValue(vm), cancellationToken);
                var options = new LogOptions
                {
                    Follow = result.GetValue(follow),
                    Lines = result.GetValue(lines) ?? (result.GetValue(follow) ? LinesBeforeFollowing : null),
                    Since = result.GetValue(since),
                    Priority = result.GetValue(priority),
                    After = result.GetValue(after),
                    Node = result.GetValue(node),
                };
                return await PrintAsync(invocation, found.Name, options, cancellationToken);
            },
            vm,
            follow,
            lines,
            since,
            priority,
            after,
            node);
    }

    private static async Task<int> PrintAsync(
        Invocation invocation, string vm, LogOptions options, CancellationToken cancellationToken)
    {
        var output = invocation.Surroundings.Output;
        var format = FormatterFor(invocation);
        var cursor = options.After;
        if (invocation.Format == OutputFormat.Csv)
        {
            await output.WriteLineAsync(Line(LogFormat.CsvHeader));
        }

        try
        {
            await foreach (var line in invocation.Client.ReadLogsAsync(vm, options, cancellationToken))
            {
                await output.WriteLineAsync(format(line));
                if (options.Follow)
                {
                    // Whoever reads the other end of a pipe wants each line now.
                    await output.FlushAsync(cancellationToken);
                }

                cursor = line.Record.Cursor ?? cursor;
            }

            return options.Follow
                ? throw Broken($"the node ended the log of {vm}", cursor)
                : ExitCode.Ok;
        }
        catch (EndpointUnreachableException e) when (options.Follow && cursor is not null)
        {
            throw Broken(e.Message, cursor);
        }
        catch (OperationCanceledException) when (options.Follow && cancellationToken.IsCancellationRequested)
        {
            // Ctrl-C is how one stops following.
            return ExitCode.Ok;
        }
    }

    private static CliException Broken(string message, string? cursor) => new(
        ExitCode.Unreachable, message, hint: cursor is null ? null : $"to go on from here: --after '{cursor}'");

    private static Func<LogLine, string> FormatterFor(Invocation invocation) => invocation.Format switch
    {
        OutputFormat.Json => line => line.Text,
        OutputFormat.Yaml => YamlOf,
        OutputFormat.Csv => line => Line(LogFormat.CsvRow(line.Record)),
        OutputFormat.Wide => line => LogFormat.Text(line.Record, invocation.Palette, full: true),
        _ => line => LogFormat.Text(line.Record, invocation.Palette, full: false),
    };

    private static string YamlOf(LogLine line)
    {
        using var document = JsonDocument.Parse(line.Text);
        using var text = new StringWriter { NewLine = "\n" };
        text.WriteLine("---");
        Yaml.Write(text, document.RootElement);
        return text.ToString().TrimEnd('\n');
    }

    private static string Line(IEnumerable<string?> fields)
    {
        using var text = new StringWriter { NewLine = "" };
        Csv.WriteLine(text, fields);
        return text.ToString();
    }
}
