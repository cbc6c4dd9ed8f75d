using Blixard.Raft.Transport;
using Blixard.Tests;

namespace Blixard.Raft.Tests.Transport;

public sealed class TokenBucketTests
{
    private readonly FakeTime _time = new();

    [Fact]
    public async Task What_was_saved_up_passes_at_once_and_the_rest_at_the_rate()
    {
        var bucket = new TokenBucket(bytesPerSecond: 1000, burst: 500, _time);
        await bucket.TakeAsync(500, default);
        var next = bucket.TakeAsync(250, default).AsTask();
        _time.Advance(TimeSpan.FromMilliseconds(249));
        Assert.False(next.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await next;
    }

    [Fact]
    public async Task Several_who_take_share_the_rate()
    {
        var bucket = new TokenBucket(bytesPerSecond: 1000, burst: 0, _time);
        var first = bucket.TakeAsync(1000, default).AsTask();
        var second = bucket.TakeAsync(1000, default).AsTask();
        _time.Advance(TimeSpan.FromSeconds(1));
        await first;
        Assert.False(second.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));
        await second;
    }

    [Fact]
    public async Task A_pause_saves_up_no_more_than_the_burst()
    {
        var bucket = new TokenBucket(bytesPerSecond: 1000, burst: 500, _time);
        _time.Advance(TimeSpan.FromHours(1));
        await bucket.TakeAsync(500, default);
        Assert.False(bucket.TakeAsync(1, default).AsTask().IsCompleted);
    }

    [Fact]
    public async Task Whoever_no_longer_wants_it_does_not_wait()
    {
        var bucket = new TokenBucket(bytesPerSecond: 1, burst: 0, _time);
        using var stop = new CancellationTokenSource();
        var waiting = bucket.TakeAsync(1 << 20, stop.Token).AsTask();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }
}
