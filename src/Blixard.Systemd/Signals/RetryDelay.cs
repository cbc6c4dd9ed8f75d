namespace Blixard.Systemd.Signals;

/// <summary>
/// Exponential backoff with jitter: the n-th wait is between half and all of <c>min * 2^n</c>, at most <c>max</c>, so
/// that nodes whose bus went away together do not come back together.
/// </summary>
internal sealed class RetryDelay(TimeSpan min, TimeSpan max, Random random)
{
    private int _failures;

    public TimeSpan Next()
    {
        // 2^30 is far above any sensible max/min; the bound keeps the product finite.
        var full = Math.Min(min.Ticks * Math.Pow(2, Math.Min(_failures, 30)), max.Ticks);
        _failures++;
        return TimeSpan.FromTicks((long)(full * (0.5 + (random.NextDouble() / 2))));
    }

    public void Reset() => _failures = 0;
}
