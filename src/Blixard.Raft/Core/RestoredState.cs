namespace Blixard.Raft.Core;

/// <summary>
/// What a member finds on its disk at start; all of it is on stable storage.
/// </summary>
/// <param name="HardState">Term and vote.</param>
/// <param name="Snapshot">
/// The newest snapshot; for a member that never had one, index 0 with the first configuration.
/// </param>
/// <param name="Entries">
/// Consecutive. They may begin at or before <paramref name="Snapshot"/>'s index (kept for slow followers), and never
/// leave a gap after it.
/// </param>
public sealed record RestoredState(HardState HardState, SnapshotMeta Snapshot, IReadOnlyList<LogEntry> Entries)
{
    /// <summary>
    /// Non-null: of what was on stable storage only this much could be read back, and what is missing may have been
    /// acknowledged. <see cref="HardState"/> is exact all the same.
    /// </summary>
    public Repair? Repair { get; init; }
}
