namespace Blixard.Raft.Storage;

/// <summary>What opening a log found.</summary>
public sealed record RecoveryReport
{
    public required int Segments { get; init; }

    public required long Batches { get; init; }

    /// <summary>Where the end of the log was cut off; null if it ended cleanly.</summary>
    public TornTail? Torn { get; init; }
}

/// <summary>
/// A batch that was being written when the power was lost. It had not been acknowledged: its sync had not returned,
/// for at least one of its sectors was never written.
/// </summary>
public sealed record TornTail(string File, long Offset, ulong Batch);
