using System.CommandLine;
using System.Text.Json;
using Blixard.Cli.Output;
using Blixard.Cli.Views;
using Blixard.Client;
using Blixard.Client.Contracts;

namespace Blixard.Cli.Commands;

/// <summary>Follows what changes until Ctrl-C, or until <c>--count</c> events have come.</summary>
internal static class EventsCommand
{
    public static Command Create(CommandBuilder builder)
    {
        var since = Options.Number<ulong>(
            "--since",
            "Only changes above this log index, the ones still held first [default: from now on]",
            "INDEX",
            "a log index",
            _ => true);
        var full = new Option<bool>("--full", "-f")
        {
            Description = "Also the ready record, and name, index and reason of each change",
        };
        var json = new Option<bool>("--json", "-j") { Description = "One JSON record a line (as -o json)" };
        var raw = new Option<bool>("--raw", "-r") { Description = "Every line as the node sent it, ready included" };
        var count = Options.Number<int>(
            "--count", "End after that many events", "N", "a number above 0", number => number > 0);
        return builder.Create(
            "events",
            "What changes, as it changes",
            (result, invocation, cancellationToken) =>
            {
                var wantsFull = result.GetValue(full);
                Func<EventLine, IEnumerable<string>> format = result.GetValue(raw)
                    ? line => [line.Text]
                    : FormatterFor(result.GetValue(json) ? OutputFormat.Json : invocation.Format, wantsFull);
                return FollowAsync(
                    invocation, result.GetValue(since), result.GetValue(count), format, cancellationToken);
            },
            since,
            full,
            json,
            raw,
            count);
    }

    private static Func<EventLine, IEnumerable<string>> FormatterFor(OutputFormat? format, bool full)
    {
        bool IsWanted(EventLine line) => full || line.Record.Type != EventType.Ready;
        return format switch
        {
            OutputFormat.Json => line => IsWanted(line) ? [line.Text] : [],
            OutputFormat.Yaml => line => IsWanted(line) ? ["---", YamlOf(line)] : [],
            // The ready record comes first, and nothing before it: in its place stands the header.
            OutputFormat.Csv => line => line.Record.Type == EventType.Ready
                ? [CsvLine(EventFormat.CsvHeader)]
                : EventFormat.CsvRows(line.Record).Select(CsvLine),
            OutputFormat.Wide => line => EventFormat.Lines(line.Record, full: true),
            _ => line => EventFormat.Lines(line.Record, full),
        };
    }

    private static async Task<int> FollowAsync(
        Invocation invocation,
        ulong? since,
        int? count,
        Func<EventLine, IEnumerable<string>> format,
        CancellationToken cancellationToken)
    {
        var cursor = new EventCursor(since);
        var output = invocation.Surroundings.Output;
        try
        {
            await foreach (var line in invocation.Client.WatchEventsAsync(since, cancellationToken))
            {
                foreach (var text in format(line))
                {
                    await output.WriteLineAsync(text);
                }

                // Whoever reads the other end of a pipe wants each event now.
                await output.FlushAsync(cancellationToken);
                cursor.Saw(line.Record);
                if (line.Record.Type != EventType.Ready && --count == 0)
                {
                    break;
                }
            }

            return ExitCode.Ok;
        }
        catch (EndpointUnreachableException e) when (cursor.Complete is { } index)
        {
            throw new CliException(
                ExitCode.Unreachable, e.Message, hint: $"to go on from here: events --since {Exact.Of<ulong>(index)}");
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Ctrl-C is how one stops following.
            return ExitCode.Ok;
        }
    }

    private static string YamlOf(EventLine line)
    {
        using var document = JsonDocument.Parse(line.Text);
        using var text = new StringWriter { NewLine = "\n" };
        Yaml.Write(text, document.RootElement);
        return text.ToString().TrimEnd('\n');
    }

    private static string CsvLine(IEnumerable<string?> fields)
    {
        using var text = new StringWriter { NewLine = "" };
        Csv.WriteLine(text, fields);
        return text.ToString();
    }
}

/// <summary>
/// From where a broken stream can be taken up without missing anything. Several records may share an index, so an index
/// is complete only when a record with a higher one has come: one change too many is better than one too few.
/// </summary>
internal sealed class EventCursor(ulong? since)
{
    private ulong _last;

    /// <summary>Null before ready.</summary>
    public ulong? Complete { get; private set; }

    public void Saw(EventRecord record)
    {
        if (record.Type == EventType.Ready)
        {
            Complete = since ?? record.Index;
            _last = Complete.Value;
        }
        else if (record.Index > _last)
        {
            Complete = _last;
            _last = record.Index;
        }
    }
}
