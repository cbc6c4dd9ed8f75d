namespace Blixard.Raft.Storage;

/// <summary>The disk is full. What was stored is intact; the call may be repeated when there is space.</summary>
public sealed class NoSpaceException(string message, Exception? inner = null) : IOException(message, inner);

/// <summary>
/// A write or an fsync failed. The object that threw it refuses everything from then on, and the process must end:
/// only a new start, which reads back what really is on the disk, knows what is stored.
/// </summary>
public sealed class StorageFailedException(string message, Exception inner) : IOException(message, inner);

/// <summary>The files belong to another cluster or to another member.</summary>
public sealed class StorageIdentityException(string message) : Exception(message);

/// <summary>The files are of a format version that this program does not read. Nothing was changed.</summary>
public sealed class StorageVersionException(string message) : Exception(message);

/// <summary>
/// The log holds bytes that nobody wrote, or lacks bytes that were acknowledged, and this can't be mended by the other
/// members (<see cref="WalSalvage"/>). Nothing was changed.
/// </summary>
/// <param name="file">Path of the segment.</param>
/// <param name="offset">Byte offset of the first damaged sector.</param>
/// <param name="expected">What should have been there.</param>
/// <param name="wayOut">Why it can't be mended, and what an operator can do. A sentence or more; may be empty.</param>
public sealed class WalCorruptException(string file, long offset, string expected, string wayOut = "")
    : Exception(
        $"write-ahead log is damaged: {file}, offset {offset}: expected {expected}; nothing was changed."
        + (wayOut.Length > 0 ? " " + wayOut : ""))
{
    public string File { get; } = file;

    public long Offset { get; } = offset;

    public string Expected { get; } = expected;
}

/// <summary>No usable snapshot, and the log does not reach back far enough. Nothing was changed.</summary>
/// <param name="file">Path of the snapshot.</param>
/// <param name="offset">Byte offset of what was checked.</param>
/// <param name="expected">What should have been there.</param>
/// <param name="wayOut">Why it can't be mended, and what an operator can do. A sentence or more; may be empty.</param>
public sealed class SnapshotCorruptException(string file, long offset, string expected, string wayOut = "")
    : Exception(
        $"snapshot is damaged: {file}, offset {offset}: expected {expected}" + (wayOut.Length > 0 ? ". " + wayOut : ""))
{
    public string File { get; } = file;

    public long Offset { get; } = offset;

    public string Expected { get; } = expected;
}
