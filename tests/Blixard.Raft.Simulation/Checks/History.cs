using Blixard.Raft.Simulation.World;

namespace Blixard.Raft.Simulation.Checks;

/// <summary>One operation on one register. Times are positions in the order in which operations began and ended.</summary>
internal sealed class HistoryOperation(bool isWrite, ulong value, long began)
{
    /// <summary>The end of an operation of which nobody knows whether it took effect.</summary>
    public const long Open = long.MaxValue;

    public bool IsWrite => isWrite;

    /// <summary>What was written, or, once it has ended, what was read.</summary>
    public ulong Value { get; set; } = value;

    public long Began => began;

    public long Ended { get; set; } = Open;
}

/// <summary>What clients did and were told, register by register: the input of the linearizability check.</summary>
internal sealed class History
{
    private readonly List<HistoryOperation>[] _operations;
    private readonly Dictionary<Write, HistoryOperation> _writes = [];
    private long _clock;

    public History(int keys) => _operations = [.. Enumerable.Range(0, keys).Select(_ => new List<HistoryOperation>())];

    public IReadOnlyList<IReadOnlyList<HistoryOperation>> Keys => _operations;

    public HistoryOperation BeginRead(int key) => Begin(key, isWrite: false, 0);

    public void EndRead(HistoryOperation read, ulong value)
    {
        read.Value = value;
        read.Ended = ++_clock;
    }

    public void BeginWrite(Write write) => _writes.Add(write, Begin(write.Key, isWrite: true, write.Value));

    public void EndWrite(Write write) => _writes[write].Ended = ++_clock;

    /// <summary>It never happened: the check must not let it.</summary>
    public void Refused(Write write) => _operations[write.Key].Remove(_writes[write]);

    private HistoryOperation Begin(int key, bool isWrite, ulong value)
    {
        var operation = new HistoryOperation(isWrite, value, ++_clock);
        _operations[key].Add(operation);
        return operation;
    }
}
