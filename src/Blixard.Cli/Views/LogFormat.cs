using System.Globalization;
using Blixard.Cli.Output;
using Blixard.Client.Contracts;

namespace Blixard.Cli.Views;

/// <summary>
/// Lines of a journal as <c>journalctl -o short-iso</c> has them: <c>TIME IDENTIFIER[PID]: MESSAGE</c>. Guests write them:
/// no control character of theirs reaches the terminal.
/// </summary>
internal static class LogFormat
{
    private const int Error = 3;
    private const int Warning = 4;
    private const int Debug = 7;

    public static IReadOnlyList<string> CsvHeader { get; } =
        ["time", "type", "priority", "identifier", "pid", "message", "lines", "reason", "cursor"];

    /// <param name="record">A line or a gap.</param>
    /// <param name="palette">Severe lines stand out.</param>
    /// <param name="full">Also the priority and the cursor.</param>
    public static string Text(LogRecord record, Palette palette, bool full)
    {
        if (record.Type == LogRecordType.Gap)
        {
            var lines = record.Lines is { } count ? $"{Humanize.Count(count, "line", "lines")} left out" : "lines left out";
            return palette.Paint(Printable.Text($"-- {lines}: {record.Reason} --"), Tone.Warning);
        }

        var pid = record.Pid is { } number ? string.Create(CultureInfo.InvariantCulture, $"[{number}]") : "";
        var head = Printable.Text($"{Exact.Of(record.Time)} {record.Identifier ?? "unknown"}{pid}:");
        var priority = full ? string.Create(CultureInfo.InvariantCulture, $" <{record.Priority}>") : "";
        var tail = full ? Printable.Text($" ({record.Cursor})") : "";
        return palette.Paint(head + priority, Tone.Faint) + " "
            + palette.Paint(Printable.Text(record.Message ?? ""), ToneOf(record.Priority))
            + palette.Paint(tail, Tone.Faint);
    }

    public static IEnumerable<string?> CsvRow(LogRecord record) =>
    [
        Exact.Of(record.Time),
        Exact.Name(record.Type),
        Exact.Of(record.Priority),
        Shown(record.Identifier),
        Exact.Of(record.Pid),
        Shown(record.Message),
        Exact.Of(record.Lines),
        Shown(record.Reason),
        record.Cursor,
    ];

    private static string? Shown(string? text) => text is null ? null : Printable.Text(text);

    private static Tone ToneOf(int? priority) => priority switch
    {
        <= Error => Tone.Bad,
        Warning => Tone.Warning,
        Debug => Tone.Faint,
        _ => Tone.Plain,
    };
}
