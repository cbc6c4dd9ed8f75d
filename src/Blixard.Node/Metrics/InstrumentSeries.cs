using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;

namespace Blixard.Node.Metrics;

/// <summary>
/// All that one instrument recorded, by its set of tags. Recording comes from any thread and must stay cheap.
/// </summary>
internal sealed class InstrumentSeries
{
    /// <summary>Seconds, from half a millisecond to ten: a sync of a disk, a commit, a call on the bus.</summary>
    private static readonly double[] DefaultBounds =
        [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    private readonly ConcurrentDictionary<string, Series> _series = new(StringComparer.Ordinal);
    private readonly double[]? _bounds;
    private readonly bool _adds;
    private readonly string _help;
    private long _refused;

    public InstrumentSeries(Instrument instrument)
    {
        var kind = instrument.GetType();
        var generic = kind.IsGenericType ? kind.GetGenericTypeDefinition() : kind;
        IsCounter = generic == typeof(Counter<>) || generic == typeof(ObservableCounter<>);
        IsHistogram = generic == typeof(Histogram<>);

        // An observable instrument tells totals, the others differences.
        _adds = generic == typeof(Counter<>) || generic == typeof(UpDownCounter<>);
        _bounds = IsHistogram ? BoundsOf(instrument) : null;
        _help = instrument.Description is { Length: > 0 } text ? text : instrument.Name;
        Name = MetricNames.Of(instrument.Name, instrument.Unit, IsCounter);
    }

    public string Name { get; }

    /// <summary>As in a TYPE line.</summary>
    public string Type => IsHistogram ? "histogram" : IsCounter ? "counter" : "gauge";

    private bool IsCounter { get; }

    private bool IsHistogram { get; }

    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = LabelsOf(tags);
        var key = string.Join('\u0001', labels.Select(label => $"{label.Name}\u0002{label.Value}"));
        if (!_series.TryGetValue(key, out var series))
        {
            if (_series.Count >= MeterCollector.MaxSeries)
            {
                Interlocked.Increment(ref _refused);
                return;
            }

            series = _series.GetOrAdd(key, _ => new Series(labels, _bounds));
        }

        series.Record(value, _adds);
    }

    /// <summary>
    /// One family of instruments that share a name: the same instrument of several meters is summed up, as its
    /// counters and histograms would otherwise be series that differ in nothing.
    /// </summary>
    public static void Write(IReadOnlyList<InstrumentSeries> instruments, PrometheusText text)
    {
        var first = instruments[0];
        var family = first switch
        {
            { IsHistogram: true } => text.Histogram(first.Name, first._help),
            { IsCounter: true } => text.Counter(first.Name, first._help),
            _ => text.Gauge(first.Name, first._help),
        };
        foreach (var same in instruments.SelectMany(instrument => instrument._series)
            .GroupBy(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal)
            .OrderBy(same => same.Key, StringComparer.Ordinal))
        {
            var labels = same.First().Labels;
            if (first.IsHistogram)
            {
                family.Add(same.Select(series => series.Histogram()).Aggregate(Sum), labels);
            }
            else
            {
                family.Add(same.Sum(series => series.Value), labels);
            }
        }

        foreach (var instrument in instruments)
        {
            text.Drop(DropReason.LabelLimit, Interlocked.Exchange(ref instrument._refused, 0));
        }
    }

    private static HistogramSnapshot Sum(HistogramSnapshot one, HistogramSnapshot other) => new(
        one.Bounds, [.. one.Counts.Zip(other.Counts, static (a, b) => a + b)], one.Sum + other.Sum);

    private static double[] BoundsOf(Instrument instrument)
    {
        var advised = instrument switch
        {
            Histogram<double> histogram => histogram.Advice?.HistogramBucketBoundaries,
            Histogram<long> histogram => histogram.Advice?.HistogramBucketBoundaries?.Select(static b => (double)b).ToArray(),
            Histogram<int> histogram => histogram.Advice?.HistogramBucketBoundaries?.Select(static b => (double)b).ToArray(),
            _ => null,
        };
        return advised is { Count: > 0 } ? [.. advised] : DefaultBounds;
    }

    private static Label[] LabelsOf(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.IsEmpty)
        {
            return [];
        }

        var labels = new Label[tags.Length];
        for (var i = 0; i < tags.Length; i++)
        {
            labels[i] = new Label(
                MetricNames.Word(tags[i].Key), Convert.ToString(tags[i].Value, CultureInfo.InvariantCulture) ?? "");
        }

        Array.Sort(labels, static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        return labels;
    }

    /// <summary>One set of tags.</summary>
    private sealed class Series(Label[] labels, double[]? bounds)
    {
        private readonly Lock _gate = new();
        private readonly long[] _counts = bounds is null ? [] : new long[bounds.Length + 1];
        private double _value;

        public Label[] Labels { get; } = labels;

        /// <summary>For a histogram the sum.</summary>
        public double Value
        {
            get
            {
                lock (_gate)
                {
                    return _value;
                }
            }
        }

        public void Record(double value, bool adds)
        {
            lock (_gate)
            {
                if (bounds is null)
                {
                    _value = adds ? _value + value : value;
                    return;
                }

                // The bucket's bound is the highest value in it.
                var bucket = Array.BinarySearch(bounds, value);
                _counts[bucket < 0 ? ~bucket : bucket]++;
                _value += value;
            }
        }

        public HistogramSnapshot Histogram()
        {
            lock (_gate)
            {
                return new(bounds!, [.. _counts], _value);
            }
        }
    }
}
