using Blixard.Node.Options;
using Microsoft.Extensions.Logging.Console;

namespace Blixard.Node.Hosting;

/// <summary>One line per message: with priorities for the journal under systemd, with times on a terminal.</summary>
internal static class Logging
{
    // Set by systemd for what it connects to the journal (systemd.exec(5)).
    private const string JournalVariable = "JOURNAL_STREAM";

    public static void Configure(ILoggingBuilder logging, LoggingOptions options)
    {
        logging.ClearProviders();
        if (Environment.GetEnvironmentVariable(JournalVariable) is { Length: > 0 })
        {
            logging.AddConsole(console => console.FormatterName = JournalFormatter.FormatterName);
            logging.AddConsoleFormatter<JournalFormatter, ConsoleFormatterOptions>();
        }
        else
        {
            logging.AddConsole(console => console.FormatterName = TerminalFormatter.FormatterName);
            logging.AddConsoleFormatter<TerminalFormatter, ConsoleFormatterOptions>();
        }

        logging.SetMinimumLevel(LogLevel.Information);
        logging.AddFilter("Microsoft", LogLevel.Warning);

        // What stops the host is said once, in a sentence, by NodeProcess.
        logging.AddFilter("Microsoft.Extensions.Hosting", LogLevel.None);
        foreach (var (category, level) in options.LogLevel)
        {
            var minimum = Enum.Parse<LogLevel>(level, ignoreCase: true);
            if (string.Equals(category, "Default", StringComparison.OrdinalIgnoreCase))
            {
                logging.SetMinimumLevel(minimum);
            }
            else
            {
                logging.AddFilter(category, minimum);
            }
        }
    }
}
