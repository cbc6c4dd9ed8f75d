using System.Net;
using System.Net.Sockets;
using Blixard.Raft.Core;
using Blixard.Raft.Transport;

namespace Blixard.Raft.Tests.Transport;

/// <summary>Stands in for member 2: welcomes whoever dials, and leaves the rest to the test.</summary>
internal sealed class Listener : IDisposable
{
    private readonly TcpListener _listener;

    public Listener(int port)
    {
        _listener = new(IPAddress.Loopback, port);
        _listener.Start();
    }

    /// <summary>The next connection of that purpose; others are closed.</summary>
    public async Task<PeerConnection> AcceptAsync(ConnectionPurpose purpose, CancellationToken cancellationToken)
    {
        while (true)
        {
            var client = await _listener.AcceptTcpClientAsync(cancellationToken);
            var stream = client.GetStream();
            var reader = new FrameReader(stream, 42);
            var greeting = await Handshake.WelcomeAsync(
                stream, reader, 42, new MemberId(2), static _ => false, static _ => false, cancellationToken);
            if (greeting.Purpose == purpose)
            {
                return new(stream, reader);
            }

            client.Dispose();
        }
    }

    public void Dispose() => _listener.Dispose();
}
