using Blixard.Systemd.Native;

namespace Blixard.Systemd.Clocks;

/// <summary>The clocks of the kernel that nobody sets (clock_gettime(2)), in whole microseconds, rounded down.</summary>
public static class KernelClock
{
    private const int MonotonicId = 1;
    private const int MonotonicRawId = 4;
    private const int BootTimeId = 7;

    /// <summary>CLOCK_MONOTONIC: slewed by whoever disciplines the clock; stands still during suspend.</summary>
    public static long MonotonicMicroseconds => Read(MonotonicId);

    /// <summary>CLOCK_MONOTONIC_RAW: the hardware's own rate; stands still during suspend.</summary>
    public static long MonotonicRawMicroseconds => Read(MonotonicRawId);

    /// <summary>CLOCK_BOOTTIME: as CLOCK_MONOTONIC, and goes on during suspend.</summary>
    public static long BootTimeMicroseconds => Read(BootTimeId);

    private static long Read(int clock) => LibC.clock_gettime(clock, out var time) == 0
        ? (time.Seconds * 1_000_000) + (time.Nanoseconds / 1000)
        : throw new PlatformNotSupportedException($"The kernel has no clock {clock} (clock_gettime(2)).");
}
