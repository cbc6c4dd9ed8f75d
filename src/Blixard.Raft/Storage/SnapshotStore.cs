using Blixard.Raft.Core;
using Microsoft.Extensions.Logging;

namespace Blixard.Raft.Storage;

public sealed class SnapshotStore
{
    public SnapshotStore(IFileSystem fileSystem, string directory, ILogger<SnapshotStore> logger)
    {
        _ = (fileSystem, directory, logger);
        throw new NotImplementedException();
    }

    /// <summary>
    /// Stores a snapshot of this member's own state and returns when it is durable. The newest two are kept. Safe to
    /// call from another thread than the receive path.
    /// </summary>
    public void Save(SnapshotMeta meta, Action<Stream> write) => throw new NotImplementedException();

    /// <summary>
    /// The snapshot to start from, checked byte by byte, or null if there never was one. The older is taken if the
    /// newest is damaged, provided that the log reaches back to it. The state machine starts from the result's
    /// <see cref="SnapshotFile.Meta"/>, which may be newer or older than the log's marker: start the core from
    /// <c>restored with { Snapshot = file.Meta }</c>.
    /// </summary>
    /// <exception cref="SnapshotCorruptException">None that fits the log is intact.</exception>
    public SnapshotFile? OpenLatest(RestoredState restored) => throw new NotImplementedException();

    /// <summary>The newest stored snapshot at or after <paramref name="index"/>, for sending; null if there is none.</summary>
    public SnapshotFile? OpenForSending(ulong index) => throw new NotImplementedException();

    /// <summary>Starts to receive a snapshot from a leader. Nothing is visible before it is committed.</summary>
    public SnapshotReceiver BeginReceive(SnapshotMeta meta) => throw new NotImplementedException();
}

/// <summary>A stored snapshot, open: it stays readable when newer ones replace it.</summary>
public sealed class SnapshotFile : IDisposable
{
    public SnapshotMeta Meta => throw new NotImplementedException();

    /// <summary>Bytes of <see cref="Content"/>.</summary>
    public long Length => throw new NotImplementedException();

    /// <summary>CRC32C of <see cref="Content"/>.</summary>
    public uint Checksum => throw new NotImplementedException();

    /// <summary>What the state machine wrote.</summary>
    public Stream Content => throw new NotImplementedException();

    public void Dispose() => throw new NotImplementedException();
}

/// <summary>A snapshot on its way in. Disposed of before <see cref="Commit"/>, it leaves nothing behind.</summary>
public sealed class SnapshotReceiver : IDisposable
{
    public Stream Content => throw new NotImplementedException();

    /// <summary>Makes it durable, if length and checksum are the sender's.</summary>
    /// <exception cref="InvalidDataException">They are not.</exception>
    public void Commit(long length, uint checksum) => throw new NotImplementedException();

    public void Dispose() => throw new NotImplementedException();
}
