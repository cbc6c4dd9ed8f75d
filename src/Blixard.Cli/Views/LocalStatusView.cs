using System.Globalization;
using Blixard.Cli.Output;
using Blixard.Client.Contracts;

namespace Blixard.Cli.Views;

/// <summary>The daemon of one node.</summary>
internal static class LocalStatusView
{
    public static IReadOnlyList<Column<LocalStatus>> All { get; } =
    [
        Columns.Number<LocalStatus>("PID", status => status.Pid),
        Columns.Number<LocalStatus>("UPTIME", status => status.Uptime),
        Columns.Text<LocalStatus>("STATE", status => status.State),
        Columns.Text<LocalStatus>("STATUS", status => status.Status),
        Columns.Number<LocalStatus>("VMS", status => status.NumVms),
        Columns.Bytes<LocalStatus>("RSS", status => status.Memory.Rss),
        Columns.Bytes<LocalStatus>("HEAP TOTAL", status => status.Memory.HeapTotal),
        Columns.Bytes<LocalStatus>("HEAP USED", status => status.Memory.HeapUsed),
        Columns.Text<LocalStatus>("LAST REFRESH", status => Exact.Of(status.LastRefresh)),
    ];

    public static void Write(Printer printer, LocalStatus status, DateTimeOffset now)
    {
        Fields.Write(printer,
        [
            new(
                "state",
                new Cell($"{status.State}, {status.Status}", status.State == "degraded" ? Tone.Warning : Tone.Plain)),
            new("pid", Humanize.Number<int>(status.Pid)),
            new("uptime", Humanize.Age(status.Uptime)),
            new("memory", $"{Humanize.Bytes(status.Memory.Rss)}, heap {Humanize.Bytes(status.Memory.HeapUsed)} "
                + $"of {Humanize.Bytes(status.Memory.HeapTotal)}"),
            new("vms", Humanize.Number<int>(status.NumVms)),
            new("queue", Queue(status.Queue)),
            new("refreshed", status.LastRefresh is { } at ? $"{Humanize.Age(now - at)} ago" : null),
            new("history", History(status.History, now)),
            new("listeners", Humanize.Number<int>(status.EventListeners.Count)),
        ]);
        Section(printer, "can't be seen", status.Misses, miss =>
            $"{miss.Kind} {miss.Name}{(miss.Since is { } since ? $", for {Humanize.Age(now - since)}" : "")}: {miss.Reason}");
        Section(printer, "errors of refreshes", status.RefreshErrors, error =>
            $"{UtcInstantConverter.Text(error.Date)} {error.Message}");
        Section(printer, "full lists", status.RefreshLog, refresh =>
            $"{UtcInstantConverter.Text(refresh.Date)} {Humanize.Count(refresh.Units, "unit", "units")}, "
                + Humanize.Count(refresh.Differences, "difference", "differences"));
        Section(printer, "watched", status.Watchers, watcher => watcher);
    }

    private static Cell History(LocalHistory? history, DateTimeOffset now)
    {
        if (history is null)
        {
            return (string?)null;
        }

        var range = history.Oldest is { } oldest ? $", from {Humanize.Age(now - oldest)} ago" : "";
        var aside = history.SetAside is { } path ? $"; a damaged one is in {path} ({history.SetAsideReason})" : "";
        var reason = history.Reason is { } why ? $" ({why})" : "";
        return new Cell(
            $"{history.State}{reason}, {Humanize.Bytes(history.Bytes)}{range}{aside}",
            history.Reason is null && history.SetAside is null ? Tone.Plain : Tone.Warning);
    }

    private static string Queue(LocalTasks queue) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{queue.Working} of {queue.MaxJobs} working, {queue.Backlog.Count} waiting")
        + (queue.Paused ? ", paused" : "");

    private static void Section<T>(Printer printer, string title, IReadOnlyList<T>? items, Func<T, string> text)
    {
        if (items is not { Count: > 0 })
        {
            return;
        }

        printer.Line();
        printer.Line(title, Tone.Heading);
        foreach (var item in items)
        {
            printer.Line("  " + Printable.Text(text(item)));
        }
    }
}
