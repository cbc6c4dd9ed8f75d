using Blixard.Cli.Tests.Fakes;
using Blixard.Client;
using Blixard.Client.Contracts;

namespace Blixard.Cli.Tests.Client;

public class EventStreamTests
{
    [Fact]
    public async Task Ready_comes_first_with_the_full_lists_and_changes_follow()
    {
        await using var node = await FakeNode.StartAsync();
        node.Send(Samples.Ready(10));
        node.SendLine("");
        node.Send(Samples.Modify("web1", 11, new FieldChange { Path = "state", Action = ChangeAction.Changed, New = "running" }));
        using var client = node.Client();

        var records = await TakeAsync(client, since: null, 2);

        Assert.Equal(EventType.Ready, records[0].Type);
        Assert.Equal(Samples.Vms.Count, records[0].Vms!.Count);
        Assert.Equal((EventType.Modify, 11ul, "web1"), (records[1].Type, records[1].Index, records[1].Name));
        Assert.Null(records[1].Changes![0].Old);
        Assert.Equal("running", records[1].Changes![0].New!.GetValue<string>());
        Assert.Equal(["GET /v1/events"], node.Requests);
    }

    [Fact]
    public async Task Time_passing_after_ready_ends_nothing()
    {
        await using var node = await FakeNode.StartAsync();
        var time = new FakeTime(Samples.Now);
        using var client = node.Client(time);
        node.Send(Samples.Ready(10));
        await using var records = client.WatchEventsAsync(null, default).GetAsyncEnumerator();
        Assert.True(await records.MoveNextAsync());

        time.Advance(TimeSpan.FromDays(30));
        node.Send(Samples.Modify("web1", 11));

        Assert.True(await records.MoveNextAsync());
        Assert.Equal(11ul, records.Current.Record.Index);
    }

    [Fact]
    public async Task A_stream_that_does_not_begin_with_ready_is_refused()
    {
        await using var node = await FakeNode.StartAsync();
        node.Send(Samples.Modify("web1", 11));
        using var client = node.Client();

        var failure = await Assert.ThrowsAsync<MalformedAnswerException>(() => TakeAsync(client, null, 1));

        Assert.Contains("the first event is not ready", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_problem_in_place_of_a_stream_is_a_problem()
    {
        await using var node = await FakeNode.StartAsync();
        node.Fail(Samples.ProblemOf(ProblemTypes.NotReady, 503, "still replaying the log"));
        using var client = node.Client();

        var failure = await Assert.ThrowsAsync<ProblemException>(() => TakeAsync(client, null, 1));

        Assert.True(failure.Is(ProblemTypes.NotReady));
    }

    private static async Task<List<EventRecord>> TakeAsync(BlixardClient client, ulong? since, int count)
    {
        var records = new List<EventRecord>();
        await foreach (var line in client.WatchEventsAsync(since, default))
        {
            records.Add(line.Record);
            if (records.Count == count)
            {
                break;
            }
        }

        return records;
    }
}
