using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Blixard.Raft.Transport;

/// <summary>How connections between members are set up.</summary>
internal static class Sockets
{
    // tcp(7), linux/tcp.h
    private const int TcpLevel = 6;
    private const int TcpUserTimeout = 18;

    private const int KeepAliveSeconds = 1;
    private const int KeepAliveProbes = 3;

    /// <summary>
    /// A pulled cable sends no FIN: bytes that stay unacknowledged, or probes of an idle link that stay unanswered, end
    /// the connection, so that a new one can be made when the link is back.
    /// </summary>
    public static void Prepare(Socket socket, TimeSpan deadLinkTimeout)
    {
        socket.NoDelay = true;
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, KeepAliveSeconds);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, KeepAliveSeconds);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, KeepAliveProbes);
        if (OperatingSystem.IsLinux())
        {
            var milliseconds = (int)deadLinkTimeout.TotalMilliseconds;
            socket.SetRawSocketOption(
                TcpLevel, TcpUserTimeout, MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in milliseconds)));
        }
    }

    /// <summary>What an attempt or a connection may fail with, as opposed to a bug.</summary>
    public static bool IsLinkFailure(Exception e) =>
        e is SocketException
            or IOException
            or ProtocolException
            or OperationCanceledException
            or ObjectDisposedException;
}
