using Blixard.Linearizability;

namespace Blixard.Soak.Load;

/// <summary>
/// Annotations of VMs of its own, and what was done with them. A key sees only so many operations: histories stay cheap
/// to check, however long the run.
/// </summary>
internal sealed class Epoch(int number)
{
    public const int OperationsPerKey = 900;
    private const int Vms = 4;
    private const int KeysPerVm = 4;

    private readonly Lock _lock = new();
    private readonly int[] _issued = new int[Vms * KeysPerVm];
    private int _left = OperationsPerKey * Vms * KeysPerVm;

    public IReadOnlyList<Key> Keys { get; } =
    [
        .. from vm in Enumerable.Range(0, Vms)
           from key in Enumerable.Range(0, KeysPerVm)
           select new Key($"soak-{number}-{vm}", $"k{key}"),
    ];

    public IEnumerable<string> VmNames => Keys.Select(key => key.Vm).Distinct();

    /// <summary>Time to make the next one ready.</summary>
    public bool IsRunningOut => _left < OperationsPerKey * Vms * KeysPerVm / 2;

    /// <summary>One of the keys that may see one more operation; null when there is none.</summary>
    public Key? Next(Random random)
    {
        lock (_lock)
        {
            var first = random.Next(_issued.Length);
            for (var i = 0; i < _issued.Length; i++)
            {
                var key = (first + i) % _issued.Length;
                if (_issued[key] < OperationsPerKey)
                {
                    _issued[key]++;
                    _left--;
                    return Keys[key];
                }
            }

            return null;
        }
    }
}

/// <summary>One annotation, which is one register, and its history.</summary>
internal sealed class Key(string vm, string name)
{
    private readonly Lock _lock = new();
    private readonly List<Operation<RegisterInput, string?>> _history = [];

    public string Vm { get; } = vm;

    public string Name { get; } = name;

    public void Add(Operation<RegisterInput, string?> operation)
    {
        lock (_lock)
        {
            _history.Add(operation);
        }
    }

    public IReadOnlyList<Operation<RegisterInput, string?>> History()
    {
        lock (_lock)
        {
            return [.. _history];
        }
    }

    public override string ToString() => $"{Vm}/{Name}";
}
