namespace Blixard.Raft.Storage;

/// <summary>
/// Damaged files, kept under another name for whoever wants to know why: nothing reads them. The newest two stay, so
/// that a disk that goes on failing does not fill up with them.
/// </summary>
internal static class SetAsideFiles
{
    public const string Suffix = ".damaged";

    private const int Kept = 2;

    /// <summary>Durable after the next sync of the directory.</summary>
    public static void Add(IFileSystem fileSystem, string directory, string path)
    {
        fileSystem.Rename(path, path + Suffix);
        var aside = fileSystem.List(directory).Where(name => name.EndsWith(Suffix, StringComparison.Ordinal)).ToList();
        foreach (var name in aside.Take(aside.Count - Kept))
        {
            fileSystem.Delete($"{directory}/{name}");
        }
    }
}
