namespace Blixard.Raft.Host;

/// <summary>
/// Finds the ticks that a timer did not make up for: the machine was suspended, or this process did not run.
/// </summary>
/// <param name="time">Its timestamps must go on while the machine is suspended (<see cref="BootTime"/>).</param>
/// <param name="tick">How far apart ticks should be.</param>
internal sealed class TickClock(TimeProvider time, TimeSpan tick)
{
    private long _last = time.GetTimestamp();

    /// <summary>
    /// To be called at every tick. How many are missing since the last one; 0 unless it is more than twice as long ago
    /// as it should be, for timers are never exact.
    /// </summary>
    public int Missed()
    {
        var now = time.GetTimestamp();
        var ticks = time.GetElapsedTime(_last, now) / tick;
        _last = now;
        return ticks > 2 ? (int)Math.Min(ticks, int.MaxValue) - 1 : 0;
    }
}
