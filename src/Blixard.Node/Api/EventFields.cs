using System.Text.Json;
using System.Text.Json.Nodes;
using Blixard.Client.Contracts;
using Blixard.StateMachine.State;
using FieldChange = Blixard.StateMachine.State.FieldChange;
using Shown = Blixard.Client.Contracts.FieldChange;

namespace Blixard.Node.Api;

/// <summary>
/// The differences of the replicated state in the words of the API's documents: the state machine's paths and values
/// are permanent, the API's are what a reader of <c>GET /v1/vms/{vm}</c> knows.
/// </summary>
internal static class EventFields
{
    private const string Millipercent = "_millipercent";
    private const string Network = "network_";

    // Where the document says it otherwise than by turning snake_case into camelCase.
    private static readonly Dictionary<string, string> Renamed = new(StringComparer.Ordinal)
    {
        ["cpu_usage_usec"] = "cpuSeconds",
        ["cpu_user_usec"] = "cpuUserSeconds",
        ["cpu_system_usec"] = "cpuSystemSeconds",
        ["disk_reads"] = "diskReadOperations",
        ["disk_writes"] = "diskWriteOperations",
        ["disk_reads_per_second"] = "diskReadOperationsPerSecond",
        ["disk_writes_per_second"] = "diskWriteOperationsPerSecond",
        ["passed"] = "status",
        ["staleness"] = "staleReason",
        ["member_id"] = "id",
    };

    public static IReadOnlyList<Shown> Of(Change change) =>
    [
        .. change.Fields.SelectMany(field => Of(change.Entity, field))
            .OrderBy(field => field.Path, StringComparer.Ordinal),
    ];

    private static IEnumerable<Shown> Of(EntityKind entity, FieldChange field) => (entity, field.Path) switch
    {
        (EntityKind.Vm, "state") => StateOf(field),
        (EntityKind.Vm, "duplicate_running") => AlarmOf(field),
        (EntityKind.Vm, "healthy") => Single("health.healthy", field, ""),
        (EntityKind.Vm, "health_status") => Single("health.status", field, "status"),
        (EntityKind.Node, "cpus" or "memory_bytes") => Single("capacity." + Camel(field.Path), field, ""),
        _ => Single(PathOf(field.Path, out var last), field, last),
    };

    /// <summary>The state and the reason why it is unknown are one text there and two fields here.</summary>
    private static IEnumerable<Shown> StateOf(FieldChange field)
    {
        var (old, now) = (Split(field.Old), Split(field.New));
        return Differ("staleReason", old.Why, now.Why).Concat(Differ("state", old.State, now.State));

        static (string? State, string? Why) Split(FieldValue? value)
        {
            var parts = value?.Text?.Split(" (", 2);
            return (parts is null ? null : Camel(parts[0]), parts is [_, var why] ? why.TrimEnd(')') : null);
        }
    }

    private static IEnumerable<Shown> Differ(string path, string? old, string? now) => old == now ? [] :
    [
        new Shown
        {
            Path = path,
            Action = old is null ? ChangeAction.Added : now is null ? ChangeAction.Removed : ChangeAction.Changed,
            Old = old,
            New = now,
        },
    ];

    /// <summary>A flag there, an element of a list here.</summary>
    private static IEnumerable<Shown> AlarmOf(FieldChange field)
    {
        var path = "alarms." + VmAlarms.DuplicateRunning;
        return Differ(
            path,
            field.Old is { Flag: true } ? VmAlarms.DuplicateRunning : null,
            field.New is { Flag: true } ? VmAlarms.DuplicateRunning : null);
    }

    private static IEnumerable<Shown> Single(string path, FieldChange field, string last) =>
    [
        new Shown
        {
            Path = path,
            Action = field.Action switch
            {
                FieldAction.Added => ChangeAction.Added,
                FieldAction.Removed => ChangeAction.Removed,
                _ => ChangeAction.Changed,
            },
            Old = ValueOf(last, field.Old),
            New = ValueOf(last, field.New),
        },
    ];

    private static JsonNode? ValueOf(string last, FieldValue? value) => (last, value) switch
    {
        (_, null) => null,
        ("passed", { } passed) => passed.Flag ? "passing" : "failing",
        ("cpu_usage_usec" or "cpu_user_usec" or "cpu_system_usec", { } figure) => figure.Number / 1e6,
        (_, { Kind: FieldValueKind.Number } figure) when last.EndsWith(Millipercent, StringComparison.Ordinal) =>
            figure.Number / 1000.0,
        ("created_at" or "registered_at" or "status_since" or "since" or "refused_claims", { } time) =>
            UtcInstantConverter.Text(Instants.At(time.Number)),
        ("last" or "next", { Text: null } time) => UtcInstantConverter.Text(Instants.At(time.Number)),
        ("state" or "status" or "kind" or "recovery" or "memory_limit_source", { Text: { } text }) => Camel(text),
        ("staleness", { Text: { } text }) when Enum.TryParse<Staleness>(text, out var staleness) =>
            VmDocuments.ReasonFor(staleness),
        (_, { Kind: FieldValueKind.Text } text) => text.Text,
        (_, { Kind: FieldValueKind.Flag } flag) => flag.Flag,
        (_, { } number) => number.Number,
    };

    /// <summary>
    /// <c>observations[n1].sub_state</c> is <c>observations.n1.subState</c>. Keys stay as they are. The checks of all
    /// sources are one list in the document.
    /// </summary>
    /// <param name="path">As the state machine gives it.</param>
    /// <param name="last">The name of the last field as it was.</param>
    private static string PathOf(string path, out string last)
    {
        var parts = new List<string>();
        last = "";
        while (path.Length > 0)
        {
            var end = path.AsSpan().IndexOfAny('.', '[');
            last = end < 0 ? path : path[..end];
            parts.Add(Camel(last));
            path = end < 0 ? "" : path[end..];
            if (path.StartsWith('['))
            {
                // Keys are names, which hold no bracket.
                var close = path.IndexOf(']', StringComparison.Ordinal);
                parts.Add(path[1..close]);
                path = path[(close + 1)..];
            }

            path = path.TrimStart('.');
        }

        if (parts is ["healthPolicy", ..])
        {
            parts[0] = "policy";
            parts.Insert(0, "health");
        }

        if (parts is ["health", _, "checks", ..])
        {
            parts.RemoveAt(1);
        }

        return string.Join('.', parts);
    }

    private static string Camel(string name)
    {
        if (Renamed.TryGetValue(name, out var renamed))
        {
            return renamed;
        }

        if (name.EndsWith(Millipercent, StringComparison.Ordinal))
        {
            name = name[..^Millipercent.Length] + "_percent";
        }

        if (name.StartsWith(Network, StringComparison.Ordinal))
        {
            name = "net_" + name[Network.Length..];
        }

        var words = name.Split('_');
        return JsonNamingPolicy.CamelCase.ConvertName(words[0])
            + string.Concat(words.Skip(1).Select(word => char.ToUpperInvariant(word[0]) + word[1..]));
    }
}
