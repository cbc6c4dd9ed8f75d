using Blixard.Raft.Core;
using Blixard.Raft.Storage;

namespace Blixard.Raft.Host;

/// <summary>Puts together what the log and the snapshot store found, and restores the state machine.</summary>
internal static class Recovery
{
    /// <exception cref="SnapshotCorruptException">No snapshot is whole, and nobody else could send one.</exception>
    public static RestoredState Restore(
        RaftHostOptions options,
        WriteAheadLog log,
        RestoredState recovered,
        SnapshotStore snapshots,
        IStateMachine stateMachine)
    {
        using var stored = Open(options, log, snapshots, ref recovered);
        if (stored is not null)
        {
            stateMachine.Restore(stored.Meta, stored.Content);
            if (GoesOnFrom(stored.Meta, recovered.Entries))
            {
                return recovered with { Snapshot = stored.Meta };
            }

            if (recovered.Repair is not null)
            {
                Restart(log, stored.Meta);
            }

            return recovered with { Snapshot = stored.Meta, Entries = [] };
        }

        if (recovered.Repair is not null
            && (recovered.Snapshot.Index > 0 || recovered.Entries is [{ Index: > 1 }, ..]))
        {
            // What is left of the log goes on from a state that is lost. The leader has both.
            var nothing = Nothing(options, recovered);
            Restart(log, nothing);
            return recovered with { Snapshot = nothing, Entries = [] };
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
    /// The snapshot to start from; null: none. If the log is intact and yet no snapshot can be used, this member goes
    /// over to repair: the state that its log goes on from is lost.
    /// </summary>
    private static SnapshotFile? Open(
        RaftHostOptions options, WriteAheadLog log, SnapshotStore snapshots, ref RestoredState recovered)
    {
        if (recovered.Repair is null)
        {
            try
            {
                return snapshots.OpenLatest(recovered);
            }
            catch (SnapshotCorruptException damage)
            {
                if (WalSalvage.IsSoleVoter(options.Core.Self, NewestConfiguration(options, recovered)))
                {
                    throw new SnapshotCorruptException(
                        damage.File, damage.Offset, damage.Expected, WalSalvage.NobodyElse);
                }

                var last = recovered.Entries.Count > 0 ? recovered.Entries[^1].Index : recovered.Snapshot.Index;
                log.BeginRepair(new(last, recovered.HardState.Term));
                recovered = recovered with { Repair = log.Repair };
            }
        }

        return snapshots.OpenNewestIntact(recovered.HardState.Term);
    }

    private static void Restart(WriteAheadLog log, SnapshotMeta snapshot)
    {
        log.Append(new() { Snapshot = snapshot, ReplacesLog = true, RestartsLog = true });
        log.Sync();
    }

    /// <summary>
    /// Where a member begins again whose state is lost: at index 0, with the newest configuration that is surely
    /// committed, that of its last snapshot. An entry's may have been rolled back since, and if no entry of the log
    /// replaced it, this member would go by it for ever, and vote and campaign by it once it is repaired (seed 8191).
    /// </summary>
    /// <remarks>
    /// It is too new for index 0 if the snapshot's index S lies behind a change of the configuration. That is undone on
    /// the way: what the leader sends from index 1 on has all those changes, and a snapshot of its own instead carries
    /// its own. Beyond S it is right in any case, and the repair does not end before S: S is not after
    /// <see cref="Repair.Through"/>, and an entry of a later term than <see cref="Repair.Term"/> comes after it.
    /// A snapshot that this member takes or sends below S can carry it too. Whoever starts from that one knows of a
    /// committed configuration sooner than of the entries before it. That is safe: a majority of that configuration has
    /// its entry, so with a shorter log nobody wins an election by it; and on its way to S it passes through the
    /// older ones as any member does that is behind.
    /// </remarks>
    private static SnapshotMeta Nothing(RaftHostOptions options, RestoredState recovered) => new(
        0,
        0,
        recovered.Snapshot.Configuration == Configuration.Empty
            ? options.InitialConfiguration
            : recovered.Snapshot.Configuration);

    private static Configuration NewestConfiguration(RaftHostOptions options, RestoredState recovered)
    {
        for (var i = recovered.Entries.Count - 1; i >= 0; i--)
        {
            if (recovered.Entries[i].Kind == EntryKind.Configuration)
            {
                return ConfigurationCodec.Decode(recovered.Entries[i].Data.Span);
            }
        }

        return recovered.Snapshot.Configuration == Configuration.Empty
            ? options.InitialConfiguration
            : recovered.Snapshot.Configuration;
    }

    /// <summary>
    /// False if the log ends before the snapshot or disagrees with it there: the member ended after it had stored the
    /// leader's snapshot and before it had noted so in the log, or lost that part. What a snapshot covers is committed,
    /// so it stands.
    /// </summary>
    internal static bool GoesOnFrom(SnapshotMeta snapshot, IReadOnlyList<LogEntry> entries)
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
