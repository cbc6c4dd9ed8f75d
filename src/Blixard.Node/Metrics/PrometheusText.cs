using System.Text;

namespace Blixard.Node.Metrics;

/// <summary>
/// One answer to a scrape, in Prometheus' text format 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats/). A family is begun once and a series added once: what
/// would make the answer invalid is refused. A strict text throws, so that a test finds the bug; in production the
/// offending series is left out and counted, because monitoring must not go dark over it. Not thread-safe.
/// </summary>
internal sealed class PrometheusText(bool strict)
{
    public const string MediaType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly List<MetricFamily> _families = [];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly long[] _dropped = new long[Enum.GetValues<DropReason>().Length];

    public MetricFamily Gauge(string name, string help) => Begin(name, help, "gauge");

    /// <summary>The name ends in <c>_total</c>.</summary>
    public MetricFamily Counter(string name, string help) => Begin(name, help, "counter");

    /// <summary>The name carries the unit and none of the suffixes that its series get.</summary>
    public MetricFamily Histogram(string name, string help) => Begin(name, help, "histogram");

    /// <summary>Series that were left out of this answer.</summary>
    public long Dropped(DropReason reason) => _dropped[(int)reason];

    public void Drop(DropReason reason, long series) => _dropped[(int)reason] += series;

    /// <summary>Families without a series are not part of it.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var family in _families)
        {
            family.WriteTo(text);
        }

        return text.ToString();
    }

    /// <summary>Returns only where the offending series is to be left out.</summary>
    internal void Offend(string what)
    {
        if (strict)
        {
            throw new InvalidOperationException(what);
        }

        Drop(DropReason.Invalid, 1);
    }

    private MetricFamily Begin(string name, string help, string type)
    {
        var family = new MetricFamily(this, name, help, type);
        if (MetricNames.WhyRefused(name, type) is { } reason)
        {
            Offend(reason);
        }
        else if (!_names.Add(name))
        {
            Offend($"The metric {name} is begun twice.");
        }
        else
        {
            _families.Add(family);
        }

        return family;
    }
}

/// <summary>Why a series is missing from an answer.</summary>
internal enum DropReason
{
    /// <summary>It would have broken the format; always a bug.</summary>
    Invalid = 0,

    /// <summary>More VMs than <see cref="VmCollector.MaxVms"/>, or more checks of one than allowed.</summary>
    VmLimit,

    /// <summary>An instrument with more sets of labels than <see cref="MeterCollector.MaxSeries"/>.</summary>
    LabelLimit,
}
