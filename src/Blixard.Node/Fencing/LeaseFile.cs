namespace Blixard.Node.Fencing;

/// <summary>A lease that this host holds.</summary>
/// <param name="Epoch">The node's lease epoch.</param>
/// <param name="SentAt">t_s: CLOCK_BOOTTIME microseconds, noted before the renewal was sent.</param>
/// <param name="Deadline">t_s + T: CLOCK_BOOTTIME microseconds.</param>
internal sealed record Lease(ulong Epoch, long SentAt, long Deadline);

/// <summary>
/// The lease as the gate sees it, /run/blixard/lease. The fence removes it before it kills; whoever writes it has armed
/// the deadline first.
/// </summary>
internal sealed class LeaseFile(GatePaths paths, string bootId)
{
    private const string Kind = "lease";

    public void Replace(Lease lease) => GateFiles.Replace(paths.Lease, GateFiles.Format(
        Kind,
        ("boot", bootId),
        ("epoch", GateFiles.Number(lease.Epoch)),
        ("deadline", GateFiles.Number(lease.Deadline))));

    public void Remove() => GateFiles.Remove(paths.Lease);

    /// <summary>The epoch and the deadline in it; null if the gate finds no lease of this boot.</summary>
    public (ulong Epoch, long Deadline)? Read()
    {
        var fields = GateFiles.Read(paths.Lease, Kind);
        return fields is not null && fields.GetValueOrDefault("boot") == bootId
            && fields.TryNumber("epoch", out var epoch)
            && fields.TryNumber("deadline", out var deadline) && deadline <= long.MaxValue
            ? (epoch, (long)deadline)
            : null;
    }
}
