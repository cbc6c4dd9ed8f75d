using Blixard.Cli.Commands;
using Blixard.Cli.Tests.Fakes;
using Blixard.Client.Contracts;

namespace Blixard.Cli.Tests.Commands;

public class EventsCommandTests
{
    [Fact]
    public async Task Without_ready_in_30_seconds_it_exits_3()
    {
        await using var node = await FakeNode.StartAsync();
        var time = new FakeTime(Samples.Now);

        var run = Run.Blixard(["--endpoint", node.Endpoint, "events"], time: time);
        await node.Watched;
        Assert.False(run.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(30));

        Assert.Equal(3, (await run).ExitCode);
        Assert.Equal($"cannot reach blixard-node at {node.Endpoint}: no ready event within 30 s\n", (await run).Error);
    }

    [Fact]
    public async Task A_broken_stream_exits_3_and_says_how_to_go_on()
    {
        await using var node = await FakeNode.StartAsync();
        node.Send(Samples.Ready(10, lists: false));
        node.Send(Samples.Modify("web1", 12));
        node.Send(Samples.Modify("web1", 15));
        node.EndEvents();

        var run = await Run.Against(node, "events");

        Assert.Equal(3, run.ExitCode);
        Assert.Equal(
            $"cannot reach blixard-node at {node.Endpoint}: it ended the event stream\n"
                + "  to go on from here: events --since 12\n",
            run.Error);
    }

    [Fact]
    public async Task Since_goes_to_the_node()
    {
        await using var node = await FakeNode.StartAsync();
        node.Send(Samples.Ready(99, lists: false));
        node.Send(Samples.Modify("web1", 43));

        await Run.Against(node, "events --since 42 --count 1");

        Assert.Equal(["GET /v1/events?since=42"], node.Requests);
    }

    [Fact]
    public async Task A_line_that_is_no_event_exits_1_and_is_quoted()
    {
        await using var node = await FakeNode.StartAsync();
        node.Send(Samples.Ready(10, lists: false));
        node.SendLine("<html>");

        var run = await Run.Against(node, "events");

        Assert.Equal(1, run.ExitCode);
        Assert.StartsWith(
            $"{node.Endpoint} gave an answer that is not understood: an event is <html>: ",
            run.Error,
            StringComparison.Ordinal);
    }

    [Fact]
    public void An_index_counts_as_seen_only_when_a_higher_one_came()
    {
        var cursor = new EventCursor(since: null);
        Assert.Null(cursor.Complete);

        cursor.Saw(Samples.Ready(10));
        Assert.Equal(10ul, cursor.Complete);
        cursor.Saw(Samples.Modify("a", 12));
        cursor.Saw(Samples.Modify("b", 12));
        Assert.Equal(10ul, cursor.Complete);
        cursor.Saw(Samples.Modify("c", 13));
        Assert.Equal(12ul, cursor.Complete);
    }

    [Fact]
    public void A_resumed_stream_counts_from_where_it_was_resumed()
    {
        var cursor = new EventCursor(since: 5);

        cursor.Saw(Samples.Ready(100, lists: false));

        Assert.Equal(5ul, cursor.Complete);
    }
}
