using System.Net.Sockets;

namespace Blixard.Client;

/// <summary>Opens the connection to an endpoint.</summary>
internal static class Connector
{
    /// <summary>
    /// No proxies (a control plane is reached directly, and reading the proxy settings costs at every start), no
    /// redirects, no cookies.
    /// </summary>
    public static SocketsHttpHandler CreateHandler(Endpoint endpoint, TimeSpan connectTimeout) => new()
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        ConnectTimeout = connectTimeout,
        ConnectCallback = async (context, cancellationToken) =>
        {
            var socket = endpoint.SocketPath is null
                ? new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true }
                : new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                if (endpoint.SocketPath is null)
                {
                    KeepAlive(socket);
                    await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
                }
                else
                {
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(endpoint.SocketPath), cancellationToken);
                }

                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        },
    };

    /// <summary>
    /// An event stream may be silent for days: the kernel notices a dead peer within half a minute, so that a watcher
    /// does not wait for ever on a host that lost its power.
    /// </summary>
    private static void KeepAlive(Socket socket)
    {
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 15);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 5);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
    }
}
