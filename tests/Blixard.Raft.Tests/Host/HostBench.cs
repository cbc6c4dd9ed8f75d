using System.Text;
using Blixard.Raft.Core;
using Blixard.Raft.Host;
using Blixard.Raft.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Blixard.Raft.Tests.Host;

/// <summary>
/// Whole members in one process, on real disks of their own; the wire is made up, unless real connections are asked
/// for.
/// </summary>
internal sealed class HostBench : IAsyncDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("blixard-raft");
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromSeconds(30));
    private readonly RaftMetrics _metrics = new();
    private readonly Func<RaftHostOptions, RaftHostOptions> _configure;
    private readonly Func<int, IFileSystem> _files;
    private readonly long _reserveBytes;
    private readonly TcpNetwork? _connections;
    private readonly SortedDictionary<int, (RaftHost Host, TextMachine Machine)> _running = [];

    public HostBench(
        int voters,
        Func<RaftHostOptions, RaftHostOptions>? configure = null,
        int observers = 0,
        bool tcp = false,
        Func<int, IFileSystem>? files = null,
        long reserveBytes = 0)
    {
        _configure = configure ?? (options => options);
        _files = files ?? (_ => PosixFileSystem.Instance);
        _reserveBytes = reserveBytes;
        _connections = tcp ? new(voters) : null;
        Ids = [.. Enumerable.Range(1, voters).Select(i => new MemberId((ulong)i))];
        for (var i = 1; i <= voters + observers; i++)
        {
            Start(i);
        }
    }

    /// <summary>The voters; whoever is started beside them observes.</summary>
    public IReadOnlyList<MemberId> Ids { get; }

    public MemoryNetwork Network { get; } = new();

    public CancellationToken Limit => _limit.Token;

    public RaftHost this[int id] => _running[id].Host;

    public TextMachine Machine(int id) => _running[id].Machine;

    public string DirectoryOf(int id) => Path.Combine(_root.FullName, $"{id}");

    /// <param name="joining">It has no configuration, until it is sent one with the log or a snapshot.</param>
    /// <param name="cluster">Another one, for a member whose log was rewritten.</param>
    public void Start(int id, bool joining = false, ulong cluster = 7)
    {
        var self = new MemberId((ulong)id);
        var files = _files(id);
        var log = WriteAheadLog.Open(
            files,
            Path.Combine(DirectoryOf(id), "wal"),
            new()
            {
                ClusterId = cluster,
                Member = self,
                SnapshotDirectory = Path.Combine(DirectoryOf(id), "snapshots"),
                SegmentBytes = 1 << 20,
                FirstSegmentBytes = 1 << 16,
                ReserveBytes = _reserveBytes,
            },
            out var recovered);
        var snapshots = new SnapshotStore(
            files, Path.Combine(DirectoryOf(id), "snapshots"), NullLogger<SnapshotStore>.Instance);
        var machine = new TextMachine();
        var host = new RaftHost(
            _configure(new()
            {
                Core = new()
                {
                    Self = self,
                    Seed = (ulong)id,
                    ElectionTicks = 10,
                    Observer = true,
                    Sources = [.. Ids],
                },
                InitialConfiguration = joining ? Configuration.Empty : Configuration.Of(Ids),
                Tick = TimeSpan.FromMilliseconds(10),
                ReserveBytes = _reserveBytes,
            }),
            log,
            recovered,
            snapshots,
            machine,
            _connections?.Plug(self, snapshots) ?? Network.Plug(self, snapshots),
            _metrics,
            TimeProvider.System,
            NullLogger<RaftHost>.Instance);
        _running[id] = (host, machine);
        host.Start();
    }

    public async Task StopAsync(int id)
    {
        await _running[id].Host.DisposeAsync();
        _running.Remove(id);
    }

    /// <summary>Proposes through a member until its own machine has the line.</summary>
    public async Task WriteAsync(int through, string line)
    {
        while (true)
        {
            Limit.ThrowIfCancellationRequested();
            var result = await this[through].ProposeAsync(Encoding.UTF8.GetBytes(line), Limit);
            if (result.Status is ProposeStatus.Appended or ProposeStatus.Forwarded)
            {
                using var patience = CancellationTokenSource.CreateLinkedTokenSource(Limit);
                patience.CancelAfter(TimeSpan.FromSeconds(2));
                try
                {
                    await Machine(through).UntilAsync(lines => lines.Contains(line), patience.Token);
                    return;
                }
                catch (OperationCanceledException) when (!Limit.IsCancellationRequested)
                {
                    // Lost with a leader: again.
                }
            }

            await Task.Delay(10, Limit);
        }
    }

    /// <summary>Asks whoever leads, until it is done.</summary>
    public async Task ChangeAsync(Configuration target)
    {
        while (true)
        {
            var leader = this[await LeaderAsync()];
            var result = await leader.ChangeMembersAsync(target, leader.Status.Term, Limit);
            if (result.Outcome == MembershipOutcome.Committed)
            {
                return;
            }

            await Task.Delay(10, Limit);
        }
    }

    /// <summary>A status is renewed with every tick.</summary>
    public async Task UntilAsync(Func<bool> holds)
    {
        while (!holds())
        {
            await Task.Delay(5, Limit);
        }
    }

    public async Task<int> LeaderAsync()
    {
        while (true)
        {
            foreach (var (id, (host, _)) in _running)
            {
                if (host.Status is { IsLeader: true, CanServe: true })
                {
                    return id;
                }
            }

            await Task.Delay(5, Limit);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var id in _running.Keys.ToArray())
        {
            await StopAsync(id);
        }

        _metrics.Dispose();
        _limit.Dispose();
        _root.Delete(recursive: true);
    }
}
