using Blixard.Systemd.Cgroups;

namespace Blixard.Systemd.Network;

/// <summary>Traffic per second in the guest's view, between two readings.</summary>
public readonly record struct NetworkRates(
    double ReceivedBytes, double ReceivedPackets, double SentBytes, double SentPackets);

/// <summary>Traffic as a rate: the counters between two readings by the time between them.</summary>
public sealed class NetworkRate(TimeProvider time)
{
    private long _timestamp;
    private NetworkCounters? _counters;

    /// <summary>
    /// Takes a reading; returns the rates since the one before. Null for the first, without counters, and where one went
    /// back: the interface was made anew.
    /// </summary>
    /// <param name="timestamp">Of the TimeProvider: when the counters were read.</param>
    public NetworkRates? Update(long timestamp, NetworkCounters? counters)
    {
        var before = _counters;
        var elapsed = time.GetElapsedTime(_timestamp, timestamp);
        (_timestamp, _counters) = (timestamp, counters);
        return before is { } was && counters is { } now
            && CounterRates.TryPerSecond(was.ReceivedBytes, now.ReceivedBytes, elapsed, out var receivedBytes)
            && CounterRates.TryPerSecond(was.ReceivedPackets, now.ReceivedPackets, elapsed, out var receivedPackets)
            && CounterRates.TryPerSecond(was.SentBytes, now.SentBytes, elapsed, out var sentBytes)
            && CounterRates.TryPerSecond(was.SentPackets, now.SentPackets, elapsed, out var sentPackets)
                ? new(receivedBytes, receivedPackets, sentBytes, sentPackets)
                : null;
    }
}
