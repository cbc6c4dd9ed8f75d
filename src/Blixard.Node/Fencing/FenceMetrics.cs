using System.Diagnostics.Metrics;

namespace Blixard.Node.Fencing;

/// <summary>The measurements of this host's fence, under the meter <c>Blixard.Fencing</c>.</summary>
internal sealed class FenceMetrics : IDisposable
{
    public const string MeterName = "Blixard.Fencing";

    private readonly Meter _meter = new(MeterName);
    private readonly Histogram<double> _armed;
    private readonly Histogram<double> _tried;
    private readonly Counter<long> _sweepFailures;

    public FenceMetrics()
    {
        _armed = _meter.CreateHistogram<double>(
            "blixard.fence.arming", "s", "From asking systemd for a deadline until it has confirmed it.");
        _tried = _meter.CreateHistogram<double>(
            "blixard.fence.canary", "s", "From the deadline of a canary until it was dead.");
        _sweepFailures = _meter.CreateCounter<long>(
            "blixard.fence.sweep_failures",
            description: "Renewals after which an earlier deadline could not be taken away.");
    }

    public void Armed(TimeSpan took) => _armed.Record(took.TotalSeconds);

    public void Tried(TimeSpan took) => _tried.Record(took.TotalSeconds);

    public void SweepFailed() => _sweepFailures.Add(1);

    public void Dispose() => _meter.Dispose();
}
