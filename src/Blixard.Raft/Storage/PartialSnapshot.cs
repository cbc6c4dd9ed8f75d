using Blixard.Raft.Core;

namespace Blixard.Raft.Storage;

/// <summary>
/// A snapshot that comes in parts, perhaps over several connections. What has come stays in a file named by what it is
/// part of (<c>INDEX-TERM.snap.LENGTH-CHECKSUM.part</c>), so that the next attempt goes on where this one broke off;
/// it counts for nothing before <see cref="Commit"/>. Nothing of it is durable until then: after a loss of power the
/// checksum at the end says if what was kept is what was sent. Used by one thread at a time.
/// </summary>
public sealed class PartialSnapshot : IDisposable
{
    private const int ReadBytes = 256 << 10;

    private readonly IFileSystem _fileSystem;
    private readonly IFile _file;
    private readonly SnapshotFooter _footer;
    private readonly Action _publish;
    private uint _checksum;
    private bool _isOver;
#if MUTANTS
    private readonly long _resumedAt;
#endif

    internal PartialSnapshot(IFileSystem fileSystem, IFile file, SnapshotFooter footer, Action publish)
    {
        (_fileSystem, _file, _footer, _publish) = (fileSystem, file, footer, publish);

        // A footer without the rename that would have followed it is written again.
        var kept = Math.Min(file.Length, footer.ContentLength);
        file.SetLength(kept);
        var buffer = new byte[Math.Min(ReadBytes, kept)];
        while (Received < kept)
        {
            var read = file.Read(Received, buffer.AsSpan(0, (int)Math.Min(buffer.Length, kept - Received)));
            if (read == 0)
            {
                break;
            }

            _checksum = Crc32C.Append(_checksum, buffer.AsSpan(0, read));
            Received += read;
        }
#if MUTANTS
        _resumedAt = Received;
#endif
    }

    public SnapshotMeta Meta => _footer.Meta;

    /// <summary>Bytes that are here, from the beginning on.</summary>
    public long Received { get; private set; }

    public long Length => _footer.ContentLength;

    /// <summary>Appends what follows <see cref="Received"/>; not more than <see cref="Length"/> in all.</summary>
    /// <exception cref="NoSpaceException">The disk is full; nothing of this snapshot is kept.</exception>
    public void Append(ReadOnlySpan<byte> part)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(part.Length, Length - Received, nameof(part));
        try
        {
#if MUTANTS
            if (Planted.Is(Mutant.SnapshotResumedAtWrongOffset) && _resumedAt > 0 && Received == _resumedAt)
            {
                _file.Write(Received - 1, part);
            }
            else
#endif
            {
                _file.Write(Received, part);
            }
        }
        catch (NoSpaceException)
        {
            // The log needs the space more.
            Discard();
            throw;
        }

        _checksum = Crc32C.Append(_checksum, part);
        Received += part.Length;
    }

    /// <summary>All of it is here: makes it durable and visible.</summary>
    /// <exception cref="InvalidDataException">It is not what was announced; nothing of it is kept.</exception>
    /// <exception cref="NoSpaceException">As with <see cref="Append"/>.</exception>
    /// <exception cref="IOException">
    /// The disk failed, and what is in the file is not known: nothing of it is kept, and the member must end.
    /// </exception>
    public void Commit()
    {
        if (Received != Length || _checksum != _footer.ContentChecksum)
        {
            Discard();
            throw new InvalidDataException(
                $"snapshot {Meta.Index}: {Received} bytes with checksum {_checksum:x8} came, "
                + $"{Length} with {_footer.ContentChecksum:x8} were announced");
        }

        try
        {
            _file.Write(Length, _footer.Encode());
#if MUTANTS
            if (!Planted.Is(Mutant.SnapshotNotSynced))
#endif
            {
                _file.SyncData();
            }

            _publish();
            _isOver = true;
        }
        catch (IOException)
        {
            // After a failed sync the kernel may have dropped what it could not write: it must not be read back and
            // taken for stored (PosixFile.SyncData).
            Discard();
            throw;
        }
    }

    /// <summary>Without <see cref="Commit"/>: keeps what has come for the next attempt.</summary>
    public void Dispose()
    {
        _file.Dispose();
        if (!_isOver && Received == 0)
        {
            Discard();
        }
    }

    private void Discard()
    {
        _isOver = true;
        _fileSystem.Delete(_file.Path);
    }
}
