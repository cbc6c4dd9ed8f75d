using Blixard.Systemd.Bus;

namespace Blixard.Systemd;

/// <summary>How one systemd manager is reached.</summary>
public sealed record SystemdOptions
{
    /// <summary>The system manager by default.</summary>
    public BusAddress Address { get; init; } = BusAddress.System;

    /// <summary>How long a single method call may take before the bus counts as unavailable.</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The first wait before the signal connection is tried again; it doubles up to <see cref="MaxRetryDelay"/>.
    /// </summary>
    public TimeSpan MinRetryDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    public TimeSpan MaxRetryDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How many events a watch keeps for a slow reader. What comes beyond is dropped and told as <c>EventsLost</c>.
    /// </summary>
    public int WatchCapacity { get; init; } = 4096;
}
