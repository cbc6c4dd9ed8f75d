namespace Blixard.Systemd.Cgroups;

/// <summary>
/// CPU as a rate: the usage between two readings by the time between them. 100 is one core fully used; a VM with four
/// virtual CPUs can reach 400.
/// </summary>
public sealed class CpuRate(TimeProvider time)
{
    private long _timestamp;
    private ulong? _usage;

    /// <summary>
    /// Takes a reading; returns the percent since the one before. Null for the first, without a value, and where the
    /// counter went back: the unit was restarted, and its cgroup is another one.
    /// </summary>
    public double? Update(in CgroupSample sample)
    {
        var before = _usage;
        var elapsed = time.GetElapsedTime(_timestamp, sample.Timestamp);
        _timestamp = sample.Timestamp;
        _usage = sample.Cpu?.UsageMicroseconds;
        return before is { } earlier && _usage is { } now && now >= earlier && elapsed > TimeSpan.Zero
            ? (now - earlier) * 100.0 / elapsed.TotalMicroseconds
            : null;
    }
}
