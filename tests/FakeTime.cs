namespace Blixard.Tests;

/// <summary>
/// Time that passes only when a test says so: the one driver of clocks, timers and timestamps in all tests.
/// </summary>
internal sealed class FakeTime(DateTimeOffset start) : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<FakeTimer> _timers = [];
    private TaskCompletionSource _armed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TimeSpan _elapsed;

    public FakeTime()
        : this(Start)
    {
    }

    public static DateTimeOffset Start { get; } = new(2026, 5, 31, 16, 29, 9, 477, TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>How many timers wait: a test that moves the clock first waits for whom it is to wake.</summary>
    public int Armed
    {
        get
        {
            lock (_gate)
            {
                return _timers.Count;
            }
        }
    }

    private TimeSpan Elapsed
    {
        get
        {
            lock (_gate)
            {
                return _elapsed;
            }
        }
    }

    public override DateTimeOffset GetUtcNow() => start + Elapsed;

    // Never 0, as on a real machine.
    public override long GetTimestamp() => Elapsed.Ticks + 1;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new FakeTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Goes on, firing each timer at its time, the earliest first.</summary>
    public void Advance(TimeSpan by)
    {
        var until = Elapsed + by;
        while (Next(until) is { } timer)
        {
            timer.Fire();
        }
    }

    /// <summary>Completes once a timer is set that is due after exactly this long.</summary>
    public async Task SomebodyWaitsAsync(TimeSpan due)
    {
        while (true)
        {
            Task armed;
            lock (_gate)
            {
                if (_timers.Exists(timer => timer.Due == _elapsed + due))
                {
                    return;
                }

                armed = _armed.Task;
            }

            await armed.WaitAsync(TimeSpan.FromSeconds(10));
        }
    }

    /// <summary>The next timer that is due by then, with the clock set to its time; null, with the clock set to then.</summary>
    private FakeTimer? Next(TimeSpan until)
    {
        lock (_gate)
        {
            var next = _timers.Where(timer => timer.Due <= until).MinBy(timer => timer.Due);
            var now = next?.Due ?? until;
            _elapsed = now > _elapsed ? now : _elapsed;
            if (next is not null)
            {
                _timers.Remove(next);
            }

            return next;
        }
    }

    private sealed class FakeTimer(FakeTime time, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period;

        public TimeSpan Due { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._gate)
            {
                time._timers.Remove(this);
                _period = period;
                if (dueTime >= TimeSpan.Zero)
                {
                    Due = time._elapsed + dueTime;
                    time._timers.Add(this);
                }

                Interlocked.Exchange(
                    ref time._armed, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
                return true;
            }
        }

        public void Fire()
        {
            if (_period > TimeSpan.Zero)
            {
                Change(_period, _period);
            }

            callback(state);
        }

        public void Dispose()
        {
            lock (time._gate)
            {
                time._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
