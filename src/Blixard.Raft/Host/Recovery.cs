using Blixard.Raft.Core;
using Blixard.Raft.Storage;

namespace Blixard.Raft.Host;

/// <summary>Puts together what the log and the snapshot store found, and restores the state machine.</summary>
internal static class Recovery
{
    public static RestoredState Restore(
        RaftHostOptions options,
        WriteAheadLog log,
        RestoredState recovered,
        SnapshotStore snapshots,
        IStateMachine stateMachine)
    {
        using var stored = snapshots.OpenLatest(recovered);
        if (stored is not null)
        {
            stateMachine.Restore(stored.Meta, stored.Content);
            return recovered with
            {
                Snapshot = stored.Meta,
                Entries = GoesOnFrom(stored.Meta, recovered.Entries) ? recovered.Entries : [],
            };
        }

        // A member that joined has an empty configuration until it gets its log, and later below its first entry.
        if (recovered.Snapshot.Configuration != Configuration.Empty || recovered.Entries.Count > 0)
        {
            return recovered;
        }

        // A new member: who counts must be on disk before anything that was decided with it.
        var first = new SnapshotMeta(0, 0, options.InitialConfiguration);
        log.Append(new() { Snapshot = first });
        log.Sync();
        return recovered with { Snapshot = first };
    }

    /// <summary>
    /// False if the log ends before the snapshot or disagrees with it there: the member ended after it had stored the
    /// leader's snapshot and before it had noted so in the log. What a snapshot covers is committed, so it stands.
    /// </summary>
    private static bool GoesOnFrom(SnapshotMeta snapshot, IReadOnlyList<LogEntry> entries)
    {
        if (entries.Count == 0 || entries[^1].Index < snapshot.Index)
        {
            return false;
        }

        var first = entries[0].Index;
        return first == snapshot.Index + 1
            || (first <= snapshot.Index && entries[(int)(snapshot.Index - first)].Term == snapshot.Term);
    }
}
