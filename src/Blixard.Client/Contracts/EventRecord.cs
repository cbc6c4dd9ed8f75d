using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Blixard.Client.Contracts;

/// <summary>
/// One line of <c>GET /v1/events</c> and <c>GET /events</c>. The first line is always <see cref="EventType.Ready"/>.
/// Without <c>since</c> it carries the full lists, as of its <see cref="Index"/>, and changes above that index follow.
/// With <c>since=N</c> it carries no lists, and the changes above N follow, the ones already held first; if some of
/// them are no longer held, a <see cref="EventType.Gap"/> comes before the rest. Fields that a type does not have are
/// absent. Several records may share one index; all records of an index come before those of the next.
/// An empty line is a keep-alive.
/// </summary>
public sealed record EventRecord
{
    public required EventType Type { get; init; }

    /// <summary>
    /// Log index of the change: the cursor to resume from, valid on any node. For a gap the last index that is missing.
    /// </summary>
    public required ulong Index { get; init; }

    /// <summary>When it was decided (the proposer's clock); for ready, when the stream began.</summary>
    public required DateTimeOffset Date { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public EventKind? Kind { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Name { get; init; }

    /// <summary>Of the VM; of the stream itself for ready. Nodes have none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Uuid { get; init; }

    /// <summary>Only for modify.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<FieldChange>? Changes { get; init; }

    /// <summary>Why, in a few words; also why there is a gap.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Reason { get; init; }

    /// <summary>Only for a gap: the first index that is missing.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ulong? From { get; init; }

    /// <summary>Only for create: the thing as created.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Vm? Vm { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public NodeInfo? Node { get; init; }

    /// <summary>Only for ready without <c>since</c>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<Vm>? Vms { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<NodeInfo>? Nodes { get; init; }
}

/// <summary>
/// One field that differs. Paths are dotted, elements of lists by their key:
/// <c>observations.n1.state</c>, <c>health.checks.network.message</c>. A missing side is null.
/// </summary>
public sealed record FieldChange
{
    public required string Path { get; init; }
    public required ChangeAction Action { get; init; }
    public JsonNode? Old { get; init; }
    public JsonNode? New { get; init; }
}

[JsonConverter(typeof(CamelCaseEnumConverter<EventType>))]
public enum EventType
{
    Unknown = 0,
    Ready,
    Create,
    Modify,
    Delete,
    Gap,
}

[JsonConverter(typeof(CamelCaseEnumConverter<EventKind>))]
public enum EventKind
{
    Unknown = 0,
    Vm,
    Node,
    Cluster,
}

[JsonConverter(typeof(CamelCaseEnumConverter<ChangeAction>))]
public enum ChangeAction
{
    Unknown = 0,
    Added,
    Changed,
    Removed,
}
