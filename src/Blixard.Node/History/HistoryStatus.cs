namespace Blixard.Node.History;

/// <summary>How the history of this node does. Immutable.</summary>
internal sealed record HistoryStatus
{
    public bool Enabled { get; init; } = true;

    /// <summary>Why nothing is recorded now; null while it is.</summary>
    public string? PausedBecause { get; init; }

    public DateTimeOffset? PausedSince { get; init; }

    /// <summary>Times of the oldest and the newest sweep; null without any.</summary>
    public DateTimeOffset? Oldest { get; init; }

    public DateTimeOffset? Newest { get; init; }

    /// <summary>Of the log, from its first record to its last.</summary>
    public long Bytes { get; init; }

    /// <summary>Where the damaged history of before lies; null if none was found since the start.</summary>
    public string? SetAside { get; init; }

    public string? SetAsideBecause { get; init; }
}
