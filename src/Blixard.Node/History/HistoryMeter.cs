using System.Diagnostics.Metrics;

namespace Blixard.Node.History;

/// <summary>The history's own measurements, under the meter <c>Blixard.History</c>.</summary>
internal sealed class HistoryMeter : IDisposable
{
    public const string MeterName = "Blixard.History";

    private readonly Meter _meter = new(MeterName);
    private readonly Counter<long> _stored;
    private readonly Counter<long> _dropped;
    private readonly Counter<long> _setAside;

    public HistoryMeter()
    {
        _stored = _meter.CreateCounter<long>("blixard.history.sweeps", description: "Sweeps that were kept.");
        _dropped = _meter.CreateCounter<long>(
            "blixard.history.sweeps_dropped",
            description: "Sweeps that were not kept: the disk was full or failed, or the writer was behind.");
        _setAside = _meter.CreateCounter<long>(
            "blixard.history.set_aside", description: "Times a damaged history was set aside and begun anew.");
    }

    public void Dispose() => _meter.Dispose();

    public void Stored() => _stored.Add(1);

    public void Dropped() => _dropped.Add(1);

    public void SetAside() => _setAside.Add(1);
}
