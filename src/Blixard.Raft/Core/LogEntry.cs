namespace Blixard.Raft.Core;

/// <summary>What an entry's bytes are. Permanent: these numbers are on disk and on the wire.</summary>
public enum EntryKind : byte
{
    /// <summary>
    /// Empty; appended by a new leader so that it can commit what earlier terms left (section 5.4.2).
    /// </summary>
    Noop = 0,

    /// <summary>A state machine command; the engine never looks inside.</summary>
    Command = 1,

    /// <summary>A <see cref="Configuration"/>.</summary>
    Configuration = 2,
}

/// <summary>One entry of the replicated log. <paramref name="Index"/> starts at 1.</summary>
public sealed record LogEntry(ulong Index, ulong Term, EntryKind Kind, ReadOnlyMemory<byte> Data)
{
    /// <summary>Payload bytes, the figure that batching and limits count.</summary>
    public int Size => Data.Length;
}
