using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Net;
using Blixard.Raft.Core;
using Blixard.Raft.Storage;
using Microsoft.Extensions.Logging;

namespace Blixard.Raft.Transport;

/// <summary>
/// Members over TCP: to each peer one connection for messages, which this side dials and only this side speaks on, and
/// one more for each snapshot. Without TLS for now: what passes can be read and forged by whoever is on the network.
/// </summary>
public sealed class TcpTransport : IRaftTransport
{
    private readonly FrozenDictionary<MemberId, PeerLink> _links;
    private readonly PeerDirectory _peers;
    private readonly PeerListener _listener;
    private readonly SnapshotSending _snapshots;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<MemberId, bool> _sending = [];
    private ITransportEvents? _events;
    private Task _running = Task.CompletedTask;

    /// <exception cref="IOException">The port is taken, or the address is not this host's.</exception>
    public TcpTransport(
        TransportOptions options,
        PeerDirectory peers,
        SnapshotStore snapshots,
        TimeProvider time,
        ILogger<TcpTransport> logger)
    {
        var dialer = new Dialer(options, time);
        _peers = peers;
        _snapshots = new(options, dialer, snapshots, time);
        _links = peers.All
            .Where(peer => peer.Member != options.Self)
            .ToFrozenDictionary(
                peer => peer.Member,
                peer => new PeerLink(
                    options, peer, dialer, member => _events?.Unreachable(member), time, logger));
        _listener = new(options, peers, new(options, snapshots, time, logger), time, logger);
    }

    /// <summary>Bound since construction.</summary>
    public IPEndPoint LocalEndPoint => _listener.LocalEndPoint;

    public void Start(ITransportEvents events)
    {
        _events = events;
        _running = Task.WhenAll(
            [
                _listener.RunAsync(events, _stopping.Token),
                .. _links.Values.Select(link => link.RunAsync(_stopping.Token)),
            ]);
    }

    public void Send(Message message)
    {
        if (_links.TryGetValue(message.To, out var link))
        {
            link.Send(message);
        }
        else
        {
            _events?.Unreachable(message.To);
        }
    }

    public async Task<SnapshotMeta> SendSnapshotAsync(
        InstallSnapshotRequest request, CancellationToken cancellationToken)
    {
        var peer = _peers.Find(request.To)
            ?? throw new SnapshotTransferException($"member {request.To} is not in this cluster's list of peers");
        if (!_sending.TryAdd(request.To, true))
        {
            throw new SnapshotTransferException($"a snapshot is on its way to {peer} already");
        }

        try
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stopping.Token);
            return await _snapshots.SendAsync(request, peer, either.Token);
        }
        finally
        {
            _sending.TryRemove(request.To, out _);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_stopping.IsCancellationRequested)
        {
            return;
        }

        await _stopping.CancelAsync();
        await _running;
        _listener.Dispose();
    }
}
