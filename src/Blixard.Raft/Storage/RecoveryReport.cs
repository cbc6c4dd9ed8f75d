namespace Blixard.Raft.Storage;

/// <summary>What opening a log found.</summary>
public sealed record RecoveryReport
{
    public required int Segments { get; init; }

    public required long Batches { get; init; }

    /// <summary>Where the end of the log was cut off; null if it ended cleanly.</summary>
    public TornTail? Torn { get; init; }

    /// <summary>What could not be read back; null if everything could.</summary>
    public LogDamage? Damage { get; init; }
}

/// <summary>
/// A damaged place in what was durable. The file has been set aside under a name that ends in
/// <see cref="SetAsideFiles.Suffix"/>.
/// </summary>
/// <param name="File">Path of the segment as it was called.</param>
/// <param name="Offset">Byte offset of the first damaged sector.</param>
/// <param name="Expected">What should have been there.</param>
/// <param name="IntactThrough">Last index that is left.</param>
/// <param name="DurableThrough">Last index that was on stable storage before.</param>
public sealed record LogDamage(
    string File, long Offset, string Expected, ulong IntactThrough, ulong DurableThrough);

/// <summary>
/// A batch that was being written when the power was lost. It had not been acknowledged: its sync had not returned,
/// for at least one of its sectors was never written.
/// </summary>
public sealed record TornTail(string File, long Offset, ulong Batch);
