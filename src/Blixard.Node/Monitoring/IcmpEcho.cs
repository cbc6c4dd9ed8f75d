using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Blixard.Node.Monitoring;

/// <summary>
/// ICMP echo (RFC 792, RFC 4443) by the kernel's ping socket, which needs no privilege where
/// <c>net.ipv4.ping_group_range</c> has our group, else by a raw socket, which needs CAP_NET_RAW.
/// </summary>
internal static class IcmpEcho
{
    private const int HeaderBytes = 8;
    private const int PacketBytes = HeaderBytes + 16;

    public static async Task<ProbeOutcome> TryAsync(string host, CancellationToken cancellationToken)
    {
        var addresses = await Dns.GetHostAddressesAsync(host.Trim('[', ']'), cancellationToken);
        if (addresses is not [var address, ..])
        {
            return ProbeOutcome.Unreachable("host not found");
        }

        var isV6 = address.AddressFamily == AddressFamily.InterNetworkV6;
        using var socket = Open(address.AddressFamily, isV6 ? ProtocolType.IcmpV6 : ProtocolType.Icmp, out var raw);
        if (socket is null)
        {
            return new(
                false, "ICMP is not allowed here: it takes CAP_NET_RAW, or our group in net.ipv4.ping_group_range");
        }

        var request = Request(isV6);
        var peer = new IPEndPoint(address, 0);
        await socket.SendToAsync(request, SocketFlags.None, peer, cancellationToken);

        // A raw socket sees everybody's answers: ours is the one that says what we said.
        var answer = new byte[1500];
        while (true)
        {
            var received = await socket.ReceiveFromAsync(answer, SocketFlags.None, peer, cancellationToken);
            var packet = answer.AsSpan(0, received.ReceivedBytes);
            if (IsAnswer(raw && !isV6 ? WithoutIpHeader(packet) : packet, request, isV6)
                && ((IPEndPoint)received.RemoteEndPoint).Address.Equals(address))
            {
                return ProbeOutcome.Ok;
            }
        }
    }

    /// <summary>An echo request with a payload that nobody else has.</summary>
    internal static byte[] Request(bool isV6)
    {
        var packet = new byte[PacketBytes];
        packet[0] = (byte)(isV6 ? 128 : 8);
        RandomNumberGenerator.Fill(packet.AsSpan(4));
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), Checksum(packet));
        return packet;
    }

    /// <summary>A ping socket has an identifier of its own, so only sequence and payload are compared.</summary>
    internal static bool IsAnswer(ReadOnlySpan<byte> packet, ReadOnlySpan<byte> request, bool isV6) =>
        packet.Length >= PacketBytes
        && packet[0] == (isV6 ? 129 : 0)
        && packet[6..PacketBytes].SequenceEqual(request[6..]);

    internal static ReadOnlySpan<byte> WithoutIpHeader(ReadOnlySpan<byte> packet)
    {
        var length = packet.IsEmpty ? 0 : (packet[0] & 0x0f) * 4;
        return packet.Length < length ? [] : packet[length..];
    }

    /// <summary>RFC 1071. Of ICMPv6, and of a ping socket, the kernel makes it anew.</summary>
    internal static ushort Checksum(ReadOnlySpan<byte> packet)
    {
        uint sum = 0;
        for (var i = 0; i + 1 < packet.Length; i += 2)
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(packet[i..]);
        }

        sum = (sum & 0xffff) + (sum >> 16);
        return (ushort)~(sum + (sum >> 16));
    }

    private static Socket? Open(AddressFamily family, ProtocolType protocol, out bool raw)
    {
        foreach (var type in new[] { SocketType.Dgram, SocketType.Raw })
        {
            try
            {
                raw = type == SocketType.Raw;
                return new(family, type, protocol);
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.AccessDenied
                or SocketError.ProtocolNotSupported or SocketError.SocketNotSupported)
            {
                // The other kind may be allowed.
            }
        }

        raw = false;
        return null;
    }
}
