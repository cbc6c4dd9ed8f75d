namespace Blixard.Node.Metrics;

/// <summary>One source of metrics, asked at each scrape. Scrapes do not overlap.</summary>
internal interface ICollector
{
    void Collect(PrometheusText text);
}
