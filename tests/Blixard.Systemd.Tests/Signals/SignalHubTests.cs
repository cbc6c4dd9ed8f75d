using System.Threading.Channels;
using Blixard.Systemd.Bus;
using Blixard.Systemd.Signals;
using Blixard.Systemd.Tests.Fakes;

namespace Blixard.Systemd.Tests.Signals;

public sealed class SignalHubTests : IAsyncDisposable
{
    private readonly FakeTime _time = new();
    private readonly Channel<string> _told = Channel.CreateUnbounded<string>();
    private readonly Queue<RunSignalSession> _sessions = new();
    private readonly SignalHub _hub;
    private TimeSpan _retryIn;

    public SignalHubTests() => _hub = new(
        (sink, waker, token) => _sessions.Dequeue()(sink, waker, token),
        new RetryDelay(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(30), new Random(1)),
        _time);

    public async ValueTask DisposeAsync() => await _hub.DisposeAsync();

    [Fact]
    public async Task It_tries_again_after_the_wait_that_it_announced()
    {
        _sessions.Enqueue(Refused);
        _sessions.Enqueue(Refused);
        _sessions.Enqueue(Lasting);
        _hub.Add(new Listener(this));

        Assert.Equal("disconnected: refused", await NextAsync());
        await PassRetryDelayAsync();
        Assert.Equal("disconnected: refused", await NextAsync());
        await PassRetryDelayAsync();
        Assert.Equal("connected", await NextAsync());
    }

    [Fact]
    public async Task The_waits_grow_and_begin_anew_after_a_connection()
    {
        for (var i = 0; i < 6; i++)
        {
            _sessions.Enqueue(Refused);
        }

        _sessions.Enqueue(Breaking);
        _sessions.Enqueue(Lasting);
        _hub.Add(new Listener(this));
        for (var i = 0; i < 6; i++)
        {
            var full = TimeSpan.FromMilliseconds(100 << i);
            Assert.Equal("disconnected: refused", await NextAsync());
            Assert.InRange(_retryIn, full / 2, full);
            await PassRetryDelayAsync();
        }

        Assert.Equal("connected", await NextAsync());
        Assert.Equal("disconnected: broken", await NextAsync());
        Assert.InRange(_retryIn, TimeSpan.FromMilliseconds(50), TimeSpan.FromMilliseconds(100));
        await PassRetryDelayAsync();
        Assert.Equal("connected again", await NextAsync());
    }

    [Fact]
    public async Task Who_joins_late_hears_how_things_stand()
    {
        _sessions.Enqueue(Lasting);
        _hub.Add(new Listener(this));
        Assert.Equal("connected", await NextAsync());

        _hub.Add(new Listener(this));

        Assert.Equal("connected", await NextAsync());
    }

    [Fact]
    public async Task Signals_reach_every_listener_until_it_leaves()
    {
        var gate = new TaskCompletionSource();
        _sessions.Enqueue((sink, _, _) =>
        {
            sink.Connected();
            sink.Received(new UnitRemovedSignal("a.service"));
            gate.Task.Wait(TestContext.Current.CancellationToken);
            sink.Received(new UnitRemovedSignal("b.service"));
        });
        var listener = new Listener(this);
        _hub.Add(listener);
        Assert.Equal("connected", await NextAsync());
        Assert.Equal("signal", await NextAsync());

        _hub.Remove(listener);
        gate.SetResult();
        await _hub.DisposeAsync();

        Assert.False(_told.Reader.TryRead(out _));
    }

    [Fact]
    public async Task A_bug_in_a_session_ends_every_listener_with_it()
    {
        _sessions.Enqueue((_, _, _) => throw new InvalidOperationException("a bug"));
        _hub.Add(new Listener(this));
        Assert.Equal("closed: a bug", await NextAsync());
    }

    [Fact]
    public async Task Disposal_ends_a_session_and_tells()
    {
        _sessions.Enqueue(Lasting);
        _hub.Add(new Listener(this));
        Assert.Equal("connected", await NextAsync());

        await _hub.DisposeAsync();

        Assert.Equal("closed: ", await NextAsync());
    }

    [Fact]
    public async Task Disposal_ends_the_wait_for_the_next_attempt()
    {
        _sessions.Enqueue(Refused);
        _hub.Add(new Listener(this));
        Assert.Equal("disconnected: refused", await NextAsync());

        await _hub.DisposeAsync();

        Assert.Equal("closed: ", await NextAsync());
    }

    private static void Refused(ISignalSink sink, Waker waker, CancellationToken token) =>
        throw new SystemdUnavailableException("refused");

    private static void Breaking(ISignalSink sink, Waker waker, CancellationToken token)
    {
        sink.Connected();
        throw new SystemdUnavailableException("broken");
    }

    private static void Lasting(ISignalSink sink, Waker waker, CancellationToken token)
    {
        sink.Connected();
        while (!token.IsCancellationRequested)
        {
            waker.Wait(-1, 0, -1);
        }
    }

    private async Task<string> NextAsync() =>
        await _told.Reader.ReadAsync(Reading.Patiently(TestContext.Current.CancellationToken));

    /// <summary>Moves the clock once the hub waits: a tick less than announced must not be enough.</summary>
    private async Task PassRetryDelayAsync()
    {
        while (_time.Armed == 0)
        {
            await Task.Yield();
        }

        // Timers count whole milliseconds.
        _time.Advance(TimeSpan.FromMilliseconds(Math.Floor(_retryIn.TotalMilliseconds) - 1));
        Assert.Equal(1, _time.Armed);
        _time.Advance(TimeSpan.FromMilliseconds(1));
    }

    private sealed class Listener(SignalHubTests test) : ISignalListener
    {
        public bool Wants(string unit) => true;

        public void OnConnected(bool again) => test._told.Writer.TryWrite(again ? "connected again" : "connected");

        public void OnDisconnected(string reason, TimeSpan retryIn)
        {
            test._retryIn = retryIn;
            test._told.Writer.TryWrite($"disconnected: {reason}");
        }

        public void OnSignal(ManagerSignal signal) => test._told.Writer.TryWrite("signal");

        public void OnClosed(Exception? bug) => test._told.Writer.TryWrite($"closed: {bug?.Message}");
    }
}
