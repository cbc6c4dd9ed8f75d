namespace Blixard.StateMachine.Fencing;

/// <summary>
/// One moment by the two clocks by which a leader waits (clock_gettime(2)). Neither alone is enough:
/// CLOCK_MONOTONIC_RAW stands still while the host is suspended, CLOCK_BOOTTIME is slewed.
/// </summary>
/// <param name="RawUs">CLOCK_MONOTONIC_RAW, in microseconds.</param>
/// <param name="BootUs">CLOCK_BOOTTIME, in microseconds.</param>
public readonly record struct LeaderClocks(long RawUs, long BootUs)
{
    /// <summary>Whole milliseconds that have passed by both clocks; never more than either says.</summary>
    public long MsSince(LeaderClocks earlier) => Math.Min(RawUs - earlier.RawUs, BootUs - earlier.BootUs) / 1000;

    /// <summary>For both clocks the later of the two moments: a wait that begins there is over later.</summary>
    public LeaderClocks Later(LeaderClocks other) =>
        new(Math.Max(RawUs, other.RawUs), Math.Max(BootUs, other.BootUs));
}
