using System.Net;
using System.Net.Sockets;
using Blixard.Node.Hosting;
using Blixard.Node.Identity;
using Blixard.Node.Replication;
using Blixard.Raft.Core;
using Blixard.Raft.Host;
using Blixard.Raft.Storage;
using Blixard.StateMachine.Commands;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Blixard.Node.Tests.Hosting;

public sealed class NodeCompositionTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>The index of a change of the members that was under way.</summary>
    private const ulong Wish = 3;

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_single_node_answers_keeps_what_it_was_told_and_stops_in_order()
    {
        var first = await RunAsync(async app =>
        {
            var replica = app.Services.GetRequiredService<Replica>();
            while (!replica.State.Nodes.ContainsKey("solo"))
            {
                await replica.NextState.WaitAsync(Patience);
            }

            using var client = ClientOf(_directory["api.sock"]);
            Assert.Contains("pong", await client.GetStringAsync(new Uri("http://node/ping")), StringComparison.Ordinal);
            Assert.Contains("blixard_raft_term", await client.GetStringAsync(new Uri("http://node/metrics")), StringComparison.Ordinal);
            return replica.State;
        });

        var again = await RunAsync(async app =>
        {
            var replica = app.Services.GetRequiredService<Replica>();
            return await replica.WaitForIndexAsync(first.Index, default).WaitAsync(Patience);
        });

        Assert.Equal(first.Nodes["solo"].MemberId, again.Nodes["solo"].MemberId);
    }

    [Fact]
    public async Task A_socket_that_cannot_be_is_done_without()
    {
        File.WriteAllText(_directory["file"], "");
        await RunAsync(
            app => Task.FromResult(app.Services.GetRequiredService<RaftHost>().Status), ("Api:Socket", _directory["file/api.sock"]));
    }

    /// <summary>The other two are in its state still, and there are wishes about one of them.</summary>
    [Theory]
    [InlineData(MembershipChangeKind.Remove)]
    [InlineData(MembershipChangeKind.Promote)]
    [InlineData(MembershipChangeKind.Transfer)]
    public async Task A_recovered_node_leads_alone_and_settles_what_was_wished_of_a_lost_one(MembershipChangeKind kind)
    {
        string[] peers = [$"solo=127.0.0.1:{FreePort()}", "n2=127.0.0.1:1", "n3=127.0.0.1:2"];
        var settings = Settings.Member("solo", true, peers);
        MemberId self;
        using (var data = new DataDirectory(_directory["data"]))
        {
            var identity = FirstStart.Resolve(settings, data, () => 7);
            self = identity.Member;
            WriteLog(identity, data, kind);
            FirstStart.MarkInUse(identity, data);
            Recovering.Recover(settings, data, new(false, false), () => 9, TextWriter.Null);
        }

        await RunAsync(
            async app =>
            {
                var replica = app.Services.GetRequiredService<Replica>();
                while (true)
                {
                    var next = replica.NextState;
                    if (replica.State.Nodes.ContainsKey("solo") && replica.State.Membership.SettledAt(Wish) is not null)
                    {
                        break;
                    }

                    await next.WaitAsync(Patience);
                }

                var status = app.Services.GetRequiredService<RaftHost>().Status;
                Assert.True(status.IsLeader);
                Assert.Equal([self], status.Configuration.Voters);
                Assert.Equal(kind != MembershipChangeKind.Remove, replica.State.Nodes.ContainsKey("n2"));
                return true;
            },
            ("Cluster:Peers", string.Join(',', peers)));
    }

    [Fact]
    public async Task A_member_whose_disk_was_wiped_does_not_come_back_through_a_bootstrap_left_in_place()
    {
        string[] names = ["n1", "n2", "n3"];
        string[] peers = [.. names.Select(name => $"{name}=127.0.0.1:{FreePort()}")];
        var nodes = names.ToDictionary(name => name, name => Compose(name, peers));
        try
        {
            foreach (var (app, _) in nodes.Values)
            {
                await app.StartAsync();
            }

            var replica = nodes["n1"].App.Services.GetRequiredService<Replica>();
            while (true)
            {
                var next = replica.NextState;
                if (names.All(name => replica.State.Nodes.TryGetValue(name, out var node) && node.HasJoined))
                {
                    break;
                }

                await next.WaitAsync(Patience);
            }

            await StopAsync(nodes["n3"]);
            Directory.Delete(_directory["n3"], recursive: true);
            nodes["n3"] = Compose("n3", peers);
            try
            {
                await nodes["n3"].App.StartAsync();
            }
            catch (OperationCanceledException)
            {
                // It has ended before the rest of the daemon was started.
            }

            var registration = nodes["n3"].App.Services.GetServices<IHostedService>().OfType<NodeRegistration>().Single();

            var refused = await Assert.ThrowsAsync<IdentityException>(() => registration.ExecuteTask!.WaitAsync(Patience));
            Assert.Contains("blixard cluster remove n3", refused.Message, StringComparison.Ordinal);
            Assert.True(IdentityFile.Read(nodes["n3"].Data.IdentityPath)!.New);
        }
        finally
        {
            foreach (var node in nodes.Values)
            {
                await StopAsync(node);
            }
        }

        static async Task StopAsync((WebApplication App, DataDirectory Data) node)
        {
            await node.App.StopAsync();
            await node.App.DisposeAsync();
            node.Data.Dispose();
        }
    }

    private (WebApplication App, DataDirectory Data) Compose(string name, string[] peers)
    {
        var settings = Settings.Of(
        [
            ("Node:Name", name),
            ("Cluster:Peers", string.Join(',', peers)),
            ("Cluster:Bootstrap", "true"),
            ("Api:Listen", $"127.0.0.1:{FreePort()}"),
            ("Api:Socket", _directory[$"{name}.sock"]),
            ("Raft:SegmentBytes", "65536"),
            ("Agent:Bus", $"unix:path={_directory["no-bus"]}"),
            ("Agent:StateDirectory", _directory["microvms"]),
            ("Logging:LogLevel:Default", "None"),
        ]);
        var data = new DataDirectory(_directory[name]);
        var identity = FirstStart.Resolve(settings, data, () => 7);
        var app = NodeComposition.Build(settings, identity, NodeAddresses.Of(settings, identity), data);
        NodeComposition.Map(app);
        return (app, data);
    }

    private static void WriteLog(NodeIdentity identity, DataDirectory data, MembershipChangeKind kind)
    {
        data.CreateRaftDirectories();
        var options = new WalOptions { ClusterId = identity.ClusterId, Member = identity.Member, SegmentBytes = 1 << 16 };
        using var log = WriteAheadLog.Open(PosixFileSystem.Instance, data.WalPath, options, out _);
        LogEntry[] entries =
        [
            Entry(1, "n2", Command.Of(Registration(identity.Members.Single(member => member.Name == "n2")))),
            Entry(2, "n3", Command.Of(Registration(identity.Members.Single(member => member.Name == "n3")))),
            Entry(Wish, "n3", Command.Of(new ChangeMembership { Kind = kind, Node = "n2" })),
        ];
        log.Append(new()
        {
            HardState = new(3, identity.Member),
            Snapshot = new(0, 0, Configuration.Of(identity.Members.Select(member => member.Member))),
            Entries = entries,
        });
        log.MarkDurable();

        static LogEntry Entry(ulong index, string actor, Command command)
        {
            (command.Actor, command.TimeUnixMs) = (actor, 1_760_000_000_000);
            return new(index, 3, EntryKind.Command, CommandCodec.Encode(command));
        }

        static RegisterNode Registration(IdentityMember member) => new()
        {
            Node = member.Name,
            MemberId = member.Member.Value,
            BootId = "2b8d1c6e-7b1f-4f0a-8a55-5a3f0e9c1d42",
            ApiAddress = "127.0.0.1:3",
            RaftAddress = member.Address,
            Version = "0.1.0",
            Cpus = 2,
            MemoryBytes = 1 << 30,
        };
    }

    private async Task<T> RunAsync<T>(Func<WebApplication, Task<T>> use, params (string, string)[] more)
    {
        var settings = Settings.Of(
        [
            ("Node:Name", "solo"),
            ("Api:Listen", $"127.0.0.1:{FreePort()}"),
            ("Api:Socket", _directory["api.sock"]),
            ("Raft:SegmentBytes", "65536"),
            ("Agent:Bus", $"unix:path={_directory["no-bus"]}"),
            ("Agent:StateDirectory", _directory["microvms"]),
            ("Logging:LogLevel:Default", "None"),
            .. more,
        ]);
        using var data = new DataDirectory(_directory["data"]);
        var identity = FirstStart.Resolve(settings, data, () => 7);
        await using var app = NodeComposition.Build(settings, identity, NodeAddresses.Of(settings, identity), data);
        NodeComposition.Map(app);
        await app.StartAsync();
        try
        {
            return await use(app);
        }
        finally
        {
            await app.StopAsync();
            Assert.False(app.Services.GetRequiredService<EngineService>().Failed);
        }
    }

    private static HttpClient ClientOf(string socket) => new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, cancellationToken) =>
        {
            var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), cancellationToken);
            return new NetworkStream(connection, ownsSocket: true);
        },
    });

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
