using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Blixard.Node.Metrics;

/// <summary>
/// Aggregates what Blixard's own meters (<see cref="System.Diagnostics.Metrics"/>) record, from its creation on. The
/// names are those that OpenTelemetry's Prometheus exporter would give, so that it can take this place.
/// </summary>
internal sealed class MeterCollector : ICollector, IDisposable
{
    /// <summary>Of one instrument; a further set of labels is not aggregated, and counted as dropped.</summary>
    public const int MaxSeries = 200;

    private const string Prefix = "Blixard.";

    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<Instrument, InstrumentSeries> _instruments = new();

    /// <param name="accepts">
    /// Which meters; null for all of Blixard's. Meters are global, so tests name their own.
    /// </param>
    public MeterCollector(Func<Meter, bool>? accepts = null)
    {
        accepts ??= static meter => meter.Name.StartsWith(Prefix, StringComparison.Ordinal);
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (accepts(instrument.Meter))
            {
                listener.EnableMeasurementEvents(
                    instrument, _instruments.GetOrAdd(instrument, static published => new(published)));
            }
        };

        // Two nodes in one process (tests) each have meters: what is gone must not be exported for ever.
        _listener.MeasurementsCompleted = (instrument, _) => _instruments.TryRemove(instrument, out InstrumentSeries? _);
        _listener.SetMeasurementEventCallback<double>(Record);
        _listener.SetMeasurementEventCallback<float>((i, value, tags, state) => Record(i, value, tags, state));
        _listener.SetMeasurementEventCallback<long>((i, value, tags, state) => Record(i, value, tags, state));
        _listener.SetMeasurementEventCallback<int>((i, value, tags, state) => Record(i, value, tags, state));
        _listener.SetMeasurementEventCallback<short>((i, value, tags, state) => Record(i, value, tags, state));
        _listener.SetMeasurementEventCallback<byte>((i, value, tags, state) => Record(i, value, tags, state));
        _listener.SetMeasurementEventCallback<decimal>((i, value, tags, state) => Record(i, (double)value, tags, state));
        _listener.Start();
    }

    public void Collect(PrometheusText text)
    {
        _listener.RecordObservableInstruments();
        foreach (var family in _instruments.Values
            .GroupBy(series => series.Name, StringComparer.Ordinal)
            .OrderBy(family => family.Key, StringComparer.Ordinal))
        {
            InstrumentSeries.Write([.. family], text);
        }
    }

    public void Dispose() => _listener.Dispose();

    private static void Record(
        Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags, object? state) =>
        ((InstrumentSeries)state!).Record(value, tags);
}
