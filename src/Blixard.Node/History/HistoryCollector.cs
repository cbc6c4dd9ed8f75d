using Blixard.Node.Metrics;

namespace Blixard.Node.History;

/// <summary>How much history this node has.</summary>
internal sealed class HistoryCollector(HistoryStore store) : ICollector
{
    public void Collect(PrometheusText text)
    {
        var status = store.Status;
        text.Gauge("blixard_history_paused", "1 while no samples are recorded: the disk is full or failed.")
            .Add(status.PausedBecause is null ? 0 : 1);
        text.Gauge("blixard_history_bytes", "Size of the log of samples on this node.").Add(status.Bytes);
        if (status is { Oldest: { } oldest, Newest: { } newest })
        {
            text.Gauge("blixard_history_oldest_timestamp_seconds", "Time of the oldest samples, since the Unix epoch.")
                .Add(oldest.ToUnixTimeSeconds());
            text.Gauge("blixard_history_newest_timestamp_seconds", "Time of the newest samples, since the Unix epoch.")
                .Add(newest.ToUnixTimeSeconds());
        }
    }
}
