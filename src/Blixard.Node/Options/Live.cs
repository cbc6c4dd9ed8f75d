namespace Blixard.Node.Options;

/// <summary>
/// Settings that may change while the daemon runs: who uses them reads them when they are needed, and keeps none.
/// </summary>
internal sealed class Live<T>(T value)
    where T : class
{
    private readonly Lock _gate = new();
    private readonly List<Action> _followers = [];
    private T _value = value;

    /// <summary>Any thread.</summary>
    public T Value => Volatile.Read(ref _value);

    /// <summary>Has that done after each change, in order, until disposed; after that it is not done any more.</summary>
    public IDisposable Follow(Action changed)
    {
        lock (_gate)
        {
            _followers.Add(changed);
        }

        return new Following(this, changed);
    }

    public void Set(T value)
    {
        lock (_gate)
        {
            Volatile.Write(ref _value, value);
            _followers.ForEach(static follower => follower());
        }
    }

    /// <summary>What somebody needs of them, which follows them.</summary>
    public Live<TPart> Of<TPart>(Func<T, TPart> part)
        where TPart : class
    {
        var live = new Live<TPart>(part(Value));
        Follow(() => live.Set(part(Value)));
        return live;
    }

    private sealed class Following(Live<T> live, Action changed) : IDisposable
    {
        public void Dispose()
        {
            lock (live._gate)
            {
                live._followers.Remove(changed);
            }
        }
    }
}

/// <summary>A <see cref="PeriodicTimer"/> whose period is a setting: when that changes the period begins anew.</summary>
internal sealed class LiveTimer<T> : IDisposable
    where T : class
{
    private readonly PeriodicTimer _timer;
    private readonly IDisposable _following;

    public LiveTimer(Live<T> settings, Func<T, TimeSpan> period, TimeProvider time)
    {
        _timer = new(period(settings.Value), time);
        _following = settings.Follow(() =>
        {
            if (period(settings.Value) is var wanted && wanted != _timer.Period)
            {
                _timer.Period = wanted;
            }
        });
    }

    /// <inheritdoc cref="PeriodicTimer.WaitForNextTickAsync"/>
    public ValueTask<bool> WaitForNextTickAsync(CancellationToken cancellationToken) =>
        _timer.WaitForNextTickAsync(cancellationToken);

    public void Dispose()
    {
        // First: a timer that is gone has no period.
        _following.Dispose();
        _timer.Dispose();
    }
}
