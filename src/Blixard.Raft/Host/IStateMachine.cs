using Blixard.Raft.Core;

namespace Blixard.Raft.Host;

/// <summary>
/// What the log is applied to. Called by the apply worker alone, one call at a time. An exception stops the member:
/// an entry that can't be applied must not be skipped, because the others would apply it.
/// </summary>
public interface IStateMachine
{
    /// <summary>
    /// Every committed entry in index order, each once since the last <see cref="Restore"/>; entries that are not
    /// commands too, so that the applied index has no holes.
    /// </summary>
    void Apply(IReadOnlyList<LogEntry> entries);

    /// <summary>
    /// Says whether two states are the same: equal for equal states, on every machine and in every version that may run
    /// beside this one, and different for others but for a chance of 2^-64. Must be cheap: it is asked for often.
    /// Null: this machine can't say, and is not compared.
    /// </summary>
    ulong? Digest { get; }

    /// <summary>
    /// Captures the state as applied so far, which must be cheap. The returned writer runs later, on another thread,
    /// while more is applied.
    /// </summary>
    Action<Stream> CaptureSnapshot();

    /// <summary>Replaces the state.</summary>
    void Restore(SnapshotMeta meta, Stream snapshot);
}
