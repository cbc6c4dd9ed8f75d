using Blixard.Raft.Core;

namespace Blixard.Raft.Simulation.Scenarios;

/// <summary>
/// One member whose every step a transcript decides: when it is asked for its Ready, when its disk syncs.
/// </summary>
internal sealed class ScenarioMember(RaftOptions options, RestoredState restored)
{
    private readonly List<Ready> _unsynced = [];
    private readonly List<LogEntry> _stable = [.. restored.Entries];
    private HardState _hardState = restored.HardState;
    private SnapshotMeta _snapshot = restored.Snapshot;

    public RaftNode Node { get; private set; } = new(options, restored);

    public ulong Applied { get; private set; } = restored.Snapshot.Index;

    public Ready TakeReady()
    {
        var ready = Node.TakeReady();
        if (ready.Batch > 0)
        {
            _unsynced.Add(ready);
        }

        Applied = ready.Snapshot?.Index ?? Applied;
        Applied = ready.Committed.Count > 0 ? ready.Committed[^1].Index : Applied;
        return ready;
    }

    /// <summary>Everything written becomes durable; returns the promises that were waiting for it.</summary>
    public IReadOnlyList<Message> Sync()
    {
        var promises = new List<Message>();
        foreach (var batch in _unsynced)
        {
            _hardState = batch.HardState ?? _hardState;
            if (batch.Snapshot is { } snapshot)
            {
                _snapshot = snapshot;
                _stable.Clear();
            }

            if (batch.Entries.Count > 0)
            {
                _stable.RemoveAll(entry => entry.Index >= batch.Entries[0].Index);
                _stable.AddRange(batch.Entries);
            }

            Node.Persisted(batch.Batch);
            promises.AddRange(batch.AfterDurable);
        }

        _unsynced.Clear();
        return promises;
    }

    /// <summary>A snapshot of what is applied is durable, and the log behind it deleted.</summary>
    public void Compact()
    {
        _snapshot = new(Applied, Node.TermAt(Applied)!.Value, Node.ConfigurationAt(Applied));
        _stable.RemoveAll(entry => entry.Index <= Applied);
        Node.Compact(_snapshot, Applied);
    }

    /// <summary>Loses power and starts again with what was synced.</summary>
    public void Restart()
    {
        _unsynced.Clear();
        Applied = _snapshot.Index;
        Node = new(options, new(_hardState, _snapshot, [.. _stable]));
    }
}
