using System.Globalization;
using Blixard.Raft.Core;
using Microsoft.Extensions.Logging;

namespace Blixard.Raft.Storage;

/// <summary>
/// Snapshots as files that are there whole or not at all: written under another name, synced, renamed, and the name
/// synced. <c>INDEX-TERM.snap</c>, both in sixteen hexadecimal digits; the format is <see cref="SnapshotFooter"/>'s.
/// Safe for several threads, but only one at a time saves and one receives a given snapshot.
/// </summary>
public sealed partial class SnapshotStore
{
    private const string Suffix = ".snap";
    private const string TemporarySuffix = ".tmp";
    private const string PartSuffix = ".part";
    private const int Kept = 2;

    private readonly IFileSystem _fileSystem;
    private readonly string _directory;
    private readonly ILogger<SnapshotStore> _logger;
    private readonly Lock _gate = new();
    private int _temporaries;
    private string? _receiving;

    /// <summary>
    /// Removes what was not finished before, but for what came of a leader's snapshot that may still be of use.
    /// </summary>
    public SnapshotStore(IFileSystem fileSystem, string directory, ILogger<SnapshotStore> logger)
    {
        (_fileSystem, _directory, _logger) = (fileSystem, directory, logger);
        fileSystem.CreateDirectory(directory);
        foreach (var name in fileSystem.List(directory))
        {
            if (name.EndsWith(TemporarySuffix, StringComparison.Ordinal))
            {
                Remove(name);
            }
        }

        DeleteParts(Stored().FirstOrDefault().Index);
    }

    private SnapshotStore(IFileSystem fileSystem, ILogger<SnapshotStore> logger, string directory) =>
        (_fileSystem, _directory, _logger) = (fileSystem, directory, logger);

    /// <summary>Leaves everything as it is: only for <see cref="PeekNewestIntact"/>.</summary>
    internal static SnapshotStore ForReading(
        IFileSystem fileSystem, string directory, ILogger<SnapshotStore> logger) => new(fileSystem, logger, directory);

    /// <summary>
    /// The newest snapshot that is intact, wherever the log ends; null if there is none. Nothing is changed.
    /// </summary>
    /// <param name="damaged">The newest that is not intact.</param>
    internal SnapshotFile? PeekNewestIntact(out SnapshotCorruptException? damaged)
    {
        damaged = null;
        foreach (var (name, index, term) in Stored())
        {
            try
            {
                return OpenVerified(name, index, term);
            }
            catch (SnapshotCorruptException damage)
            {
                damaged ??= damage;
            }
        }

        return null;
    }

    /// <summary>
    /// Stores a snapshot of this member's own state and returns when it is durable. Of those up to it, two are kept.
    /// </summary>
    /// <exception cref="NoSpaceException">Nothing changed.</exception>
    /// <exception cref="IOException">The disk failed; older snapshots are as they were.</exception>
    public void Save(SnapshotMeta meta, Action<Stream> write)
    {
        using var target = BeginReceive(meta);
        write(target.Content);
        target.Commit(target.Length, target.Checksum);
        Prune(meta.Index);
    }

    /// <summary>
    /// The snapshot to start from, checked byte by byte, or null if there never was one. It lies within the log, so
    /// that the log goes on from it: the newest that does, or the one before it if the newest is damaged and the log
    /// reaches back that far. One from a leader that the log has not noted yet is removed: the leader sends it again.
    /// Start the core from <c>restored with { Snapshot = file.Meta }</c>.
    /// </summary>
    /// <exception cref="SnapshotCorruptException">None that fits the log is intact.</exception>
    public SnapshotFile? OpenLatest(RestoredState restored)
    {
        var damaged = new List<SnapshotCorruptException>();
        foreach (var (name, index, term) in Stored())
        {
            if (!IsWithin(restored, index, term))
            {
                RemovedUnused(_logger, name, index);
                Remove(name);
                continue;
            }

            if (FirstNeeded(restored) > index + 1)
            {
                break;
            }

            try
            {
                var file = OpenVerified(name, index, term);
                damaged.ForEach(SetAside);
                return file;
            }
            catch (SnapshotCorruptException e)
            {
                damaged.Add(e);
            }
        }

        // The log may reach back to its first entry, but who the members were then, only a snapshot knows.
        return restored.Snapshot.Index == 0
            ? null
            : throw damaged.FirstOrDefault() ?? new SnapshotCorruptException(
                _directory, 0, $"a snapshot of {FirstNeeded(restored) - 1} or later, with which the log goes on");
    }

