using Blixard.Node.Identity;
using Blixard.Node.Options;
using Blixard.Raft.Core;
using Blixard.Raft.Host;
using Blixard.Raft.Storage;
using Blixard.Raft.Transport;

namespace Blixard.Node.Hosting;

/// <summary>Puts this member's engine together from the data directory.</summary>
internal static class Engine
{
    public static RaftHost Open(
        NodeSettings settings,
        NodeIdentity identity,
        NodeAddresses addresses,
        DataDirectory data,
        IStateMachine stateMachine,
        RaftMetrics metrics,
        TimeProvider time,
        ILoggerFactory logs)
    {
        var files = PosixFileSystem.Instance;
        data.CreateRaftDirectories();
        var log = WriteAheadLog.Open(
            files,
            data.WalPath,
            new WalOptions
            {
                ClusterId = identity.ClusterId,
                Member = identity.Member,
                SegmentBytes = settings.Raft.SegmentBytes,
                Logger = logs.CreateLogger<WriteAheadLog>(),
            },
            out var recovered);
        var snapshots = new SnapshotStore(files, data.SnapshotPath, logs.CreateLogger<SnapshotStore>());
        var host = new RaftHost(
            OptionsOf(settings.Raft, identity),
            log,
            recovered,
            snapshots,
            stateMachine,
            TransportOf(settings, identity, addresses, snapshots, time, logs),
            metrics,
            time,
            logs.CreateLogger<RaftHost>());
        FirstStart.MarkInUse(identity, data);
        return host;
    }

    private static RaftHostOptions OptionsOf(EngineOptions options, NodeIdentity identity) => new()
    {
        Core = new RaftOptions
        {
            Self = identity.Member,
            ElectionTicks = options.ElectionTicks,
            HeartbeatTicks = options.HeartbeatTicks,

            // Unequal for any two members; ids are hashes.
            Seed = identity.Member.Value,

            // Who is in no configuration, not yet or beyond the number of learners, follows all the same.
            Observer = true,
            Sources = [.. identity.Members.Select(member => member.Member)],
        },
        InitialConfiguration = Configuration.Of(identity.Members.Select(member => member.Member)),
        Tick = TimeSpan.FromMilliseconds(options.TickMilliseconds),
        SnapshotEntries = options.SnapshotEntries,
        SnapshotBytes = options.SnapshotBytes,
        TrailingEntries = options.TrailingEntries,
        TrailingBytes = options.TrailingBytes,
        CatchUpBytes = options.CatchUpBytes,
    };

    private static IRaftTransport TransportOf(
        NodeSettings settings,
        NodeIdentity identity,
        NodeAddresses addresses,
        SnapshotStore snapshots,
        TimeProvider time,
        ILoggerFactory logs)
    {
        if (addresses.Raft is not { } listen)
        {
            return new SoloTransport();
        }

        // Ids are of the first start; a member may have another address by now.
        var peers = PeerList.Parse(settings.Cluster.Peers, new List<string>());
        var directory = new PeerDirectory(identity.Members.Select(member =>
        {
            var address = peers.Single(peer => peer.Name == member.Name).Address;
            return new PeerAddress(member.Member, member.Name, address.Host, address.Port);
        }));
        var own = directory.Find(identity.Member);
        var options = new TransportOptions
        {
            ClusterId = identity.ClusterId,
            Self = identity.Member,
            Listen = NodeAddresses.EndPointOf(listen, "Raft:Listen"),
            AdvertisedHost = own?.Host ?? "",
            AdvertisedPort = own?.Port ?? 0,
            SnapshotBytesPerSecond = settings.Raft.SnapshotBytesPerSecond,
        };
        return new TcpTransport(options, directory, snapshots, time, logs.CreateLogger<TcpTransport>());
    }
}
