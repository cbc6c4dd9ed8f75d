using Blixard.Node.Options;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;

namespace Blixard.Node.Hosting;

/// <summary>One line per message: with priorities for the journal under systemd, with times on a terminal.</summary>
internal static class Logging
{
    // Set by systemd for what it connects to the journal (systemd.exec(5)).
    private const string JournalVariable = "JOURNAL_STREAM";

    public static void Configure(ILoggingBuilder logging, Live<LoggingOptions> options)
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

        var levels = new LogLevels(options);
        logging.Services.AddSingleton<IConfigureOptions<LoggerFilterOptions>>(levels);
        logging.Services.AddSingleton<IOptionsChangeTokenSource<LoggerFilterOptions>>(levels);
    }
}
