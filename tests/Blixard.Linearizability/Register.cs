namespace Blixard.Linearizability;

/// <summary>What is done with a register.</summary>
public enum RegisterAct
{
    Read,
    Write,
    Delete,
}

/// <param name="Act">What is done.</param>
/// <param name="Value">What is written; null otherwise.</param>
public readonly record struct RegisterInput(RegisterAct Act, string? Value)
{
    public static RegisterInput Read { get; } = new(RegisterAct.Read, null);

    public static RegisterInput Delete { get; } = new(RegisterAct.Delete, null);

    public static RegisterInput Write(string value) => new(RegisterAct.Write, value);
}

/// <summary>
/// A register that holds a value or nothing; a read answers what it holds, or null, the other two answer null. Cheap to
/// check where every written value is unique; right also where it is not.
/// </summary>
/// <param name="initial">What it holds at first; null for nothing.</param>
public sealed class Register(string? initial = null) : ISequentialModel<string?, RegisterInput, string?>
{
    public string? Initial => initial;

    public (string? Next, string? Answer) Apply(string? state, RegisterInput input) => input.Act switch
    {
        RegisterAct.Read => (state, state),
        RegisterAct.Write => (input.Value, null),
        _ => (null, null),
    };

    public bool IsRead(RegisterInput input) => input.Act == RegisterAct.Read;

    public IHints<string?, RegisterInput, string?> Study(IReadOnlyList<Operation<RegisterInput, string?>> history) =>
        new RegisterHints(initial, history);

    public string Describe(Operation<RegisterInput, string?> operation)
    {
        ArgumentNullException.ThrowIfNull(operation);
        var text = operation.Input.Act switch
        {
            RegisterAct.Read => operation.Completed is null ? "read" : $"read -> {Describe(operation.Output)}",
            RegisterAct.Write => $"write {operation.Input.Value}",
            _ => "delete",
        };
        return operation.Completed is null ? text + " (outcome unknown)" : text;
    }

    public string Describe(string? state) => state ?? "absent";
}

/// <summary>
/// Only reads see what a register holds. So a write of unknown outcome whose value nobody read may be left out, and one
/// whose value only it wrote must have taken effect before the first read of it ended.
/// </summary>
internal sealed class RegisterHints : IHints<string?, RegisterInput, string?>
{
    private readonly Dictionary<string, int> _writers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (int Number, long FirstRead)> _read = new(StringComparer.Ordinal);
    private int _absent = -1;
    private int _count;

    public RegisterHints(string? initial, IReadOnlyList<Operation<RegisterInput, string?>> history)
    {
        if (initial is not null)
        {
            _writers[initial] = 1;
        }

        foreach (var operation in history)
        {
            if (operation.Input is { Act: RegisterAct.Write, Value: { } written })
            {
                _writers[written] = _writers.GetValueOrDefault(written) + 1;
            }
            else if (operation is { Input.Act: RegisterAct.Read, Completed: { } completed })
            {
                Saw(operation.Output, completed);
            }
        }
    }

    public long? Latest(Operation<RegisterInput, string?> unknown) => unknown.Input switch
    {
        { Act: RegisterAct.Write, Value: { } value } =>
            !_read.TryGetValue(value, out var read) ? null : ComesOnce(value) ? read.FirstRead : long.MaxValue,
        { Act: RegisterAct.Delete } => _absent >= 0 ? long.MaxValue : null,
        _ => null,
    };

    public int Number(string? state) =>
        state is null ? _absent : _read.TryGetValue(state, out var read) ? read.Number : -1;

    public int SeenBy(Operation<RegisterInput, string?> read) => Number(read.Output);

    public bool ComesOnce(string? state) => state is not null && _writers.GetValueOrDefault(state) == 1;

    private void Saw(string? value, long completed)
    {
        if (value is null)
        {
            _absent = _absent >= 0 ? _absent : _count++;
        }
        else
        {
            _read[value] = _read.TryGetValue(value, out var before)
                ? (before.Number, Math.Min(before.FirstRead, completed))
                : (_count++, completed);
        }
    }
}
