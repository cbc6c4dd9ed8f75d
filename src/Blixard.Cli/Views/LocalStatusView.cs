using Blixard.Cli.Output;
using Blixard.Client.Contracts;

namespace Blixard.Cli.Views;

/// <summary>The daemon of one node.</summary>
internal static class LocalStatusView
{
    public static IReadOnlyList<Column<LocalStatus>> Columns { get; } =
    [
        new("PID", s => Humanize.Number<int>(s.Pid), s => Exact.Of<int>(s.Pid)),
        new("UPTIME", s => Humanize.Age(s.Uptime), s => Exact.Of<long>(s.Uptime)),
        new("STATE", s => s.State, s => s.State),
        new("STATUS", s => s.Status, s => s.Status),
        new("VMS", s => Humanize.Number<int>(s.NumVms), s => Exact.Of<int>(s.NumVms)),
        new("RSS", s => Humanize.Bytes(s.Memory.Rss), s => Exact.Of<long>(s.Memory.Rss)),
        new("HEAP TOTAL", s => Humanize.Bytes(s.Memory.HeapTotal), s => Exact.Of<long>(s.Memory.HeapTotal)),
        new("HEAP USED", s => Humanize.Bytes(s.Memory.HeapUsed), s => Exact.Of<long>(s.Memory.HeapUsed)),
        new("LAST REFRESH", s => s.LastRefresh is { } at ? UtcInstantConverter.Text(at) : null, s => Exact.Of(s.LastRefresh)),
    ];

    public static void Write(Printer printer, LocalStatus status, DateTimeOffset now)
    {
        Fields.Write(printer,
        [
            new("state", $"{status.State}, {status.Status}"),
            new("pid", Humanize.Number<int>(status.Pid)),
            new("uptime", Humanize.Age(status.Uptime)),
            new("memory", $"{Humanize.Bytes(status.Memory.Rss)}, heap {Humanize.Bytes(status.Memory.HeapUsed)} "
                + $"of {Humanize.Bytes(status.Memory.HeapTotal)}"),
            new("vms", Humanize.Number<int>(status.NumVms)),
            new("queue", $"{Humanize.Number<int>(status.Queue.Working)} of {Humanize.Number<int>(status.Queue.MaxJobs)} "
                + $"working, {Humanize.Number<int>(status.Queue.Backlog.Count)} waiting"
                + (status.Queue.Paused ? ", paused" : "")),
            new("refreshed", status.LastRefresh is { } at ? $"{Humanize.Age(now - at)} ago" : null),
            new("listeners", Humanize.Number<int>(status.EventListeners.Count)),
        ]);
        Section(printer, "errors of refreshes", status.RefreshErrors, error => $"{UtcInstantConverter.Text(error.Date)} {error.Message}");
        Section(printer, "full lists", status.RefreshLog, refresh =>
            $"{UtcInstantConverter.Text(refresh.Date)} {Humanize.Count(refresh.Units, "unit", "units")}, "
                + Humanize.Count(refresh.Differences, "difference", "differences"));
        Section(printer, "watched", status.Watchers, watcher => watcher);
    }

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
