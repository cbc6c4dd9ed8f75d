namespace Blixard.Systemd.Network;

/// <summary>
/// Counters as the guest sees them: received is what reached the guest. They restart at 0 with every start of the unit.
/// </summary>
public readonly record struct NetworkCounters(
    ulong ReceivedBytes,
    ulong ReceivedPackets,
    ulong ReceiveErrors,
    ulong ReceiveDropped,
    ulong SentBytes,
    ulong SentPackets,
    ulong SendErrors,
    ulong SendDropped)
{
    public static NetworkCounters operator +(NetworkCounters left, NetworkCounters right) => left.Add(right);

    public NetworkCounters Add(NetworkCounters other) => new(
        ReceivedBytes + other.ReceivedBytes,
        ReceivedPackets + other.ReceivedPackets,
        ReceiveErrors + other.ReceiveErrors,
        ReceiveDropped + other.ReceiveDropped,
        SentBytes + other.SentBytes,
        SentPackets + other.SentPackets,
        SendErrors + other.SendErrors,
        SendDropped + other.SendDropped);
}
