namespace Blixard.Node.Agent;

/// <summary>
/// How often a VM may be reported: a token bucket each. A unit that flaps is told of a few times at once, and then at
/// the pace of its bucket, with the state that it has by then: what is left out is only what came in between. One thread
/// at a time.
/// </summary>
/// <param name="burst">Reports that may follow each other at once.</param>
/// <param name="interval">Until a report that was used up may be made again; zero: there is no limit.</param>
internal sealed class UpdateBudget(int burst, TimeSpan interval, TimeProvider time)
{
    private readonly Dictionary<string, Bucket> _buckets = new(StringComparer.Ordinal);
    private readonly Dictionary<string, AgentVm> _held = new(StringComparer.Ordinal);

    public int Burst { get; set; } = burst;

    public TimeSpan Interval { get; set; } = interval;

    /// <summary>When the first of those that are held back may be told; null: none is.</summary>
    public TimeSpan? Wait { get; private set; }

    /// <summary>A round of reporting begins: who is held back in it is asked for anew.</summary>
    public void Begin() => Wait = null;

    /// <summary>True if it may be told now; takes a token with <see cref="Spend"/> only.</summary>
    /// <param name="isNew">It is held back, and was not yet with what it has to tell.</param>
    public bool Allows(AgentVm vm, out bool isNew)
    {
        isNew = false;
        if (Interval == TimeSpan.Zero || !_buckets.TryGetValue(vm.Name, out var bucket))
        {
            return true;
        }

        var tokens = Tokens(bucket);
        if (tokens >= 1)
        {
            return true;
        }

        // Whole milliseconds, up: a rest of a token that is too small for a timer would be waited for without end.
        var wait = TimeSpan.FromMilliseconds(Math.Ceiling(Interval.TotalMilliseconds * (1 - tokens)));
        Wait = Wait is { } sooner && sooner < wait ? sooner : wait;
        isNew = !_held.TryGetValue(vm.Name, out var before) || !before.SaysTheSame(vm);
        _held[vm.Name] = vm;
        return false;
    }

    /// <summary>It was told. A complete report names everybody, also who has no token left.</summary>
    public void Spend(string vm)
    {
        _held.Remove(vm);
        if (Interval > TimeSpan.Zero)
        {
            var tokens = _buckets.TryGetValue(vm, out var bucket) ? Tokens(bucket) : Burst;
            _buckets[vm] = new(Math.Max(0, tokens - 1), time.GetTimestamp());
        }
    }

    /// <summary>Forgets those that this host has no more, and those whose bucket is full again.</summary>
    public void Keep(AgentView view)
    {
        foreach (var (vm, bucket) in _buckets)
        {
            if (!view.Vms.ContainsKey(vm) || Tokens(bucket) >= Burst)
            {
                _buckets.Remove(vm);
                _held.Remove(vm);
            }
        }
    }

    private double Tokens(Bucket bucket) =>
        Math.Min(Burst, bucket.Tokens + (time.GetElapsedTime(bucket.At) / Interval));

    private readonly record struct Bucket(double Tokens, long At);
}
