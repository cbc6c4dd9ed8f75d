namespace Blixard.Raft.Core;

/// <summary>A read that may be served from any state at or above <paramref name="Index"/>.</summary>
public readonly record struct ReadState(ulong Context, ulong Index);

/// <summary>
/// What the core wants done, in four independent hands (etcd's <c>Ready</c> with asynchronous storage):
/// <list type="number">
/// <item>Persist <see cref="Snapshot"/>, <see cref="HardState"/> and <see cref="Entries"/> as one batch, in the order
/// of <see cref="Batch"/>, and call <see cref="RaftNode.Persisted"/> when the batch is on stable storage.</item>
/// <item>Send <see cref="Messages"/> now.</item>
/// <item>Send <see cref="AfterDurable"/> once that batch, and so all before it, is on stable storage: they are
/// promises (votes and acknowledgements).</item>
/// <item>Apply <see cref="Committed"/> in order, serve <see cref="Reads"/>.</item>
/// </list>
/// A batch may hold nothing to persist and still have AfterDurable messages: then they wait for the batches before it.
/// </summary>
public sealed class Ready
{
    /// <summary>
    /// Grows by one with every Ready that has something to persist or to send after it; 0: it has neither.
    /// </summary>
    public required ulong Batch { get; init; }

    /// <summary>Non-null if term or vote changed.</summary>
    public required HardState? HardState { get; init; }

    /// <summary>
    /// To be appended. If the first index is at or below what was stored before, everything from there on is replaced.
    /// </summary>
    public required IReadOnlyList<LogEntry> Entries { get; init; }

    /// <summary>
    /// A snapshot received from the leader: restore the state machine from it; the log before it is void.
    /// </summary>
    public required SnapshotMeta? Snapshot { get; init; }

    public required IReadOnlyList<Message> Messages { get; init; }

    public required IReadOnlyList<Message> AfterDurable { get; init; }

    /// <summary>Newly committed entries of every kind, without gaps, after <see cref="Snapshot"/>.</summary>
    public required IReadOnlyList<LogEntry> Committed { get; init; }

    /// <summary>Confirmed reads of this member.</summary>
    public required IReadOnlyList<ReadState> Reads { get; init; }

    /// <summary>Contexts of reads of this member that this leadership can't confirm any more: ask again.</summary>
    public required IReadOnlyList<ulong> DroppedReads { get; init; }

    public bool MustPersist => HardState is not null || Entries.Count > 0 || Snapshot is not null;
}
