using Blixard.Raft.Core;

namespace Blixard.Raft.Simulation.World;

/// <summary>The only source of chance in a run: the seed decides everything that happens.</summary>
internal sealed class SimRandom(ulong seed)
{
    private readonly SplitMix64 _generator = new(seed);

    public ulong Next() => _generator.Next();

    public int Below(int exclusive) => _generator.Below(exclusive);

    /// <summary>Both ends included.</summary>
    public int Between(int low, int high) => low + _generator.Below(high - low + 1);

    /// <summary>True in <paramref name="permille"/> of a thousand cases.</summary>
    public bool Chance(int permille) => permille > 0 && _generator.Below(1000) < permille;

    public T Pick<T>(params ReadOnlySpan<T> items) => items[Below(items.Length)];
}
