using Blixard.Raft.Core;
using Blixard.Raft.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Blixard.Raft.Host;

/// <summary>
/// For a cluster whose majority is lost for good: what one member has left becomes the log of a new cluster in which
/// it is the only voter. This gives up what consensus promises, so it is never done by the daemon itself.
/// </summary>
/// <remarks>
/// The new log is another cluster's: members of the old one can't open it and are not greeted, so that no two halves
/// ever go on from the same entries. Snapshots are not bound to a cluster and stay where they are.
/// </remarks>
public static class LogRewrite
{
    private const int BatchBytes = 4 << 20;

    /// <summary>Reads only.</summary>
    /// <param name="options">Of the old log.</param>
    /// <exception cref="WalCorruptException">It is damaged, and nothing of it can be relied on.</exception>
    /// <exception cref="SnapshotCorruptException">It goes on from a snapshot, and none is whole.</exception>
    /// <exception cref="StorageIdentityException">It is another member's log.</exception>
    /// <exception cref="StorageVersionException">It is of a format version that this program does not read.</exception>
    /// <exception cref="IOException">The disk failed.</exception>
    public static SurvivingLog Read(
        IFileSystem fileSystem, string logDirectory, string snapshotDirectory, WalOptions options)
    {
        var (log, loss) = ReadLog(fileSystem, logDirectory, options with { SnapshotDirectory = snapshotDirectory });
        var lastTerm = log.Entries.Count > 0 ? log.Entries[^1].Term : 0;
        var term = Math.Max(log.HardState.Term, Math.Max(lastTerm, log.Snapshot.Term));
        using var stored = SnapshotStore
            .ForReading(fileSystem, snapshotDirectory, NullLogger<SnapshotStore>.Instance)
            .PeekNewestIntact(out var damaged);
        if (stored is null)
        {
            return log.Snapshot.Index == 0 && log.Entries is [] or [{ Index: 1 }, ..]
                ? new(term, log.Snapshot, log.Entries, loss)
                : throw damaged ?? new SnapshotCorruptException(
                    snapshotDirectory, 0, "a snapshot with which the log goes on");
        }

        // What a snapshot covers is committed, wherever the log ends: there is no leader who would send it again.
        var snapshot = stored.Meta;
        term = Math.Max(term, snapshot.Term);
        if (Recovery.GoesOnFrom(snapshot, log.Entries))
        {
            return new(term, snapshot, [.. log.Entries.Where(entry => entry.Index > snapshot.Index)], loss);
        }

        var last = log.Entries.Count > 0 ? log.Entries[^1].Index : log.Snapshot.Index;
        var isOldEnough = log.Entries.Count > 0 && log.Entries[0].Index <= snapshot.Index;
        if (last > snapshot.Index && !isOldEnough)
        {
            // The snapshot that the log goes on from is gone.
            loss ??= new(
                damaged?.Message ?? $"{snapshotDirectory} lacks the snapshot with which the log goes on", last);
        }

        return new(term, snapshot, [], loss);
    }

    /// <summary>
    /// Makes a complete log of it in a directory that is empty or absent: a later term, all entries, and then
    /// <paramref name="options"/>'s member as the only voter. On stable storage when it returns.
    /// </summary>
    /// <param name="options">Of the new log: another cluster's id.</param>
    /// <returns>The index of the new configuration, the last.</returns>
    /// <exception cref="InvalidOperationException">There is a log already, or what was written does not read back.</exception>
    /// <exception cref="IOException">The disk failed or is full.</exception>
    public static ulong Write(IFileSystem fileSystem, string directory, SurvivingLog log, WalOptions options)
    {
        var (term, last) = (log.Term + 1, log.LastIndex + 1);
        options = options with { PrepareAhead = false, ReserveBytes = 0 };
        using (var written = WriteAheadLog.Open(fileSystem, directory, options, out var before))
        {
            if (before.HardState != default || before.Entries.Count > 0 || before.Snapshot != SnapshotMeta.Empty)
            {
                throw new InvalidOperationException($"{directory} holds a log already");
            }

            written.Append(new()
            {
                HardState = new(term, MemberId.None),
                Snapshot = log.Snapshot,
                ReplacesLog = log.Snapshot.Index > 0,
            });
            written.Sync();
            foreach (var batch in Batches(log.Entries))
            {
                written.Append(new() { Entries = batch });
                written.Sync();
            }

            var alone = ConfigurationCodec.Encode(Configuration.Of(options.Member));
            written.Append(new() { Entries = [new(last, term, EntryKind.Configuration, alone)] });
            written.MarkDurable();
        }

        var read = new WalRecovery(fileSystem, directory, options).Run().Replay.Shape;
        return read.LastIndex == last && read.HardState.Term == term && read.Snapshot == log.Snapshot
            ? last
            : throw new InvalidOperationException(
                $"{directory} reads back as a log through {read.LastIndex} in term {read.HardState.Term}, not {last} in {term}");
    }

    private static (RestoredState Log, LogLoss? Loss) ReadLog(
        IFileSystem fileSystem, string directory, WalOptions options)
    {
        RestoredState log;
        LogLoss? loss = null;
        try
        {
            log = new WalRecovery(fileSystem, directory, options).Run().Replay.ToRestored();
        }
        catch (WalCorruptException damage)
        {
            var (prefix, newest) = new WalSalvage(fileSystem, directory, options, damage).ReadPrefix();
            log = prefix?.ToRestored() ?? new(default, SnapshotMeta.Empty, []);
            log = log with { HardState = newest?.HardState ?? log.HardState };
            loss = new($"{damage.File}, offset {damage.Offset}: expected {damage.Expected}", newest?.LastIndex);
        }

        try
        {
            if (RepairMarker.Read(fileSystem, directory, options) is { } repair)
            {
                loss ??= new($"an earlier damage in {directory} is not repaired yet", repair.Through);
            }
        }
        catch (WalCorruptException damage)
        {
            loss ??= new($"{damage.File}: expected {damage.Expected}", null);
        }

        if (LostLog.Trace(fileSystem, directory, options.SnapshotDirectory) is { } trace)
        {
            loss ??= new($"{directory} has lost the segments (*.wal) of the log that {trace} belongs to", null);
        }

        return (log, loss);
    }

    private static IEnumerable<IReadOnlyList<LogEntry>> Batches(IReadOnlyList<LogEntry> entries)
    {
        var batch = new List<LogEntry>();
        var bytes = 0;
        foreach (var entry in entries)
        {
            batch.Add(entry);
            bytes += entry.Size;
            if (bytes >= BatchBytes || batch.Count == 4096)
            {
                yield return batch;
                (batch, bytes) = ([], 0);
            }
        }

        if (batch.Count > 0)
        {
            yield return batch;
        }
    }
}
