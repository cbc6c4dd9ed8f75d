using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Blixard.Raft.Core;
using Blixard.Raft.Storage;
using Blixard.Raft.Transport;
using Microsoft.Extensions.Logging;
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
            .Select(_ => new TcpListener(IPAddress.Loopback, 0))
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

    public Dictionary<int, PeerDirectory> Directories { get; } = [];

    public Dictionary<int, KeptLog> Logs { get; } = [];

    public int PortOf(int id) => _ports[id];

    /// <summary>On whose disk the members' snapshots are.</summary>
    public IFileSystem Disk { get; init; } = PosixFileSystem.Instance;

    public SnapshotStore SnapshotsOf(int id) => new(Disk, DirectoryOf(id), NullLogger<SnapshotStore>.Instance);

    public string DirectoryOf(int id) => Path.Combine(_root.FullName, $"{id}");

    /// <param name="knows">Whom it has in its directory; null: all.</param>
    public TcpTransport Start(
        int id,
        ulong cluster = 42,
        Func<TransportOptions, TransportOptions>? configure = null,
        IReadOnlyList<int>? knows = null)
    {
        var options = new TransportOptions
        {
            ClusterId = cluster,
            Self = new((ulong)id),
            Listen = new(IPAddress.Loopback, _ports[id]),
            MaxBackoff = TimeSpan.FromMilliseconds(100),
        };
        Logs[id] = new();
        Directories[id] = new(
            (knows ?? [.. _ports.Keys]).Select(p => new PeerAddress(new((ulong)p), $"n{p}", "127.0.0.1", _ports[p])));
        var transport = new TcpTransport(
            configure?.Invoke(options) ?? options,
            Directories[id],
            SnapshotsOf(id),
            TimeProvider.System,
            Logs[id]);
        _running[id] = transport;
        Told[id] = new();
        transport.Start(Told[id]);
        return transport;
    }

    /// <summary>A connection made by hand, as a member would make it.</summary>
    public async Task<PeerConnection> ConnectAsync(
        ulong from, int to, ConnectionPurpose purpose = ConnectionPurpose.Messages, string host = "", int port = 0)
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, PortOf(to), Limit);
        var stream = client.GetStream();
        var reader = new FrameReader(stream, 42);
        try
        {
            await Handshake.GreetAsync(
                stream, reader, 42, new(new(from), new((ulong)to), purpose, host, port), Limit);
            return new(stream, reader);
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    /// <summary>Waits for the other side to close.</summary>
    public async Task EndAsync(PeerConnection connection)
    {
        try
        {
            Assert.Null(await connection.Reader.ReadAsync(Limit));
        }
        catch (IOException)
        {
            // Reset: closed as well.
        }
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

    public ConcurrentQueue<StorageFailedException> Failures { get; } = [];

    public ConcurrentQueue<MemberId> Disconnected { get; } = [];

    void ITransportEvents.Disconnected(MemberId member) => Disconnected.Enqueue(member);

    void ITransportEvents.SnapshotArrived(SnapshotReceived received) => Snapshots.Enqueue(received);

    void ITransportEvents.StorageFailed(StorageFailedException failure) => Failures.Enqueue(failure);
}

/// <summary>What was logged, as text.</summary>
internal sealed class KeptLog : ILogger<TcpTransport>
{
    private readonly ConcurrentQueue<string> _lines = [];

    public IEnumerable<string> Lines => _lines;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter) => _lines.Enqueue($"{logLevel}: {formatter(state, exception)}");
}
