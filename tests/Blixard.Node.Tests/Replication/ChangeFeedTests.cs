using System.Collections.Immutable;
using Blixard.Node.Replication;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.Node.Tests.Replication;

public sealed class ChangeFeedTests
{
    [Fact]
    public async Task Every_watcher_gets_what_is_held_and_then_what_comes()
    {
        var feed = new ChangeFeed();
        Publish(feed, 1, "a");
        await using var first = Watch(feed, 0);
        await using var second = Watch(feed, 1);
        Assert.Equal("1a", await NextAsync(first));
        var waiting = first.MoveNextAsync();
        Assert.False(waiting.IsCompleted);

        Publish(feed, 2, "b");

        Assert.True(await waiting);
        Assert.Equal("2b", Describe(first.Current));
        Assert.Equal("2b", await NextAsync(second));
    }

    [Fact]
    public async Task All_changes_of_an_index_are_resumed_together()
    {
        var feed = new ChangeFeed();
        Publish(feed, 1, "a");
        Publish(feed, 2, "a", "b", "c");
        await using var watcher = Watch(feed, 1);

        Assert.Equal(["2a", "2b", "2c"], await NextAsync(watcher, 3));
    }

    [Fact]
    public async Task More_changes_of_one_index_than_are_taken_at_once_are_not_split()
    {
        var feed = new ChangeFeed();
        var names = Enumerable.Range(0, 1000).Select(i => $"vm{i}").ToArray();
        Publish(feed, 1, names);
        Publish(feed, 2, "last");
        await using var watcher = Watch(feed, 0);

        Assert.Equal([.. names.Select(name => $"1{name}"), "2last"], await NextAsync(watcher, 1001));
    }

    [Fact]
    public async Task Entries_that_are_published_together_keep_their_own_indexes()
    {
        var feed = new ChangeFeed(maxChanges: 3);
        await using var waiting = Watch(feed, 3);
        var next = waiting.MoveNextAsync();
        feed.Publish([Outcome(2, "a"), Outcome(3, "b", "c"), Outcome(4), Outcome(5, "d")]);
        await using var watcher = Watch(feed, 0);

        Assert.Equal(["gap 0-2", "3b", "3c", "5d"], await NextAsync(watcher, 4));
        Assert.True(await next);
        Assert.Equal("5d", Describe(waiting.Current));
    }

    [Fact]
    public async Task What_exceeds_the_count_is_forgotten_by_whole_indexes_and_told_as_a_gap()
    {
        var feed = new ChangeFeed(maxChanges: 3);
        Publish(feed, 1, "a", "b");
        Publish(feed, 2, "c");
        Publish(feed, 5, "d");
        await using var watcher = Watch(feed, 0);

        Assert.Equal(1UL, feed.Floor);
        Assert.Equal(["gap 0-1", "2c", "5d"], await NextAsync(watcher, 3));
    }

    [Fact]
    public void What_exceeds_the_memory_is_forgotten()
    {
        var feed = new ChangeFeed(maxBytes: 10_000);
        for (ulong index = 1; index <= 1000; index++)
        {
            Publish(feed, index, "some-name");
            Assert.InRange(feed.Bytes, 1, 10_000);
        }

        Assert.InRange(feed.Count, 10, 100);
        Assert.Equal(1000UL - (ulong)feed.Count, feed.Floor);
    }

    [Fact]
    public async Task A_watcher_that_is_slower_than_the_changes_is_told_what_it_missed()
    {
        var feed = new ChangeFeed(maxChanges: 2);
        Publish(feed, 1, "a");
        await using var watcher = Watch(feed, 0);
        Assert.Equal("1a", await NextAsync(watcher));
        for (ulong index = 2; index <= 9; index++)
        {
            Publish(feed, index, "a");
        }

        Assert.Equal(["gap 1-7", "8a", "9a"], await NextAsync(watcher, 3));
    }

    [Fact]
    public async Task A_state_that_is_replaced_is_a_gap_for_everybody_behind_it()
    {
        var feed = new ChangeFeed();
        Publish(feed, 1, "a");
        await using var behind = Watch(feed, 1);
        var waiting = behind.MoveNextAsync();

        feed.Reset(100);
        Publish(feed, 101, "b");

        Assert.True(await waiting);
        Assert.Equal("gap 1-100", Describe(behind.Current));
        Assert.Equal("101b", await NextAsync(behind));
        await using var there = Watch(feed, 100);
        Assert.Equal("101b", await NextAsync(there));
    }

    [Fact]
    public async Task A_watcher_from_a_later_index_waits_for_what_comes_after_it()
    {
        var feed = new ChangeFeed();
        await using var watcher = Watch(feed, 7);
        var waiting = watcher.MoveNextAsync();
        Publish(feed, 7, "seen-elsewhere");
        Assert.False(waiting.IsCompleted);

        Publish(feed, 8, "new");

        Assert.True(await waiting);
        Assert.Equal("8new", Describe(watcher.Current));
    }

    [Fact]
    public async Task Watching_ends_by_cancellation()
    {
        var feed = new ChangeFeed();
        using var stop = new CancellationTokenSource();
        await using var watcher = feed.WatchAsync(0, stop.Token).GetAsyncEnumerator(stop.Token);
        var waiting = watcher.MoveNextAsync();
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.AsTask());
    }

    private static IAsyncEnumerator<FeedEvent> Watch(ChangeFeed feed, ulong since) =>
        feed.WatchAsync(since, CancellationToken.None).GetAsyncEnumerator();

    private static void Publish(ChangeFeed feed, ulong index, params string[] names) =>
        feed.Publish([Outcome(index, names)]);

    private static ApplyOutcome Outcome(ulong index, params string[] names) => new(
        new Applied(index),
        [.. names.Select(name => new Change(index, 1, ChangeKind.Modify, EntityKind.Vm, name, "for the test", []))],
        ClientId: 0,
        Sequence: 0);

    private static async Task<string> NextAsync(IAsyncEnumerator<FeedEvent> watcher) => (await NextAsync(watcher, 1))[0];

    private static async Task<ImmutableArray<string>> NextAsync(IAsyncEnumerator<FeedEvent> watcher, int count)
    {
        var events = ImmutableArray.CreateBuilder<string>();
        while (events.Count < count)
        {
            Assert.True(await watcher.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10)));
            events.Add(Describe(watcher.Current));
        }

        return events.DrainToImmutable();
    }

    private static string Describe(FeedEvent item) => item switch
    {
        FeedChange(var change) => $"{change.Index}{change.Name}",
        FeedGap gap => $"gap {gap.After}-{gap.Through}",
        _ => "?",
    };
}
