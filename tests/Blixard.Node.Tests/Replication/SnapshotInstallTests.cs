using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Blixard.Node.Replication;
using Blixard.Raft.Core;
using Blixard.Raft.Host;
using Blixard.Raft.Storage;
using Blixard.Raft.Transport;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;
using Microsoft.Extensions.Logging.Abstractions;

namespace Blixard.Node.Tests.Replication;

/// <summary>The product's state of 10,000 VMs, brought to a member that lacks it, over real connections.</summary>
public sealed class SnapshotInstallTests(ITestOutputHelper output) : IAsyncDisposable
{
    private const int Vms = 10_000;
    private const int SnapshotEntries = 2_000;

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("blixard-install");
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromMinutes(2));
    private readonly RaftMetrics _metrics = new();
    private readonly PeerAddress[] _peers = Peers(3);
    private readonly SortedDictionary<int, Member> _running = [];

    [Fact]
    public async Task Ten_thousand_VMs_are_installed_on_a_member_and_the_leader_leads_on()
    {
        for (var id = 1; id <= 3; id++)
        {
            Start(id);
        }

        await UntilAsync(() => _running.Values.Any(member => member.Host.Status.CanServe));
        var leader = _running.Single(member => member.Value.Host.Status.CanServe).Key;
        var late = (leader % 3) + 1;
        await _running[late].Host.DisposeAsync();
        _running.Remove(late);
        var (host, state) = (_running[leader].Host, _running[leader].State);
        await host.ProposeAsync(RegisterNode(), _limit.Token);
        await Parallel.ForEachAsync(
            Enumerable.Range(0, Vms),
            _limit.Token,
            async (vm, cancellationToken) => Assert.Equal(
                ProposeStatus.Appended, (await host.ProposeAsync(Register(vm), cancellationToken)).Status));
        await UntilAsync(() => state.Current.Vms.Count == Vms && host.Status.First > 1);

        // Nor is a further snapshot due or under way: the log would be cut behind the one that is sent, and the member need
        // that one too. Whether one is due is looked at with each entry.
        while (host.Status.Last - host.Status.SnapshotIndex >= SnapshotEntries)
        {
            await host.ProposeAsync(RegisterNode(), _limit.Token);
            await Task.Delay(5, _limit.Token);
        }

        var before = host.Status;
        var changes = 0;
        foreach (var member in _running.Values)
        {
            member.Host.LeadershipChanged +=
                status => Interlocked.Add(ref changes, status.Leader == before.Leader ? 0 : 1);
        }

        var installing = Stopwatch.StartNew();
        Start(late);
        await UntilAsync(() => _running[late].State.Current.Hash == state.Current.Hash);
        output.WriteLine(
            $"{Vms} VMs, {SnapshotBytes(leader) >> 10} KiB: there after {installing.ElapsedMilliseconds} ms, "
            + $"{changes} changes of the known leader meanwhile");

        Assert.Equal(1, _running[late].Restores);
        Assert.Equal(Vms, _running[late].State.Current.Vms.Count);
        Assert.Equal(before.Term, host.Status.Term);
        Assert.True(host.Status.IsLeader);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var member in _running.Values)
        {
            await member.Host.DisposeAsync();
        }

        _metrics.Dispose();
        _limit.Dispose();
        _root.Delete(recursive: true);
    }

    private long SnapshotBytes(int id) =>
        new DirectoryInfo(Path.Combine(_root.FullName, $"{id}", "snapshots")).GetFiles().Max(file => file.Length);

    private void Start(int id)
    {
        var (self, directory) = (new MemberId((ulong)id), Path.Combine(_root.FullName, $"{id}"));
        var log = WriteAheadLog.Open(
            PosixFileSystem.Instance,
            Path.Combine(directory, "wal"),
            new() { ClusterId = 7, Member = self, SegmentBytes = 4 << 20 },
            out var recovered);
        var snapshots = new SnapshotStore(
            PosixFileSystem.Instance, Path.Combine(directory, "snapshots"), NullLogger<SnapshotStore>.Instance);
        var (applied, events) = (new AppliedState(), new ReplicationEvents());
        var member = new Member { State = applied };
        events.Restored += _ => member.Restores++;
        var transport = new TcpTransport(
            new() { ClusterId = 7, Self = self, Listen = new(IPAddress.Loopback, _peers[id - 1].Port) },
            new(_peers),
            snapshots,
            TimeProvider.System,
            NullLogger<TcpTransport>.Instance);
        member.Host = new RaftHost(
            new()
            {
                Core = new() { Self = self, Seed = (ulong)id },
                InitialConfiguration = Configuration.Of(_peers.Select(peer => peer.Member)),
                SnapshotEntries = SnapshotEntries,
                TrailingEntries = 100,
                CatchUpBytes = 0,
            },
            log,
            recovered,
            snapshots,
            new ApplyLoop(applied, new ChangeFeed(), events),
            transport,
            _metrics,
            TimeProvider.System,
            NullLogger<RaftHost>.Instance);
        _running[id] = member;
        member.Host.Start();
    }

    private async Task UntilAsync(Func<bool> holds)
    {
        while (!holds())
        {
            await Task.Delay(5, _limit.Token);
        }
    }

    private static ReadOnlyMemory<byte> RegisterNode() => Encode(Command.Of(new RegisterNode
    {
        Node = "n1",
        MemberId = 1,
        BootId = "boot",
        ApiAddress = "127.0.0.1:7480",
        RaftAddress = "127.0.0.1:7481",
        Version = "0.1.0",
        Cpus = 2,
        MemoryBytes = 1 << 30,
    }));

    private static ReadOnlyMemory<byte> Register(int vm) => Encode(Command.Of(new RegisterVM
    {
        Vm = $"vm{vm}",
        Uuid = $"00000000-0000-4000-8000-{vm:d12}",
        Node = "n1",
        Unit = $"microvm@vm{vm}.service",
    }));

    private static ReadOnlyMemory<byte> Encode(Command command)
    {
        command.Actor = "n1";
        command.TimeUnixMs = 1_760_000_000_000;
        return CommandCodec.Encode(command);
    }

    /// <summary>Ports that were free a moment ago: each must know the others' before any of them listens.</summary>
    private static PeerAddress[] Peers(int count)
    {
        var probes = Enumerable.Range(1, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToArray();
        Array.ForEach(probes, probe => probe.Start());
        var peers = probes.Select((probe, i) => new PeerAddress(
            new((ulong)i + 1), $"n{i + 1}", "127.0.0.1", ((IPEndPoint)probe.LocalEndpoint).Port)).ToArray();
        Array.ForEach(probes, probe => probe.Stop());
        return peers;
    }

    private sealed class Member
    {
        public required AppliedState State { get; init; }

        public RaftHost Host { get; set; } = null!;

        public int Restores { get; set; }
    }
}
