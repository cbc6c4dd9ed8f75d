using System.Net.Sockets;
using Blixard.Raft.Core;

namespace Blixard.Raft.Transport;

/// <summary>Makes a connection to a peer and gets it welcomed.</summary>
/// <param name="advertised">Where this member listens, as others are told.</param>
internal sealed class Dialer(TransportOptions options, (string Host, int Port) advertised, TimeProvider time)
{
    /// <summary>
    /// A name is resolved anew each time. The returned stream is the place where a connection would be encrypted: what
    /// stands above it sees a stream only.
    /// </summary>
    /// <exception cref="ProtocolException">The other side is not the peer, or does not want us.</exception>
    public async Task<PeerConnection> DialAsync(
        PeerAddress peer, ConnectionPurpose purpose, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(options.DialTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            Sockets.Prepare(socket, options.DeadLinkTimeout);
            await socket.ConnectAsync(peer.Host, peer.Port, either.Token);
            var stream = new NetworkStream(socket, ownsSocket: true);
            var reader = new FrameReader(stream, options.ClusterId);
            var greeting = new Greeting(options.Self, peer.Member, purpose, advertised.Host, advertised.Port);
            await Handshake.GreetAsync(stream, reader, options.ClusterId, greeting, either.Token);
            return new(stream, reader);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            socket.Dispose();
            throw new IOException($"no connection to {peer} within {options.DialTimeout.TotalSeconds} s");
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}

/// <summary>A connection on which both sides have introduced themselves.</summary>
internal sealed record PeerConnection(Stream Stream, FrameReader Reader) : IDisposable
{
    public void Dispose() => Stream.Dispose();
}
