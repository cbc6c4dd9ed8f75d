using Blixard.Node.History;

namespace Blixard.Node.Tests.History;

/// <summary>
/// A log in memory that survives being closed, as a disk does: what was not committed is gone then. An address is the
/// number of bytes before it.
/// </summary>
internal sealed class MemoryHistoryLog : IHistoryLog
{
    private readonly List<(long Begin, byte[] Record)> _records = [];

    /// <summary>Set: the disk takes nothing.</summary>
    public bool Full { get; set; }

    /// <summary>Set: damage shows when something is appended, until it is opened anew.</summary>
    public bool Broken { get; set; }

    /// <summary>Set: what is appended is not found again, until it is opened anew.</summary>
    public bool Forgetful { get; set; }

    public int Opened { get; private set; }

    public int Commits { get; private set; }

    public long Begin { get; private set; } = 64;

    public long Tail { get; private set; } = 64;

    public long Committed { get; private set; } = 64;

    public int Count => _records.Count;

    public MemoryHistoryLog Open()
    {
        Opened++;
        (Broken, Forgetful) = (false, Forgetful && Opened == 1);
        return Full ? throw new IOException("No space left on device") : this;
    }

    public long Append(ReadOnlySpan<byte> record)
    {
        if (Full)
        {
            throw new IOException("No space left on device");
        }

        if (Broken)
        {
            throw new HistoryDamagedException("it can't be gone on with");
        }

        var begin = Tail;
        if (!Forgetful)
        {
            _records.Add((begin, record.ToArray()));
        }

        Tail += record.Length;
        return begin;
    }

    public Task CommitAsync(CancellationToken cancellationToken)
    {
        if (Full)
        {
            return Task.FromException(new IOException("No space left on device"));
        }

        Commits++;
        Committed = Tail;
        return Task.CompletedTask;
    }

    public void Truncate(long begin)
    {
        _records.RemoveAll(record => record.Begin < begin);
        Begin = begin;
    }

    public Task<ReadOnlyMemory<byte>> ReadAsync(long begin, long end, CancellationToken cancellationToken) =>
        Task.FromResult(Read(begin, end).Single().Record);

    public IEnumerable<(ReadOnlyMemory<byte> Record, long Begin, long End)> Read(long begin, long end) =>
        _records.Where(record => record.Begin >= begin && record.Begin < end)
            .Select(record => ((ReadOnlyMemory<byte>)record.Record, record.Begin, record.Begin + record.Record.Length));

    /// <summary>Flips a bit of one record.</summary>
    public void Damage(int record) => _records[record].Record[^1] ^= 1;

    public void Dispose()
    {
        _records.RemoveAll(record => record.Begin >= Committed);
        Tail = Committed;
    }
}
