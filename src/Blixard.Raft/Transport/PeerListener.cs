using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Blixard.Raft.Core;
using Microsoft.Extensions.Logging;

namespace Blixard.Raft.Transport;

/// <summary>
/// Takes the connections of peers and hands on what they say. Whatever is not the protocol closes its connection and
/// nothing else.
/// </summary>
internal sealed partial class PeerListener : IDisposable
{
    private readonly TransportOptions _options;
    private readonly PeerDirectory _peers;
    private readonly SnapshotReceiving _snapshots;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Socket _socket;
    private readonly RunningTasks _serving = new();
    private readonly ConcurrentDictionary<Socket, MemberId> _connected = [];

    public PeerListener(
        TransportOptions options, PeerDirectory peers, SnapshotReceiving snapshots, TimeProvider time, ILogger logger)
    {
        (_options, _peers, _snapshots, _time, _logger) = (options, peers, snapshots, time, logger);
        _socket = new(options.Listen.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            // A daemon that is started again must not wait for the connections of its last life to fade.
            _socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            _socket.Bind(options.Listen);
            _socket.Listen();
        }
        catch (SocketException e)
        {
            _socket.Dispose();
            throw new IOException($"can't listen on {options.Listen}: {e.Message}", e);
        }
    }

    public IPEndPoint LocalEndPoint => (IPEndPoint)_socket.LocalEndPoint!;

    public async Task RunAsync(ITransportEvents events, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var socket = await _socket.AcceptAsync(cancellationToken);
                _serving.Add(ServeAsync(socket, events, cancellationToken));
            }
            catch (SocketException e)
            {
                // The one that dialled is gone already, or this process is out of descriptors for the moment.
                LogAcceptFailed(e);
                await Task.Delay(_options.MinBackoff, _time, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                break;
            }
        }

        await _serving.WhenAll();
    }

    /// <summary>Closes what a member that is no longer one has open here.</summary>
    public void Drop(MemberId member)
    {
        foreach (var (socket, peer) in _connected)
        {
            if (peer == member)
            {
                socket.Dispose();
            }
        }
    }

    public void Dispose() => _socket.Dispose();

    private async Task ServeAsync(Socket socket, ITransportEvents events, CancellationToken cancellationToken)
    {
        // Not on the accept loop's time.
        await Task.Yield();
        var from = $"{socket.RemoteEndPoint}";
        using var stream = new NetworkStream(socket, ownsSocket: true);
        try
        {
            Sockets.Prepare(socket, _options.DeadLinkTimeout);
            var reader = new FrameReader(stream, _options.ClusterId);
            var greeting = await WelcomeAsync(stream, reader, cancellationToken);
            _connected[socket] = greeting.From;
            if (greeting.Port != 0)
            {
                _peers.Learn(greeting.From, greeting.Host, greeting.Port);
            }

            if (greeting.Purpose == ConnectionPurpose.Snapshot)
            {
                await _snapshots.ReceiveAsync(stream, reader, greeting.From, events, cancellationToken);
            }
            else
            {
                await ListenAsync(reader, greeting.From, events, cancellationToken);
            }
        }
        catch (ProtocolException e)
        {
            LogRefused(from, e.Message);
        }
        catch (Exception e) when (Sockets.IsLinkFailure(e))
        {
            // The peer dials again when it can; it logs what it sees of this.
            LogEnded(from, e.Message);
        }
        finally
        {
            _connected.TryRemove(socket, out _);
        }
    }

    private async Task<Greeting> WelcomeAsync(
        Stream stream, FrameReader reader, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(_options.DialTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        return await Handshake.WelcomeAsync(
            stream, reader, _options.ClusterId, _options.Self, _options.IsRemoved, _options.HasTakenPart, either.Token);
    }

    private async Task ListenAsync(
        FrameReader reader, MemberId peer, ITransportEvents events, CancellationToken cancellationToken)
    {
        try
        {
            await ReceiveAsync(reader, peer, events, cancellationToken);
        }
        finally
        {
            events.Disconnected(peer);
        }
    }

    private async Task ReceiveAsync(
        FrameReader reader, MemberId peer, ITransportEvents events, CancellationToken cancellationToken)
    {
        while (await reader.ReadAsync(cancellationToken) is var (type, body))
        {
            var message = MessageCodec.Read(type, body.Span);
            if (message.From != peer || message.To != _options.Self)
            {
                throw new ProtocolException($"member {peer} sent a message from {message.From} to {message.To}");
            }

            events.Received(message);
        }
    }

    [LoggerMessage(LogLevel.Warning, "Connection from {Address} is refused: {Reason}")]
    private partial void LogRefused(string address, string reason);

    [LoggerMessage(LogLevel.Debug, "Connection from {Address} ended: {Reason}")]
    private partial void LogEnded(string address, string reason);

    [LoggerMessage(LogLevel.Warning, "A connection could not be accepted")]
    private partial void LogAcceptFailed(Exception exception);
}
