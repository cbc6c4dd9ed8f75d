namespace Blixard.Systemd.Cgroups;

/// <summary>Block IO per second, between two readings.</summary>
public readonly record struct IoRates(
    double ReadBytes, double WriteBytes, double ReadOperations, double WriteOperations);

/// <summary>Block IO as a rate: the counters between two readings by the time between them.</summary>
public sealed class IoRate(TimeProvider time)
{
    private long _timestamp;
    private IoUsage? _usage;

    /// <summary>
    /// Takes a reading; returns the rates since the one before. Null for the first, without a value, and where a counter
    /// went back: the unit was restarted, or a device went and took its counters along.
    /// </summary>
    public IoRates? Update(in CgroupSample sample)
    {
        var before = _usage;
        var elapsed = time.GetElapsedTime(_timestamp, sample.Timestamp);
        (_timestamp, _usage) = (sample.Timestamp, sample.Io);
        return before is { } was && _usage is { } now
            && CounterRates.TryPerSecond(was.ReadBytes, now.ReadBytes, elapsed, out var readBytes)
            && CounterRates.TryPerSecond(was.WriteBytes, now.WriteBytes, elapsed, out var writeBytes)
            && CounterRates.TryPerSecond(was.ReadOperations, now.ReadOperations, elapsed, out var reads)
            && CounterRates.TryPerSecond(was.WriteOperations, now.WriteOperations, elapsed, out var writes)
                ? new(readBytes, writeBytes, reads, writes)
                : null;
    }
}

internal static class CounterRates
{
    /// <summary>False where the counter went back, or no time has passed.</summary>
    public static bool TryPerSecond(ulong before, ulong now, TimeSpan elapsed, out double rate)
    {
        var valid = now >= before && elapsed > TimeSpan.Zero;
        rate = valid ? (now - before) / elapsed.TotalSeconds : 0;
        return valid;
    }
}
