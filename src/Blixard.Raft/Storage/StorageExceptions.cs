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

/// <summary>
/// The log holds bytes that nobody wrote, or lacks bytes that were acknowledged. Nothing was changed: this member must
/// not vote until an operator has restored it.
/// </summary>
/// <param name="file">Path of the segment.</param>
/// <param name="offset">Byte offset of the first damaged sector.</param>
/// <param name="expected">What should have been there.</param>
public sealed class WalCorruptException(string file, long offset, string expected)
    : Exception($"write-ahead log is damaged: {file}, offset {offset}: {expected}; nothing was changed")
{
    public string File { get; } = file;

    public long Offset { get; } = offset;

    public string Expected { get; } = expected;
}

/// <summary>No usable snapshot, and the log does not reach back far enough. Nothing was changed.</summary>
public sealed class SnapshotCorruptException(string file, long offset, string expected)
    : Exception($"snapshot is damaged: {file}, offset {offset}: {expected}")
{
    public string File { get; } = file;

    public long Offset { get; } = offset;

    public string Expected { get; } = expected;
}
