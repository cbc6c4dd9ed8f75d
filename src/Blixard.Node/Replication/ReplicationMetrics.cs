using System.Diagnostics.Metrics;

namespace Blixard.Node.Replication;

/// <summary>Measurements of this node's own proposals, under the meter <c>Blixard.Replication</c>.</summary>
internal sealed class ReplicationMetrics : IDisposable
{
    public const string MeterName = "Blixard.Replication";

    private readonly Meter _meter = new(MeterName);
    private readonly Histogram<double> _commit;

    public ReplicationMetrics() => _commit = _meter.CreateHistogram<double>(
        "blixard.raft.commit", "s", "From a proposal of this node until it is applied here.");

    public void Dispose() => _meter.Dispose();

    /// <summary>Only what was applied: a proposal that was given up says nothing about how long one takes.</summary>
    public void Committed(TimeSpan elapsed) => _commit.Record(elapsed.TotalSeconds);
}
