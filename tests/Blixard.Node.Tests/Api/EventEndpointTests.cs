using Blixard.Client.Contracts;
using Blixard.Node.Api;
using Blixard.Node.Replication;
using VmState = Blixard.StateMachine.Commands.VmState;

namespace Blixard.Node.Tests.Api;

public class EventEndpointTests
{
    [Fact]
    public async Task First_comes_ready_with_the_full_lists_then_what_changes()
    {
        await using var host = await ApiHost.StartClusterAsync();
        var before = host.RegisterVm("web1", "n2");
        using var events = await EventReader.OpenAsync(host, "/v1/events");

        var ready = await events.NextAsync();
        var created = host.RegisterVm("web2", "n1");
        var create = await events.NextAsync();
        var reported = host.Report("n2", ApiHost.Seen("web1", VmState.Running));
        var modify = await events.NextAsync();
        using var removed = await host.SendAsync(HttpMethod.Delete, "/v1/vms/web2");
        var delete = await events.NextAsync();

        Assert.Equal((EventType.Ready, before), (ready.Type, ready.Index));
        Assert.True(Guid.TryParse(ready.Uuid, out _));
        Assert.Equal(["web1"], ready.Vms!.Select(vm => vm.Name));
        Assert.Equal(["n1", "n2", "n3"], ready.Nodes!.Select(node => node.Name));

        Assert.Equal((EventType.Create, EventKind.Vm, created), (create.Type, create.Kind, create.Index));
        Assert.Equal(("web2", ApiHost.UuidOf("web2")), (create.Vm!.Name, create.Uuid));
        Assert.Equal(FakeTime.Start, create.Date);
        Assert.Equal("registered by n1", create.Reason);

        Assert.Equal((EventType.Modify, "web1", reported), (modify.Type, modify.Name, modify.Index));
        Assert.Equal(ApiHost.UuidOf("web1"), modify.Uuid);
        var state = Assert.Single(modify.Changes!, change => change.Path == "state");
        Assert.Equal(
            (ChangeAction.Changed, "unknown", "running"),
            (state.Action, state.Old!.GetValue<string>(), state.New!.GetValue<string>()));

        Assert.Equal((EventType.Delete, "web2"), (delete.Type, delete.Name));
        Assert.Equal((ApiHost.UuidOf("web2"), null), (delete.Uuid, delete.Vm));
        Assert.Equal(ApiHost.IndexOf(removed), delete.Index);
    }

    [Fact]
    public async Task A_stream_is_resumed_at_an_index_with_all_that_came_after_it()
    {
        await using var host = await ApiHost.StartClusterAsync();
        var seen = host.RegisterVm("web1", "n2");
        var second = host.RegisterVm("web2", "n2");

        using var events = await EventReader.OpenAsync(host, $"/v1/events?since={seen}");
        var ready = await events.NextAsync();
        var held = await events.NextAsync();
        var third = host.RegisterVm("web3", "n2");
        var live = await events.NextAsync();

        Assert.Equal((EventType.Ready, seen), (ready.Type, ready.Index));
        Assert.Null(ready.Vms);
        Assert.Equal((second, third), (held.Index, live.Index));
    }

    [Fact]
    public async Task An_index_that_is_not_reached_here_yet_is_waited_for()
    {
        await using var host = await ApiHost.StartClusterAsync();
        var next = host.Replica.State.Index + 1;

        using var events = await EventReader.OpenAsync(host, $"/v1/events?since={next}");
        var ready = await events.NextAsync();
        host.RegisterVm("web1", "n2");
        var later = host.RegisterVm("web2", "n2");

        Assert.Equal(next, ready.Index);
        Assert.Equal(later, (await events.NextAsync()).Index);
    }