    /// <summary>
    /// For a member that is being repaired: the newest snapshot that is intact, wherever the log ends, for whatever a
    /// snapshot covers is committed; null if there is none. Damaged ones are set aside, and one of a later term than
    /// this member's, which only its leader can have sent and will send again, is removed.
    /// </summary>
    public SnapshotFile? OpenNewestIntact(ulong term)
    {
        foreach (var (name, index, snapshotTerm) in Stored().ToList())
        {
            if (snapshotTerm > term)
            {
                RemovedUnused(_logger, name, index);
                Remove(name);
                continue;
            }

            try
            {
                return OpenVerified(name, index, snapshotTerm);
            }
            catch (SnapshotCorruptException damage)
            {
                SetAside(damage);
            }
        }

        return null;
    }

    /// <summary>For sending: the newest stored snapshot, at or after <paramref name="index"/>; null: none.</summary>
    /// <exception cref="SnapshotCorruptException">Its footer is damaged. The receiver checks the content.</exception>
    public SnapshotFile? OpenForSending(ulong index)
    {
        lock (_gate)
        {
            return Stored().FirstOrDefault() is { Name: { } name } newest && newest.Index >= index
                ? Open(name, newest.Index, newest.Term)
                : null;
        }
    }

    /// <summary>Reads every stored snapshot from the disk; damaged ones are set aside.</summary>
    internal IEnumerable<ScrubStep> Scrub()
    {
        foreach (var (name, index, term) in Stored().ToList())
        {
            yield return Scrub(name, index, term);
        }
    }

    private ScrubStep Scrub(string name, ulong index, ulong term)
    {
        try
        {
            using var file = OpenVerified(name, index, term, fromDisk: true);
            return new(file.Length, null, 0);
        }
        catch (FileNotFoundException)
        {
            // Pruned meanwhile.
            return default;
        }
        catch (SnapshotCorruptException damage)
        {
            SetAside(damage);
            return new(0, damage.File, damage.Offset);
        }
    }

    /// <summary>That very snapshot is stored here already.</summary>
    public bool Contains(SnapshotMeta meta)
    {
        lock (_gate)
        {
            return Stored().Any(stored => stored.Index == meta.Index && stored.Term == meta.Term);
        }
    }

    /// <summary>
    /// Begins to receive a snapshot in parts, or goes on with what is here of the same one. Of no other anything is
    /// kept. One at a time.
    /// </summary>
    /// <param name="length">Bytes of content.</param>
    /// <param name="checksum">CRC32C of them.</param>
    /// <exception cref="NoSpaceException">It would not fit; nothing of it is kept.</exception>
    public PartialSnapshot ReceiveInParts(SnapshotMeta meta, long length, uint checksum)
    {
        var name = string.Create(
            CultureInfo.InvariantCulture, $"{NameOf(meta)}.{length:x16}-{checksum:x8}{PartSuffix}");
        var path = $"{_directory}/{name}";
        bool exists;
        lock (_gate)
        {
            _receiving = name;
            DeleteParts(ulong.MaxValue);
            exists = _fileSystem.List(_directory).Contains(name);
        }

        var footer = new SnapshotFooter(meta, length, checksum);
        var part = exists ? Resume(path, footer) : Begin(path, footer);
        var free = _fileSystem.FreeBytes(_directory);
        if (free >= length - part.Received)
        {
            return part;
        }

        part.Dispose();
        _fileSystem.Delete(path);
        throw new NoSpaceException(
            $"no space left for snapshot {meta.Index}: {length - part.Received} bytes are to come, {free} are free");
    }

    private PartialSnapshot Begin(string path, SnapshotFooter footer) =>
        new(_fileSystem, _fileSystem.Create(path), footer, () => Publish(path, NameOf(footer.Meta)));

    private PartialSnapshot Resume(string path, SnapshotFooter footer)
    {
        var file = _fileSystem.Open(path, writable: true);
        try
        {
            return new(_fileSystem, file, footer, () => Publish(path, NameOf(footer.Meta)));
        }
        catch (IOException)
        {
            // What came before can't be read back: it comes again.
            file.Dispose();
            _fileSystem.Delete(path);
            return Begin(path, footer);
        }
    }

    /// <summary>Starts to receive a snapshot from a leader. Nothing is visible before it is committed.</summary>
    public SnapshotReceiver BeginReceive(SnapshotMeta meta)
    {
        var name = NameOf(meta);
        var temporary = $"{_directory}/{name}.{Interlocked.Increment(ref _temporaries)}{TemporarySuffix}";
        return new(_fileSystem, _fileSystem.Create(temporary), meta, () => Publish(temporary, name));
    }

    private void Publish(string temporary, string name)
    {
        lock (_gate)
        {
            _fileSystem.Rename(temporary, $"{_directory}/{name}");
#if MUTANTS
            if (Planted.Is(Mutant.SnapshotNameNotSynced))
            {
                return;
            }
#endif
            _fileSystem.SyncDirectory(_directory);
        }
    }

