namespace Blixard.Raft.Host;

/// <summary>
/// Whether a member's disk is nearly full, from what it is told of the free space: low as soon as less is free than the
/// reserve, or the reserve itself was used; no longer low only when twice as much is free and the reserve is whole again,
/// so that it does not change with every write. Used by the persist worker alone.
/// </summary>
/// <param name="reserveBytes">What shall always be free, besides the reserve that the log holds itself.</param>
internal sealed class StorageWatch(long reserveBytes)
{
    public bool IsLow { get; private set; }

    /// <summary>True: <see cref="IsLow"/> changed.</summary>
    public bool Observe(long freeBytes, bool reserveIsWhole)
    {
        var low = !reserveIsWhole || freeBytes < (IsLow ? 2 * reserveBytes : reserveBytes);
        var changed = low != IsLow;
        IsLow = low;
        return changed;
    }
}