    [Fact]
    public async Task What_is_no_longer_held_is_a_gap_before_the_rest()
    {
        await using var host = await ApiHost.StartClusterAsync(feed: new ChangeFeed(maxChanges: 2));
        host.RegisterVm("web1", "n2");
        host.RegisterVm("web2", "n2");
        var last = host.RegisterVm("web3", "n2");

        using var events = await EventReader.OpenAsync(host, "/v1/events?since=1");
        await events.NextAsync();
        var gap = await events.NextAsync();

        Assert.Equal((EventType.Gap, 2UL, last - 2), (gap.Type, gap.From, gap.Index));
        Assert.NotNull(gap.Reason);
        Assert.Equal(last - 1, (await events.NextAsync()).Index);
        Assert.Equal(last, (await events.NextAsync()).Index);
    }

    [Fact]
    public async Task A_reader_who_loses_the_thread_is_told_by_a_last_record()
    {
        await using var host = await ApiHost.StartClusterAsync();
        using var events = await EventReader.OpenAsync(host, "/v1/events");
        await events.NextAsync();
        host.RegisterVm("web1", "n2");
        await events.NextAsync();
        await host.Time.SomebodyWaitsAsync(new ApiLimits().KeepAlive);

        host.Feed.Reset(1000);
        var gap = await events.NextAsync();

        Assert.Equal((EventType.Gap, 1000UL), (gap.Type, gap.Index));
        Assert.Null(await events.LineAsync());
    }

    [Fact]
    public async Task Without_news_an_empty_line_keeps_the_connection_alive()
    {
        await using var host = await ApiHost.StartClusterAsync();
        using var events = await EventReader.OpenAsync(host, "/v1/events");
        await events.NextAsync();

        await host.Time.SomebodyWaitsAsync(new ApiLimits().KeepAlive);
        host.Time.Advance(new ApiLimits().KeepAlive);
        Assert.Equal("", await events.LineAsync());
        host.RegisterVm("web1", "n1");

        Assert.Equal("web1", (await events.NextAsync()).Name);
    }

    [Fact]
    public async Task A_node_that_stops_ends_its_streams_after_a_whole_line()
    {
        await using var host = await ApiHost.StartClusterAsync();
        using var events = await EventReader.OpenAsync(host, "/v1/events");
        await events.NextAsync();

        await host.StopAsync();

        Assert.Null(await events.LineAsync());
    }

    [Fact]
    public async Task Vminfods_stream_tells_of_vms_alone_and_works_in_a_partition()
    {
        await using var host = await ApiHost.StartClusterAsync();
        host.RegisterVm("web1", "n1");
        host.Engine.CutOff();
        using var events = await EventReader.OpenAsync(host, "/events");

        var ready = await events.NextAsync();
        host.Lose("n2");
        host.RegisterVm("web2", "n1");

        Assert.Equal("web1", Assert.Single(ready.Vms!).Name);
        Assert.Null(ready.Nodes);
        Assert.Equal("web2", (await events.NextAsync()).Name);
    }

    [Fact]
    public async Task Who_follows_is_listed_and_the_number_is_bounded()
    {
        await using var host = await ApiHost.StartAsync(new ApiLimits { MaxEventStreams = 1 });
        using var events = await EventReader.OpenAsync(host, "/events");
        var ready = await events.NextAsync();

        var listener = Assert.Single((await host.ReadAsync("/status", ApiJson.Default.LocalStatus)).EventListeners);
        using var second = await host.GetAsync("/v1/events");

        Assert.Equal((ready.Uuid, FakeTime.Start), (listener.Uuid, listener.Since));
        Assert.StartsWith("127.0.0.1:", listener.Remote);
        await ApiHost.ProblemAsync(second, ProblemTypes.Overloaded, 503);
        Assert.Equal(1, host.Streams.Count);
    }

    [Theory]
    [InlineData("since=x")]
    [InlineData("since=-1")]
    [InlineData("from=3")]
    public async Task A_query_that_is_wrong_is_refused(string query)
    {
        await using var host = await ApiHost.StartAsync();

        using var answer = await host.GetAsync("/v1/events?" + query);

        await ApiHost.ProblemAsync(answer, ProblemTypes.InvalidRequest, 400);
    }
}
