using System.Net.Sockets;

namespace Blixard.Client;

/// <summary>Opens the connection to a node: a client's, or another node's.</summary>
public static class Connector
{
    /// <summary>
    /// No proxies (a control plane is reached directly, and reading the proxy settings costs at every start), no
    /// redirects, no cookies.
    /// </summary>
    /// <param name="socketPath">The unix socket on which the node answers; null: TCP, as the request's URI says.</param>
    /// <param name="connectTimeout">For a connection to be made.</param>
    public static SocketsHttpHandler CreateHandler(string? socketPath, TimeSpan connectTimeout) => new()
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        ConnectTimeout = connectTimeout,
        ConnectCallback = async (context, cancellationToken) =>
        {
            var socket = socketPath is null
                ? new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true }
                : new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                if (socketPath is null)
                {
                    KeepAlive(socket);
                    await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
                }
                else
                {
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), cancellationToken);
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
