using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace Blixard.Node.Hosting;

/// <summary>
/// A line for the journal: its priority (sd-daemon(3)), the part of the daemon that speaks, and what it says. The
/// journal knows the rest: time, host, process.
/// </summary>
internal sealed class JournalFormatter() : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "journal";

    public override void Write<TState>(
        in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var message = logEntry.Formatter(logEntry.State, logEntry.Exception);
        var speaker = logEntry.Category[(logEntry.Category.LastIndexOf('.') + 1)..];
        var priority = Priority(logEntry.LogLevel);
        WriteLine(textWriter, priority, $"{speaker}: {message}");
        if (logEntry.Exception is { } exception)
        {
            // One entry of the journal per line: each needs its own priority.
            foreach (var line in exception.ToString().Split('\n'))
            {
                WriteLine(textWriter, priority, line.TrimEnd('\r'));
            }
        }
    }

    private static void WriteLine(TextWriter writer, int priority, string line)
    {
        writer.Write('<');
        writer.Write(priority);
        writer.Write('>');
        writer.Write(line.Replace('\n', ' '));
        writer.Write('\n');
    }

    private static int Priority(LogLevel level) => level switch
    {
        LogLevel.Critical => 2,
        LogLevel.Error => 3,
        LogLevel.Warning => 4,
        LogLevel.Information => 6,
        _ => 7,
    };
}
