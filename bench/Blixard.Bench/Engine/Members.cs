using System.Diagnostics;
using System.Net;
using Blixard.Raft.Core;
using Blixard.Raft.Host;
using Blixard.Raft.Storage;
using Blixard.Raft.Transport;
using Microsoft.Extensions.Logging.Abstractions;

namespace Blixard.Bench.Engine;

/// <summary>Members in this process, over TCP on loopback, each with its log on the disk.</summary>
internal sealed class Members(string directory, int count, Func<IStateMachine> machine, RaftHostOptions like)
    : IAsyncDisposable
{
    private const int BasePort = 17_800;

    private readonly RaftMetrics _metrics = new();
    private readonly SortedDictionary<int, (RaftHost Host, IStateMachine Machine)> _running = [];

    public RaftHost this[int id] => _running[id].Host;

    public IStateMachine MachineOf(int id) => _running[id].Machine;

    public static WriteAheadLog OpenLog(string directory, int id, out RestoredState recovered) => WriteAheadLog.Open(
        PosixFileSystem.Instance,
        Path.Combine(directory, $"{id}", "wal"),
        new() { ClusterId = 7, Member = new((ulong)id) },
        out recovered);

    public void Start(int id)
    {
        var log = OpenLog(directory, id, out var recovered);
        var snapshots = new SnapshotStore(
            PosixFileSystem.Instance,
            Path.Combine(directory, $"{id}", "snapshots"),
            NullLogger<SnapshotStore>.Instance);
        var applies = machine();
        var peers = new PeerDirectory(Enumerable.Range(1, count).Select(
            peer => new PeerAddress(new((ulong)peer), $"m{peer}", "127.0.0.1", BasePort + peer)));
        var transport = new TcpTransport(
            new() { ClusterId = 7, Self = new((ulong)id), Listen = new(IPAddress.Loopback, BasePort + id) },
            peers,
            snapshots,
            TimeProvider.System,
            NullLogger<TcpTransport>.Instance);
        var host = new RaftHost(
            like with { Core = like.Core with { Self = new((ulong)id), Seed = (ulong)id } },
            log,
            recovered,
            snapshots,
            applies,
            transport,
            _metrics,
            TimeProvider.System,
            NullLogger<RaftHost>.Instance);
        _running[id] = (host, applies);
        host.Start();
    }

    public async Task StopAsync(int id)
    {
        await _running[id].Host.DisposeAsync();
        _running.Remove(id);
    }

    public async Task<int> LeaderAsync()
    {
        for (var waited = Stopwatch.StartNew(); waited.Elapsed < TimeSpan.FromSeconds(60);)
        {
            foreach (var (id, (host, _)) in _running)
            {
                if (host.Status is { IsLeader: true, CanServe: true })
                {
                    return id;
                }
            }

            await Task.Delay(5);
        }

        throw new TimeoutException("no leader within a minute");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var id in _running.Keys.ToArray())
        {
            await StopAsync(id);
        }

        _metrics.Dispose();
    }
}
