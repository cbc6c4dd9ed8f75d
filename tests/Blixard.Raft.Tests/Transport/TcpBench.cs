using System.Collections.Concurrent;
using System.Net;
using Blixard.Raft.Core;
using Blixard.Raft.Storage;
using Blixard.Raft.Transport;
using Microsoft.Extensions.Logging.Abstractions;

namespace Blixard.Raft.Tests.Transport;

/// <summary>Members on loopback ports, and what each was told.</summary>
internal sealed class TcpBench : IAsyncDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("blixard-tcp");
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromSeconds(20));
    private readonly Dictionary<int, TcpTransport> _running = [];
    private readonly Dictionary<int, int> _ports = [];

    public TcpBench(int members)
    {
        // Ports that were free a moment ago: each member must know the others' before any of them listens.
        var probes = Enumerable.Range(1, members)
            .Select(_ => new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0))
            .ToArray();
        foreach (var (probe, i) in probes.Select((p, i) => (p, i)))
        {
            probe.Start();
            _ports[i + 1] = ((IPEndPoint)probe.LocalEndpoint).Port;
        }

        foreach (var probe in probes)
        {
            probe.Stop();
        }
    }

    public CancellationToken Limit => _limit.Token;

    public TcpTransport this[int id] => _running[id];

    public Dictionary<int, Told> Told { get; } = [];

    public int PortOf(int id) => _ports[id];

    public SnapshotStore SnapshotsOf(int id) => new(
        PosixFileSystem.Instance, DirectoryOf(id), NullLogger<SnapshotStore>.Instance);

    public string DirectoryOf(int id) => Path.Combine(_root.FullName, $"{id}");

    public TcpTransport Start(int id, ulong cluster = 42, Func<TransportOptions, TransportOptions>? configure = null)
    {
        var options = new TransportOptions
        {
            ClusterId = cluster,
            Self = new((ulong)id),
            Listen = new(IPAddress.Loopback, _ports[id]),
            MaxBackoff = TimeSpan.FromMilliseconds(100),
        };
        var transport = new TcpTransport(
            configure?.Invoke(options) ?? options,
            new([.. _ports.Select(p => new PeerAddress(new((ulong)p.Key), $"n{p.Key}", "127.0.0.1", p.Value))]),
            SnapshotsOf(id),
            TimeProvider.System,
            NullLogger<TcpTransport>.Instance);
        _running[id] = transport;
        Told[id] = new();
        transport.Start(Told[id]);
        return transport;
    }

    public async Task StopAsync(int id)
    {
        await _running[id].DisposeAsync();
        _running.Remove(id);
    }

    /// <summary>Says it until the other has heard it: what is said while there is no connection is lost.</summary>
    public async Task SayUntilHeardAsync(int from, int to, ulong context)
    {
        while (!Told[to].Received.OfType<ReadIndexRequest>().Any(m => m.Context == context))
        {
            this[from].Send(new ReadIndexRequest(new((ulong)from), new((ulong)to), 1, context));
            await Task.Delay(10, Limit);
        }
    }

    public async Task UntilAsync(Func<bool> holds)
    {
        while (!holds())
        {
            await Task.Delay(5, Limit);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var id in _running.Keys.ToArray())
        {
            await StopAsync(id);
        }

        _limit.Dispose();
        _root.Delete(recursive: true);
    }
}

internal sealed class Told : ITransportEvents
{
    public ConcurrentQueue<Message> Received { get; } = [];

    public ConcurrentQueue<MemberId> Unreachable { get; } = [];

    public ConcurrentQueue<SnapshotReceived> Snapshots { get; } = [];

    void ITransportEvents.Received(Message message) => Received.Enqueue(message);

    void ITransportEvents.Unreachable(MemberId member) => Unreachable.Enqueue(member);

    void ITransportEvents.SnapshotArrived(SnapshotReceived received) => Snapshots.Enqueue(received);
}
