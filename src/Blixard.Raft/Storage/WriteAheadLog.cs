using Blixard.Raft.Core;

namespace Blixard.Raft.Storage;

public sealed class WriteAheadLog : IDisposable
{
    /// <exception cref="WalCorruptException">Something acknowledged is damaged or missing.</exception>
    /// <exception cref="StorageIdentityException">It is another member's log.</exception>
    /// <exception cref="IOException">The disk failed, or another process has the log open.</exception>
    public static WriteAheadLog Open(IFileSystem fileSystem, string directory, WalOptions options, out RestoredState restored) =>
        throw new NotImplementedException();

    public RecoveryReport Recovery => throw new NotImplementedException();

    /// <summary>Bytes of all segments on disk.</summary>
    public long Bytes => throw new NotImplementedException();

    /// <summary>Takes a batch into the buffer. Nothing is promised before <see cref="Sync"/> returns.</summary>
    public void Append(WalBatch batch) => throw new NotImplementedException();

    /// <summary>One write and one fdatasync for all that was appended since the last.</summary>
    /// <exception cref="NoSpaceException">Nothing was written; call again when there is space.</exception>
    /// <exception cref="StorageFailedException">The log is unusable from now on; end the process.</exception>
    public void Sync() => throw new NotImplementedException();

    /// <summary>When idle, and before an orderly stop: proves to the next start that the last batch was acknowledged.</summary>
    public void MarkDurable() => throw new NotImplementedException();

    /// <summary>
    /// Entries up to <paramref name="index"/> are no longer needed: drops the segments that hold no other. The snapshot
    /// that replaces them must have been appended and synced.
    /// </summary>
    public void Compact(ulong index) => throw new NotImplementedException();

    public void Dispose() => throw new NotImplementedException();
}
