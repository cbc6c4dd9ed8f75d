namespace Blixard.Raft.Core;

/// <summary>
/// What a snapshot replaces: the log up to and including <paramref name="Index"/>. It carries the configuration in
/// force there, because the entries that made it are gone (section 7).
/// </summary>
public sealed record SnapshotMeta(ulong Index, ulong Term, Configuration Configuration)
{
    public static SnapshotMeta Empty { get; } = new(0, 0, Configuration.Empty);
}
