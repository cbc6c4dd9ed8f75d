using System.Collections.Concurrent;
using System.Net;
using System.Text;
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
    private readonly TransportOptions _options;
    private readonly PeerDirectory _peers;
    private readonly Dialer _dialer;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly PeerListener _listener;
    private readonly SnapshotSending _snapshots;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<MemberId, CancellationTokenSource> _sending = [];
    private readonly ConcurrentDictionary<MemberId, RunningLink> _links = [];
    private readonly RunningTasks _running = new();
    private ITransportEvents? _events;

    /// <exception cref="IOException">The port is taken, or the address is not this host's.</exception>
    /// <exception cref="ArgumentException">The advertised host is neither a name nor an address.</exception>
    public TcpTransport(
        TransportOptions options,
        PeerDirectory peers,
        SnapshotStore snapshots,
        TimeProvider time,
        ILogger<TcpTransport> logger)
    {
        CheckAdvertised(options);
        (_options, _peers, _time, _logger) = (options, peers, time, logger);
        _listener = new(options, peers, new(options, snapshots, time, logger), time, logger);
        _dialer = new(options, Advertised(options, _listener.LocalEndPoint), time);
        _snapshots = new(options, _dialer, snapshots, time);
    }

    /// <summary>Bound since construction.</summary>
    public IPEndPoint LocalEndPoint => _listener.LocalEndPoint;

    public void Start(ITransportEvents events)
    {
        _events = events;
        _running.Add(_listener.RunAsync(events, _stopping.Token));
        _peers.Watch(PeerChanged);
    }

    public void Send(Message message)
    {
        Queue(message)?.Flush();
    }

    public void Send(IReadOnlyList<Message> messages)
    {
        PeerLink? last = null;
        foreach (var message in messages)
        {
            var link = Queue(message);
            if (link != last)
            {
                last?.Flush();
                last = link;
            }
        }

        last?.Flush();
    }

    private PeerLink? Queue(Message message)
    {
        if (_links.TryGetValue(message.To, out var link))
        {
            link.Link.Queue(message);
            return link.Link;
        }

        _events?.Unreachable(message.To);
        return null;
    }

    public async Task<SnapshotMeta> SendSnapshotAsync(
        InstallSnapshotRequest request, CancellationToken cancellationToken)
    {
        var peer = _peers.Find(request.To)
            ?? throw new SnapshotTransferException($"member {request.To} is not in this cluster's list of peers");
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stopping.Token);
        if (!_sending.TryAdd(request.To, either))
        {
            throw new SnapshotTransferException($"a snapshot is on its way to {peer} already");
        }

        try
        {
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

        _peers.Unwatch(PeerChanged);
        await _stopping.CancelAsync();
        await _running.WhenAll();
        _listener.Dispose();
    }

    /// <summary>A link has one address for life: a new address is a new link.</summary>
    private void PeerChanged(MemberId member, PeerAddress? address)
    {
        if (member == _options.Self)
        {
            return;
        }

        if (_links.TryRemove(member, out var before))
        {
            before.Stop.Cancel();
        }

        if (address is null)
        {
            _listener.Drop(member);
            EndSnapshot(member);
            return;
        }

        var stop = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        var link = new PeerLink(_options, address, _dialer, Unreachable, _time, _logger);
        _links[member] = new(link, stop);
        _running.Add(RunAsync());

        async Task RunAsync()
        {
            // Not on the time of whoever changed the directory.
            await Task.Yield();
            await link.RunAsync(stop.Token);
            stop.Dispose();
        }
    }

    private void EndSnapshot(MemberId member)
    {
        try
        {
            if (_sending.TryGetValue(member, out var sending))
            {
                sending.Cancel();
            }
        }
        catch (ObjectDisposedException)
        {
            // It has just ended by itself.
        }
    }

    private void Unreachable(MemberId member) => _events?.Unreachable(member);

    private static void CheckAdvertised(TransportOptions options)
    {
        if (!Handshake.IsHost(Encoding.UTF8.GetBytes(options.AdvertisedHost)))
        {
            throw new ArgumentException(
                $"{options.AdvertisedHost} can't be advertised: it is no name and no address", nameof(options));
        }
    }

    private static (string Host, int Port) Advertised(TransportOptions options, IPEndPoint bound)
    {
        var host = options.AdvertisedHost;
        if (host.Length == 0 && !bound.Address.Equals(IPAddress.Any) && !bound.Address.Equals(IPAddress.IPv6Any))
        {
            host = $"{bound.Address}";
        }

        return host.Length == 0 ? ("", 0) : (host, options.AdvertisedPort == 0 ? bound.Port : options.AdvertisedPort);
    }

    private sealed record RunningLink(PeerLink Link, CancellationTokenSource Stop);
}
