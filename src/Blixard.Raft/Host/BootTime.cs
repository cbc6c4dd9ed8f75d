using Blixard.Raft.Storage;

namespace Blixard.Raft.Host;

/// <summary>
/// The system's time with timestamps of CLOCK_BOOTTIME (clock_gettime(2)): unlike .NET's, which are of CLOCK_MONOTONIC,
/// they go on while the machine is suspended, and unlike the wall clock nobody can set them.
/// </summary>
public sealed class BootTime : TimeProvider
{
    private const int ClockBootTime = 7;

    private BootTime()
    {
    }

    public static BootTime Instance { get; } = new();

    /// <summary>Nanoseconds.</summary>
    public override long TimestampFrequency => 1_000_000_000;

    /// <summary>Nanoseconds since the machine was started.</summary>
    public override long GetTimestamp() =>
        LibC.ClockGetTime(ClockBootTime, out var time) == 0
            ? (time.Seconds * TimestampFrequency) + time.Nanoseconds
            : throw LibC.LastError("clock_gettime(CLOCK_BOOTTIME)");
}
