using Blixard.Systemd.Bus;
using Blixard.Systemd.Signals;
using Blixard.Systemd.Tests.Fakes;

namespace Blixard.Systemd.Tests.Signals;

public sealed class JobWaitTests : IAsyncDisposable
{
    private const string Job = "/org/freedesktop/systemd1/job/7";

    private readonly FakeTime _time = new();
    private readonly SignalHub _hub;
    private readonly JobWait _wait;

    public JobWaitTests()
    {
        _hub = new(Forever, new RetryDelay(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), new Random(1)), _time);
        _wait = new(_hub, _time);
        _wait.OnConnected(again: false);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync() => await _hub.DisposeAsync();

    [Fact]
    public async Task A_job_that_ended_before_its_path_was_known_is_not_missed()
    {
        Ended(Job, "failed");
        Assert.Equal("failed", await _wait.EndOfAsync(Job, TimeSpan.FromSeconds(1), Token));
    }

    [Fact]
    public async Task The_ends_of_other_jobs_are_not_taken_for_ours()
    {
        Ended("/org/freedesktop/systemd1/job/6", "failed");
        var end = _wait.EndOfAsync(Job, TimeSpan.FromSeconds(1), Token);
        Ended("/org/freedesktop/systemd1/job/8", "failed");
        Assert.False(end.IsCompleted);

        Ended(Job, "done");

        Assert.Equal("done", await end);
    }

    [Fact]
    public async Task A_job_is_not_waited_for_longer_than_asked()
    {
        var end = _wait.EndOfAsync(Job, TimeSpan.FromSeconds(10), Token);
        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.False(end.IsCompleted);

        _time.Advance(TimeSpan.FromSeconds(1));

        await Assert.ThrowsAsync<TimeoutException>(() => end);
    }

    [Fact]
    public async Task Without_signals_no_job_is_made()
    {
        await using var silent = new SignalHub(
            (_, _, _) => throw new SystemdUnavailableException("no bus"),
            new RetryDelay(TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(60), new Random(1)),
            _time);
        var listening = new JobTracker(silent, _time).ListenAsync(TimeSpan.FromSeconds(5), Token);
        while (_time.Armed < 2)
        {
            await Task.Yield();
        }

        _time.Advance(TimeSpan.FromSeconds(5));

        var unavailable = await Assert.ThrowsAsync<SystemdUnavailableException>(() => listening);
        Assert.Contains("no bus", unavailable.Message, StringComparison.Ordinal);
    }

    private static void Forever(ISignalSink sink, Waker waker, CancellationToken token)
    {
        while (!token.IsCancellationRequested)
        {
            waker.Wait(-1, 0, -1);
        }
    }

    private void Ended(string job, string result) => _wait.OnSignal(new JobRemovedSignal(job, "a.service", result));
}
