using Blixard.Node.Identity;
using Blixard.Node.Options;
using Blixard.Node.Replication;
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
        MemberAddresses members,
        Removal removal,
        Newcomer newcomer,
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
                SnapshotDirectory = data.SnapshotPath,
                SegmentBytes = settings.Raft.SegmentBytes,
                ReserveBytes = settings.Storage.ReserveBytes,
                Logger = logs.CreateLogger<WriteAheadLog>(),
            },
            out var recovered);
        var snapshots = new SnapshotStore(files, data.SnapshotPath, logs.CreateLogger<SnapshotStore>());
        var host = new RaftHost(
            OptionsOf(settings.Raft, identity) with
            {
                ReserveBytes = settings.Storage.ReserveBytes,
                ScrubInterval = TimeSpan.FromHours(settings.Storage.ScrubHours),
                ScrubBytesPerSecond = settings.Storage.ScrubBytesPerSecond,
            },
            log,
            recovered,
            snapshots,
            stateMachine,
            TransportOf(settings, identity, addresses, members, removal, newcomer, snapshots, time, logs),
            metrics,
            time,
            logs.CreateLogger<RaftHost>());
        if (addresses.Raft is null && host.Status.Configuration.Members.Any(member => member != identity.Member))
        {
            throw new ConfigurationException(
                "This node is a member of a cluster with others, and nothing says where it listens for them: set Raft:Listen "
                + "to what it was when they were added.");
        }

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
        // Who joined has no word in who counts: the leader sends it that.
        InitialConfiguration = identity.Joined
            ? Configuration.Empty
            : Configuration.Of(identity.Members.Select(member => member.Member)),
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
        MemberAddresses members,
        Removal removal,
        Newcomer newcomer,
        SnapshotStore snapshots,
        TimeProvider time,
        ILoggerFactory logs)
    {
        if (addresses.Raft is not { } listen)
        {
            return new SoloTransport();
        }

        var own = HostPort.Parse(addresses.AdvertisedRaft);
        var options = new TransportOptions
        {
            ClusterId = identity.ClusterId,
            Self = identity.Member,
            Listen = NodeAddresses.EndPointOf(listen, "Raft:Listen"),
            AdvertisedHost = own.Host,
            AdvertisedPort = own.Port,
            IsRemoved = members.IsRemoved,
            SelfRemoved = removal.Notice,
            HasTakenPart = members.HasTakenPart,
            SelfIsNew = () => newcomer.IsNew,
            SelfIsKnown = () => newcomer.Lost(identity.Name),
            SnapshotBytesPerSecond = settings.Raft.SnapshotBytesPerSecond,
        };
        return new TcpTransport(options, members.Directory, snapshots, time, logs.CreateLogger<TcpTransport>());
    }
}
