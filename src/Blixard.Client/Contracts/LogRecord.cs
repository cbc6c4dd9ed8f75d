using System.Text.Json.Serialization;

namespace Blixard.Client.Contracts;

/// <summary>A line of <c>GET /v1/vms/{vm}/logs</c>.</summary>
public sealed record LogRecord
{
    public required LogRecordType Type { get; init; }

    /// <summary>When journald took the line, by its host's clock.</summary>
    public DateTimeOffset? Time { get; init; }

    /// <summary>As in syslog: 0 emerg, 3 err, 4 warning, 6 info, 7 debug. Null where the line has none.</summary>
    public int? Priority { get; init; }

    /// <summary>Of the program that wrote it.</summary>
    public string? Identifier { get; init; }
    public int? Pid { get; init; }

    /// <summary>At most 4 KiB of it, as it was written: control characters included.</summary>
    public string? Message { get; init; }

    /// <summary>Give it as <c>after</c> to go on behind this line.</summary>
    public string? Cursor { get; init; }

    /// <summary>Of a gap: how many lines are missing here; null if that is not known.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Lines { get; init; }

    /// <summary>Of a gap: why.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Reason { get; init; }
}

[JsonConverter(typeof(CamelCaseEnumConverter<LogRecordType>))]
public enum LogRecordType
{
    /// <summary>A line of the journal.</summary>
    Line = 0,

    /// <summary>Lines are missing here.</summary>
    Gap,
}
