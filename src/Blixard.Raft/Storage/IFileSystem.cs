namespace Blixard.Raft.Storage;

/// <summary>
/// What the write-ahead log and the snapshots need of a disk, and no more: the product's is
/// <see cref="PosixFileSystem"/>, the simulator has one that loses power. Errors are <see cref="IOException"/>s; a full
/// disk is a <see cref="NoSpaceException"/>. Paths are joined with '/'.
/// </summary>
public interface IFileSystem
{
    /// <summary>Creates the directory and those above it, if need be, and makes their names durable.</summary>
    void CreateDirectory(string path);

    /// <summary>Names (not paths) of the files in a directory, in ordinal order.</summary>
    IReadOnlyList<string> List(string directory);

    /// <summary>Opens an existing file for reading, and for writing if asked.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    IFile Open(string path, bool writable);

    /// <summary>Creates an empty file; one that is there already is an error.</summary>
    IFile Create(string path);

    /// <summary>Replaces the target if it exists. Durable after <see cref="SyncDirectory"/>.</summary>
    void Rename(string source, string target);

    /// <summary>Durable after <see cref="SyncDirectory"/>.</summary>
    void Delete(string path);

    /// <summary>fsync(2) of a directory: names created, renamed and deleted in it survive a loss of power.</summary>
    void SyncDirectory(string directory);

    /// <summary>
    /// Keeps other processes out until the result is disposed of or the process ends, however it ends.
    /// </summary>
    /// <exception cref="IOException">Somebody else holds it.</exception>
    IDisposable Lock(string path);

    /// <summary>Bytes that this process may still allocate in the file system of that directory.</summary>
    long FreeBytes(string directory);
}

/// <summary>An open file for access at offsets. Used by one thread at a time.</summary>
public interface IFile : IDisposable
{
    string Path { get; }

    long Length { get; }

    /// <summary>Writes all of it, or throws; nothing is durable before <see cref="SyncData"/>.</summary>
    void Write(long offset, ReadOnlySpan<byte> bytes);

    /// <summary>Bytes read; fewer than asked for only at the end of the file.</summary>
    int Read(long offset, Span<byte> bytes);

    /// <summary>
    /// For a file just created: makes it <paramref name="length"/> bytes long, all zero, with every block allocated and
    /// written on stable storage, so that a later write of it needs no metadata and finds its space.
    /// </summary>
    void Preallocate(long length, CancellationToken cancellationToken);

    /// <summary>
    /// For a file just created that only keeps space from others: makes it <paramref name="length"/> bytes long with
    /// its blocks allocated, whatever is in them. Durable after <see cref="SyncData"/>.
    /// </summary>
    /// <exception cref="NoSpaceException">There are not so many; the file may hold some of them.</exception>
    void Reserve(long length);

    void SetLength(long length);

    /// <summary>
    /// Before reading: the next read shall come from the disk, not from the page cache. A wish; pages that are not yet
    /// written back stay.
    /// </summary>
    void DropCache();

    /// <summary>
    /// fdatasync(2): bytes written, and the length if needed to read them, are on stable storage. After an error the
    /// kernel may have forgotten what it could not write: no later success means anything
    /// (Rebello et al., "Can Applications Recover from fsync Failures?", ATC 2020).
    /// </summary>
    void SyncData();
}
