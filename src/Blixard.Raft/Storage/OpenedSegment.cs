namespace Blixard.Raft.Storage;

/// <summary>A file of the log while it is read back.</summary>
internal sealed record OpenedSegment(IFile File, uint Sequence, long Length, WalSegmentReader Reader)
{
    public string Path => File.Path;

    /// <summary>All of a directory, oldest first; to be disposed of.</summary>
    public static List<OpenedSegment> All(IFileSystem fileSystem, string directory, ReadWindow window)
    {
        var found = new List<OpenedSegment>();
        foreach (var name in fileSystem.List(directory))
        {
            if (WalRecovery.SequenceOf(name, WalRecovery.Suffix) is { } sequence)
            {
                var file = fileSystem.Open($"{directory}/{name}", writable: false);
                found.Add(new(file, sequence, file.Length, new(file, sequence, window)));
            }
        }

        return found;
    }

    public WalSegment Describe(uint follows, ulong maxIndex) => new(Sequence, follows, Path, Length, maxIndex);
}

/// <summary>A segment's head, and where its first batch begins.</summary>
internal sealed record SegmentHead(WalHead Content, ulong FirstBatch, uint PreviousDigest, long EndSector);
