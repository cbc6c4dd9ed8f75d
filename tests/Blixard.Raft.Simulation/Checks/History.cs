using System.Globalization;
using Blixard.Linearizability;
using Blixard.Raft.Simulation.World;
using Register = Blixard.Linearizability.Register;

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
    private const int MaxOperations = 1_000;

    private static readonly Register s_register = new();

    private readonly List<HistoryOperation>[] _operations;
    private readonly Dictionary<Write, HistoryOperation> _writes = [];
    private long _clock;

    public History(int keys) => _operations = [.. Enumerable.Range(0, keys).Select(_ => new List<HistoryOperation>())];

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

    /// <summary>
    /// Is there an order of all operations, each at one moment between its beginning and its end, that explains what was
    /// read? Of a long history the first part, which must have one too.
    /// </summary>
    public void RequireLinearizable(Invariants invariants)
    {
        for (var key = 0; key < _operations.Length; key++)
        {
            var until = _operations[key].Count > MaxOperations ? _operations[key][MaxOperations].Began : long.MaxValue;
            var verdict = Checker.Check(s_register, Part(_operations[key], until));
            invariants.Require(
                verdict.IsLinearizable, "Linearizability", $"key {key}, {_operations[key].Count} operations: {verdict}");
        }
    }

    private static List<Operation<RegisterInput, string?>> Part(List<HistoryOperation> operations, long until)
    {
        var part = new List<Operation<RegisterInput, string?>>();
        foreach (var operation in operations)
        {
            var ended = operation.Ended < until;
            if (operation.Began < until && (operation.IsWrite || ended))
            {
                part.Add(new()
                {
                    Client = "",
                    Input = operation.IsWrite ? RegisterInput.Write(Text(operation.Value)!) : RegisterInput.Read,
                    Invoked = operation.Began,
                    Completed = ended ? operation.Ended : null,
                    Output = operation.IsWrite || !ended ? null : Text(operation.Value),
                });
            }
        }

        return part;
    }

    private static string? Text(ulong value) =>
        value == 0 ? null : string.Create(CultureInfo.InvariantCulture, $"{value >> 32}.{(uint)value}");

    private HistoryOperation Begin(int key, bool isWrite, ulong value)
    {
        var operation = new HistoryOperation(isWrite, value, ++_clock);
        _operations[key].Add(operation);
        return operation;
    }
}
