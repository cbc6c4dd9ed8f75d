namespace Blixard.Systemd.Units;

internal static class UnitTimes
{
    /// <summary>
    /// A CLOCK_REALTIME time in microseconds as systemd gives it; null for 0, "never", and for "infinity".
    /// </summary>
    public static DateTimeOffset? FromMicroseconds(ulong microseconds)
    {
        const ulong Last = 253402300799999999;
        return microseconds is 0 or > Last ? null : DateTimeOffset.UnixEpoch.AddMicroseconds(microseconds);
    }
}
