namespace Blixard.Raft.Storage;

/// <summary>
/// A log's directory without a segment is either that of a member that begins or of one that lost all it promised. The
/// second must never be taken for the first: it would vote as if it never had.
/// </summary>
internal static class LostLog
{
    private const string WayOut =
        WalSalvage.JoinAnew + " If it was the only member, put back a copy of its data directory instead.";

    /// <summary>
    /// Path of a file that is there only because there was a log; null: none, or the log is there. A log's first
    /// segment is on stable storage, its name too, before anything else is made beside it, and is never without a
    /// successor that is.
    /// </summary>
    /// <param name="snapshotDirectory">Null: not looked at.</param>
    public static string? Trace(IFileSystem fileSystem, string directory, string? snapshotDirectory)
    {
        var names = fileSystem.List(directory);
        if (names.Any(name => WalRecovery.SequenceOf(name, WalRecovery.Suffix) is not null))
        {
            return null;
        }

        if (names.FirstOrDefault(IsLeftByLog) is { } left)
        {
            return $"{directory}/{left}";
        }

        // Whatever is in there: no snapshot is taken or received before there is a log.
        return snapshotDirectory is not null && fileSystem.List(snapshotDirectory) is [var snapshot, ..]
            ? $"{snapshotDirectory}/{snapshot}"
            : null;
    }

    /// <exception cref="WalCorruptException">There was a log, and it is gone. Nothing was changed.</exception>
    public static void Refuse(IFileSystem fileSystem, string directory, string? snapshotDirectory)
    {
        if (snapshotDirectory is not null)
        {
            fileSystem.CreateDirectory(snapshotDirectory);
        }

        if (Trace(fileSystem, directory, snapshotDirectory) is { } trace)
        {
            throw new WalCorruptException(directory, 0, $"the segments (*.wal) of the log that {trace} belongs to", WayOut);
        }
    }

    private static bool IsLeftByLog(string name) =>
        name is SegmentPool.BallastName or RepairMarker.Name
        || WalRecovery.SequenceOf(name, SegmentPool.SpareSuffix) is not null
        || name.EndsWith(SetAsideFiles.Suffix, StringComparison.Ordinal);
}
