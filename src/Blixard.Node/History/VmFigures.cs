namespace Blixard.Node.History;

/// <summary>What one VM used at one sweep, by <see cref="HistoryMetric"/>, scaled to whole numbers.</summary>
internal sealed class VmFigures
{
    /// <summary>Stands for "the kernel does not tell".</summary>
    private const long None = long.MinValue;

    private readonly long[] _values = new long[HistoryMetrics.Count];

    public VmFigures() => Array.Fill(_values, None);

    /// <summary>Stored form; null where nobody knows.</summary>
    public long? this[HistoryMetric metric]
    {
        get => _values[(int)metric] is not None and var value ? value : null;
        set => _values[(int)metric] = value ?? None;
    }

    /// <summary>Sets a figure as people know it; null, and what no counter can hold, is none.</summary>
    public void Set(HistoryMetric metric, double? value)
    {
        var scaled = value * HistoryMetrics.ScaleOf(metric);
        this[metric] = scaled is { } number && double.IsFinite(number) && Math.Abs(number) < 1e18
            ? (long)Math.Round(number)
            : null;
    }

    public double? Get(HistoryMetric metric) => this[metric] / HistoryMetrics.ScaleOf(metric);
}

/// <summary>All VMs that had figures at one sweep.</summary>
/// <param name="At">By this host's clock, which may step.</param>
/// <param name="Vms">By name, ordinally: the order in which they are stored.</param>
internal sealed record Sweep(DateTimeOffset At, SortedDictionary<string, VmFigures> Vms);
