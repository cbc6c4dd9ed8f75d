using System.Net;
using System.Net.Sockets;
using Blixard.Node.Hosting;
using Blixard.Node.Identity;
using Blixard.Node.Replication;
using Blixard.Raft.Host;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Blixard.Node.Tests.Hosting;

public sealed class NodeCompositionTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

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
        await using var app = NodeComposition.Build(settings, identity, NodeAddresses.Of(settings), data);
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
