using Blixard.Raft.Core;

namespace Blixard.Raft.Simulation.World;

/// <summary>A snapshot as a file: what it covers and what is in it.</summary>
internal sealed record SnapshotFile(SnapshotMeta Meta, MachineState State);

/// <summary>
/// One Ready's worth of writing, atomic on recovery (a batch whose end is missing is dropped whole), with the promises
/// that may leave once it is durable.
/// </summary>
internal sealed record WriteBatch(
    ulong Number,
    HardState? HardState,
    SnapshotFile? Snapshot,
    IReadOnlyList<LogEntry> Entries,
    IReadOnlyList<Message> AfterDurable);

/// <summary>
/// One member's disk: what is on stable storage, and what was written but is still in the page cache. A crash of the
/// process keeps the page cache; a loss of power keeps any prefix of it.
/// </summary>
internal sealed class SimDisk(SnapshotFile first)
{
    private readonly List<WriteBatch> _cache = [];
    private readonly List<SnapshotFile> _received = [];
    private int _inSync;

    /// <summary>What a loss of power cannot take away.</summary>
    public StableStorage Stable { get; } = new(first);

    public bool IsSyncing => _inSync > 0;

    public bool HasUnsynced => _cache.Count > 0;

    public void Write(WriteBatch batch) => _cache.Add(batch);

    /// <summary>Begins a sync of the oldest unsynced batch, or of all with <paramref name="group"/>.</summary>
    public void BeginSync(bool group) => _inSync = group ? _cache.Count : Math.Min(1, _cache.Count);

    /// <summary>The sync in flight ended: these batches are on stable storage now, in this order.</summary>
    public List<WriteBatch> CompleteSync()
    {
        var durable = _cache.GetRange(0, _inSync);
        Keep(_inSync);
        return durable;
    }

    /// <summary>A file that came from the leader, complete and synced; not yet part of the log's history.</summary>
    public void StoreReceived(SnapshotFile file)
    {
        _received.RemoveAll(old => old.Meta.Index <= Stable.Snapshot.Meta.Index);
        _received.Add(file);
    }

    public SnapshotFile Received(SnapshotMeta meta) => _received.FindLast(file => file.Meta == meta)!;

    /// <summary>Such a snapshot is on stable storage, whether or not the log refers to it.</summary>
    public bool HasReceived(ulong index, ulong term) =>
        _received.Exists(file => file.Meta.Index == index && file.Meta.Term == term);

    /// <summary>The process died; the sync it had asked for dies with it.</summary>
    public void ProcessCrashed() => _inSync = 0;

    /// <summary>Of what was not synced, the kernel had written out some prefix.</summary>
    public void PowerLost(SimRandom random)
    {
        Keep(random.Below(_cache.Count + 1));
        _cache.Clear();
    }

    /// <summary>
    /// A starting member syncs what it reads back before it relies on it: after a crash of the process it may have come
    /// from the page cache.
    /// </summary>
    public RestoredState Recover()
    {
#if MUTANTS
        if (Planted.Is(Mutant.PageCacheTrustedAfterCrash))
        {
            return ReadUnsynced();
        }
#endif
        Keep(_cache.Count);
        return Stable.Read();
    }

#if MUTANTS
    // What reading the files gives, page cache included.
    private RestoredState ReadUnsynced()
    {
        var read = new StableStorage(Stable);
        _cache.ForEach(read.Add);
        return read.Read();
    }
#endif

    private void Keep(int batches)
    {
        for (var i = 0; i < batches; i++)
        {
            Stable.Add(_cache[i]);
        }

        _cache.RemoveRange(0, batches);
        _inSync = 0;
    }
}
