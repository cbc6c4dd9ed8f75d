namespace Blixard.Node.History;

/// <summary>What the history needs of this node's configuration.</summary>
internal sealed record HistorySettings
{
    public required string Directory { get; init; }

    public bool Enabled { get; init; } = true;

    /// <summary>What is older is given up.</summary>
    public TimeSpan Keep { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Of the log's files; the oldest go first.</summary>
    public long MaxBytes { get; init; } = 256L << 20;

    /// <summary>With less space than this free on the disk nothing is recorded.</summary>
    public long ReserveBytes { get; init; } = 256L << 20;

    /// <summary>It may change while the daemon runs.</summary>
    public Func<TimeSpan> SampleEvery { get; init; } = () => TimeSpan.FromSeconds(5);

    public TimeSpan SampleInterval => SampleEvery();
}
