namespace Blixard.Raft.Simulation.World;

/// <summary>Folds values into a running 64-bit hash that depends on their order.</summary>
internal static class EventHash
{
    public static ulong Mix(ulong hash, ulong value)
    {
        var z = (hash ^ value) * 0x9E3779B97F4A7C15;
        return z ^ (z >> 29);
    }
}
