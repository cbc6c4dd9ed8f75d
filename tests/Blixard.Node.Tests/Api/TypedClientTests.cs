using Blixard.Client;
using Blixard.Client.Contracts;

namespace Blixard.Node.Tests.Api;

/// <summary>The typed client and the server understand each other.</summary>
public sealed class TypedClientTests
{
    [Fact]
    public async Task It_reads_and_changes_what_the_server_offers()
    {
        await using var host = await ApiHost.StartClusterAsync();
        using var client = ClientOf(host);

        var registered = await client.RegisterVmAsync("web1", new RegisterVmRequest { Node = "n2" }, CancellationToken.None);
        var vm = await client.GetVmAsync(
            "web1", new ReadOptions { MinIndex = registered.Index }, CancellationToken.None);
        var nodes = await client.GetNodesAsync(ReadOptions.Linearizable, CancellationToken.None);
        var status = await client.GetLocalStatusAsync(full: true, CancellationToken.None);
        var removed = await client.RemoveVmAsync("web1", CancellationToken.None);
        host.Engine.CutOff();
        var cluster = await client.GetClusterAsync(ReadOptions.Stale, CancellationToken.None);

        Assert.Equal(registered.Value.Uuid, vm.Value.Uuid);
        Assert.Equal(3, nodes.Value.Count);
        Assert.NotNull(status.Watchers);
        Assert.True(removed > vm.Index);
        Assert.Equal((true, TimeSpan.Zero), (cluster.Value.Stale, cluster.LastContact));
        Assert.Equal("pong", (await client.PingAsync(CancellationToken.None)).Answer);
    }

    [Fact]
    public async Task It_annotates()
    {
        await using var host = await ApiHost.StartClusterAsync();
        using var client = ClientOf(host);
        host.RegisterVm("web1", "n1");

        var set = await client.SetAnnotationAsync("web1", "owner", "ops"u8.ToArray(), CancellationToken.None);
        var list = await client.GetAnnotationsAsync("web1", ReadOptions.Linearizable, CancellationToken.None);
        var value = await client.GetAnnotationAsync("web1", "owner", ReadOptions.Linearizable, CancellationToken.None);
        var removed = await client.RemoveAnnotationAsync("web1", "owner", CancellationToken.None);
        var gone = await Assert.ThrowsAsync<ProblemException>(
            () => client.GetAnnotationAsync("web1", "owner", ReadOptions.Stale, CancellationToken.None));

        Assert.Equal(new VmAnnotation { Key = "owner", Bytes = 3, Text = "ops" }, Assert.Single(list.Value));
        Assert.Equal("ops"u8.ToArray(), value.Value);
        Assert.True(set <= value.Index && value.Index < removed);
        Assert.True(gone.Is(ProblemTypes.AnnotationNotFound));
        await Assert.ThrowsAsync<ProblemException>(
            () => client.SetAnnotationAsync("web1", "..", "x"u8.ToArray(), CancellationToken.None));
    }

    [Fact]
    public async Task It_gets_problems_as_exceptions()
    {
        await using var host = await ApiHost.StartClusterAsync();
        using var client = ClientOf(host);

        var missing = await Assert.ThrowsAsync<ProblemException>(
            () => client.GetVmAsync("none", ReadOptions.Linearizable, CancellationToken.None));
        host.Engine.CutOff();
        var cut = await Assert.ThrowsAsync<ProblemException>(
            () => client.GetVmsAsync(ReadOptions.Linearizable, CancellationToken.None));

        Assert.True(missing.Is(ProblemTypes.VmNotFound));
        Assert.True(cut.Is(ProblemTypes.NoLeader));
    }

    [Fact]
    public async Task It_follows_the_events_from_an_index()
    {
        await using var host = await ApiHost.StartClusterAsync();
        using var client = ClientOf(host);
        var index = host.RegisterVm("web1", "n1");
        host.RegisterVm("web2", "n1");

        var records = new List<EventRecord>();
        await foreach (var line in client.WatchEventsAsync(index, CancellationToken.None))
        {
            records.Add(line.Record);
            if (records.Count == 2)
            {
                break;
            }
        }

        Assert.Equal([EventType.Ready, EventType.Create], records.Select(record => record.Type));
        Assert.Equal("web2", records[1].Vm!.Name);
    }

    private static BlixardClient ClientOf(ApiHost host) =>
        new(new BlixardClientOptions { Endpoint = Endpoint.Parse(host.Http.BaseAddress!.ToString().TrimEnd('/')) });
}
