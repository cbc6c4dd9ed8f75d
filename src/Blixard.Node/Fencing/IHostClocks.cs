using Blixard.Systemd.Clocks;

namespace Blixard.Node.Fencing;

/// <summary>The clocks that leases are measured by, in whole microseconds; none of them can be set.</summary>
internal interface IHostClocks
{
    /// <summary>CLOCK_MONOTONIC, by which systemd's timers run.</summary>
    long Monotonic { get; }

    /// <summary>CLOCK_MONOTONIC_RAW, which nobody slews.</summary>
    long MonotonicRaw { get; }

    /// <summary>CLOCK_BOOTTIME, in which deadlines are kept: it goes on during suspend.</summary>
    long BootTime { get; }
}

/// <summary>Those of this host.</summary>
internal sealed class HostClocks : IHostClocks
{
    public long Monotonic => KernelClock.MonotonicMicroseconds;

    public long MonotonicRaw => KernelClock.MonotonicRawMicroseconds;

    public long BootTime => KernelClock.BootTimeMicroseconds;
}