    private void Remove(string name)
    {
        _fileSystem.Delete($"{_directory}/{name}");
        _fileSystem.SyncDirectory(_directory);
    }

    /// <summary>
    /// Of the snapshots up to an index, two are kept. There must be one of this member's own state there, or one that
    /// its log has noted: while it has not, the log may still need the one before.
    /// </summary>
    /// <exception cref="IOException">The disk failed.</exception>
    internal void Prune(ulong savedIndex)
    {
        lock (_gate)
        {
            foreach (var (name, _, _) in Stored().Where(stored => stored.Index <= savedIndex).Skip(Kept))
            {
                Remove(name);
            }

            DeleteParts(savedIndex);
        }
    }

    /// <summary>
    /// Parts of snapshots up to an index are of no use once one of that index is stored. The one that is being received
    /// stays: who receives it deletes it.
    /// </summary>
    private void DeleteParts(ulong upTo)
    {
        foreach (var name in _fileSystem.List(_directory))
        {
            if (name.EndsWith(PartSuffix, StringComparison.Ordinal)
                && name != _receiving
                && !(name.Length > 16 && TryParseHex(name.AsSpan(0, 16), out var index) && index > upTo))
            {
                Remove(name);
            }
        }
    }

    /// <summary>Newest first.</summary>
    private IEnumerable<(string Name, ulong Index, ulong Term)> Stored() =>
        _fileSystem.List(_directory).Reverse().Select(Parse).Where(stored => stored.Name is not null);

    private SnapshotFile OpenVerified(string name, ulong index, ulong term, bool fromDisk = false)
    {
        var file = Open(name, index, term);
        try
        {
            file.Verify(fromDisk);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    // Kept for whoever wants to know why, under a name that is not sent to others and does not count as one of two.
    private void SetAside(SnapshotCorruptException damage)
    {
        lock (_gate)
        {
            FoundDamaged(_logger, damage);
            try
            {
                if (_fileSystem.List(_directory).Any(name => $"{_directory}/{name}" == damage.File))
                {
                    SetAsideFiles.Add(_fileSystem, _directory, damage.File);
                    _fileSystem.SyncDirectory(_directory);
                }
            }
            catch (IOException e)
            {
                throw new StorageFailedException($"setting {damage.File} aside failed: {e.Message}", e);
            }
        }
    }

    private SnapshotFile Open(string name, ulong index, ulong term)
    {
        var file = new ReadableFile(_fileSystem.Open($"{_directory}/{name}", writable: false));
        try
        {
            var footer = SnapshotFooter.Read(file);
            return footer.Meta.Index == index && footer.Meta.Term == term
                ? new(file, footer)
                : throw new SnapshotCorruptException(
                    file.Path,
                    footer.ContentLength,
                    $"the snapshot of its name, not of {footer.Meta.Index} (term {footer.Meta.Term})");
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static ulong FirstNeeded(RestoredState restored) =>
        restored.Entries.Count > 0 ? restored.Entries[0].Index : restored.Snapshot.Index + 1;

    /// <summary>The log has this very index and term, or has noted the snapshot, or begins behind it.</summary>
    private static bool IsWithin(RestoredState restored, ulong index, ulong term)
    {
        if (index <= restored.Snapshot.Index)
        {
            return index < restored.Snapshot.Index || term == restored.Snapshot.Term;
        }

        var first = FirstNeeded(restored);
        return index >= first
            && index - first < (ulong)restored.Entries.Count
            && restored.Entries[(int)(index - first)].Term == term;
    }

    private static string NameOf(SnapshotMeta meta) =>
        string.Create(CultureInfo.InvariantCulture, $"{meta.Index:x16}-{meta.Term:x16}{Suffix}");

    private static (string Name, ulong Index, ulong Term) Parse(string name) =>
        name.Length == 33 + Suffix.Length
        && name[16] == '-'
        && name.EndsWith(Suffix, StringComparison.Ordinal)
        && TryParseHex(name.AsSpan(0, 16), out var index)
        && TryParseHex(name.AsSpan(17, 16), out var term)
            ? (name, index, term)
            : default;

    private static bool TryParseHex(ReadOnlySpan<char> digits, out ulong value) =>
        ulong.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);

    [LoggerMessage(LogLevel.Error, "A stored snapshot is damaged, and set aside as *.damaged")]
    private static partial void FoundDamaged(ILogger logger, Exception exception);

    [LoggerMessage(LogLevel.Information, "Snapshot {File} of {Index} does not fit the log, and is removed")]
    private static partial void RemovedUnused(ILogger logger, string file, ulong index);
}
