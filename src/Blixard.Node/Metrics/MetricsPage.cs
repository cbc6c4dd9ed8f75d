namespace Blixard.Node.Metrics;

/// <summary>
/// <c>GET /metrics</c>: asks every collector. A strict page throws on what would make it invalid (for tests); the
/// product's leaves it out and counts.
/// </summary>
internal sealed class MetricsPage(IEnumerable<ICollector> collectors, bool strict = false)
{
    private readonly ICollector[] _collectors = [.. collectors];
    private readonly Dictionary<DropReason, long> _dropped = [];
    private readonly Lock _gate = new();

    /// <summary>One scrape at a time: what one collector keeps between two is its own.</summary>
    public string Render()
    {
        lock (_gate)
        {
            var text = new PrometheusText(strict);
            foreach (var collector in _collectors)
            {
                collector.Collect(text);
            }

            AddDropped(text);
            return text.ToString();
        }
    }

    private void AddDropped(PrometheusText text)
    {
        var family = text.Counter(
            "blixard_metrics_dropped_series_total", "Series left out of an answer, summed over all scrapes.");
        foreach (var reason in Enum.GetValues<DropReason>())
        {
            _dropped[reason] = _dropped.GetValueOrDefault(reason) + text.Dropped(reason);
            var name = reason switch
            {
                DropReason.Invalid => "invalid",
                DropReason.VmLimit => "vm_limit",
                _ => "label_limit",
            };
            family.Add(_dropped[reason], new Label("reason", name));
        }
    }
}
