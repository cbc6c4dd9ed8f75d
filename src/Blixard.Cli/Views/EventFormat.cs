using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Blixard.Cli.Output;
using Blixard.Client.Contracts;

namespace Blixard.Cli.Views;

/// <summary>
/// Events as vminfod prints them: <c>[2016-05-31T16:29:09.477Z] UUID create</c>, and for a change one line per field:
/// <c>[…] UUID modify: PATH changed :: OLD -> NEW</c> with JSON values, null for a missing one.
/// </summary>
internal static class EventFormat
{
    private static readonly JsonSerializerOptions Compact = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        TypeInfoResolver = ApiJson.Default,
    };

    public static IReadOnlyList<string> CsvHeader { get; } =
        ["date", "index", "type", "kind", "name", "uuid", "path", "action", "old", "new", "reason"];

    /// <param name="record">The event.</param>
    /// <param name="full">Also ready, and behind each line the name, the index and the reason.</param>
    public static IEnumerable<string> Lines(EventRecord record, bool full)
    {
        var date = $"[{UtcInstantConverter.Text(record.Date)}]";
        var tail = full ? Tail(record) : "";
        return record switch
        {
            { Type: EventType.Ready } => full ? [Ready(record, date)] : [],
            { Type: EventType.Gap } => [Gap(record, date)],
            { Changes: { Count: > 0 } changes } => changes.Select(change =>
                Printable.Text($"{date} {Subject(record)} {Exact.Name(record.Type)}: {change.Path} "
                    + $"{Exact.Name(change.Action)} :: {Json(change.Old)} -> {Json(change.New)}{tail}")),
            _ => [Printable.Text($"{date} {Subject(record)} {Exact.Name(record.Type)}{tail}")],
        };
    }

    /// <summary>One row for each field that changed, and one for an event without any.</summary>
    public static IEnumerable<IEnumerable<string?>> CsvRows(EventRecord record) =>
        record.Changes is { Count: > 0 } changes
            ? changes.Select(change => CsvRow(record, change))
            : [CsvRow(record, null)];

    private static IEnumerable<string?> CsvRow(EventRecord record, FieldChange? change) =>
    [
        UtcInstantConverter.Text(record.Date),
        Exact.Of<ulong>(record.Index),
        Exact.Name(record.Type),
        record.Kind is { } kind ? Exact.Name(kind) : null,
        record.Name,
        record.Uuid,
        change?.Path,
        change is null ? null : Exact.Name(change.Action),
        change is null ? null : Json(change.Old),
        change is null ? null : Json(change.New),
        record.Reason,
    ];

    private static string Subject(EventRecord record) =>
        record.Uuid ?? (record.Kind is { } kind ? $"{Exact.Name(kind)} {record.Name}".TrimEnd() : record.Name ?? "-");

    private static string Ready(EventRecord record, string date)
    {
        var lists = record.Vms is null
            ? ""
            : $", {Humanize.Count(record.Vms.Count, "VM", "VMs")}, "
                + Humanize.Count(record.Nodes?.Count ?? 0, "node", "nodes");
        return Printable.Text($"{date} {record.Uuid ?? "-"} ready at index {Exact.Of<ulong>(record.Index)}{lists}");
    }

    private static string Gap(EventRecord record, string date)
    {
        var from = record.From is { } first ? $"from {Exact.Of<ulong>(first)} " : "";
        var reason = record.Reason is { Length: > 0 } why ? $" ({why})" : "";
        return Printable.Text(
            $"{date} gap: the changes {from}to {Exact.Of<ulong>(record.Index)} are no longer held{reason}");
    }

    private static string Tail(EventRecord record)
    {
        var reason = record.Reason is { Length: > 0 } why ? $": {why}" : "";
        return string.Create(CultureInfo.InvariantCulture, $" ({record.Name} at {record.Index}{reason})");
    }

    private static string Json(JsonNode? value) => value?.ToJsonString(Compact) ?? "null";
}
