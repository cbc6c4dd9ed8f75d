using System.Net.Sockets;
using Blixard.Node.Identity;
using Blixard.Node.Options;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Blixard.Node.Hosting;

/// <summary>Where the API answers: one TCP address, and a unix socket for the host's own operators.</summary>
internal sealed partial class ApiListeners(ApiOptions options, NodeAddresses addresses, ILogger<ApiListeners> log)
{
    private const UnixFileMode OwnerAndGroup =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;

    private bool _socketOpen;

    public void Configure(KestrelServerOptions kestrel)
    {
        // A proposal carries no more; requests that do are refused before they are read.
        kestrel.Limits.MaxRequestBodySize = 1 << 20;
        kestrel.AddServerHeader = false;
        kestrel.Listen(NodeAddresses.EndPointOf(addresses.Api, "Api:Listen"));
        if (options.Socket.Length > 0 && CanOpenSocket())
        {
            kestrel.ListenUnixSocket(options.Socket);
            _socketOpen = true;
        }
    }

    /// <summary>The socket is guarded by its mode alone; called as soon as the API is started.</summary>
    public void GuardSocket()
    {
        if (_socketOpen)
        {
            File.SetUnixFileMode(options.Socket, OwnerAndGroup);
        }
    }

    /// <summary>
    /// The socket is a convenience: where it can't be, the node runs without it. What a daemon that ended hard left
    /// behind is removed; one that answers belongs to another daemon.
    /// </summary>
    private bool CanOpenSocket()
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(options.Socket)!);
            if (Answers())
            {
                LogNoSocket(options.Socket, "another daemon answers on it");
                return false;
            }

            File.Delete(options.Socket);

            // What Kestrel could not do would end the daemon, so it is tried first.
            using var trial = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            trial.Bind(new UnixDomainSocketEndPoint(options.Socket));
            trial.Close();
            File.Delete(options.Socket);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SocketException)
        {
            LogNoSocket(options.Socket, e.Message);
            return false;
        }
    }

    private bool Answers()
    {
        if (!File.Exists(options.Socket))
        {
            return false;
        }

        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            client.Connect(new UnixDomainSocketEndPoint(options.Socket));
            return true;
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
        {
            return false;
        }
    }

    [LoggerMessage(LogLevel.Warning, "The API is not on the unix socket {Socket}: {Reason}")]
    private partial void LogNoSocket(string socket, string reason);
}
