namespace Blixard.Node.History;

/// <summary>
/// Records in the order in which they were appended, on this node's disk. One writer; any number of readers.
/// </summary>
internal interface IHistoryLog : IDisposable
{
    /// <summary>Address of the first record that is still there.</summary>
    long Begin { get; }

    /// <summary>Address at which the next record will be.</summary>
    long Tail { get; }

    /// <returns>The record's address.</returns>
    /// <exception cref="IOException">The disk does not take it: this log is to be closed and opened again.</exception>
    /// <exception cref="HistoryDamagedException">Nothing can be appended to what is there.</exception>
    long Append(ReadOnlySpan<byte> record);

    /// <summary>What was appended survives a crash.</summary>
    /// <exception cref="IOException">As for <see cref="Append"/>.</exception>
    Task CommitAsync(CancellationToken cancellationToken);

    /// <summary>Gives the space of what lies before an address back, as far as whole files lie there.</summary>
    void Truncate(long begin);

    /// <summary>The one record that lies there, without reading what lies around it.</summary>
    /// <exception cref="HistoryDamagedException">It can't be read.</exception>
    Task<ReadOnlyMemory<byte>> ReadAsync(long begin, long end, CancellationToken cancellationToken);

    /// <summary>The records from one address to another, in order, with where each one ends.</summary>
    /// <exception cref="HistoryDamagedException">What is there can't be read.</exception>
    IEnumerable<(ReadOnlyMemory<byte> Record, long Begin, long End)> Read(long begin, long end);
}
