using System.Globalization;
using System.Text;

namespace Blixard.Node.Metrics;

/// <summary>A label and its value, which may be any text.</summary>
internal readonly record struct Label(string Name, string Value);

/// <summary>All series of one name, with their HELP and TYPE lines.</summary>
internal sealed class MetricFamily
{
    private readonly PrometheusText _text;
    private readonly string _name;
    private readonly string _help;
    private readonly string _type;
    private readonly StringBuilder _series = new();
    private readonly HashSet<string> _labels = new(StringComparer.Ordinal);

    internal MetricFamily(PrometheusText text, string name, string help, string type) =>
        (_text, _name, _help, _type) = (text, name, help, type);

    public void Add(double value, params ReadOnlySpan<Label> labels)
    {
        if (Claim(labels) is { } text)
        {
            Write("", text, Number(value));
        }
    }

    /// <summary>Nothing where there is no figure: a missing one must not look like zero.</summary>
    public void AddIfKnown(double? value, params ReadOnlySpan<Label> labels)
    {
        if (value is { } known)
        {
            Add(known, labels);
        }
    }

    /// <param name="histogram">Its buckets, sum and count.</param>
    /// <param name="labels">None of them may be <c>le</c>.</param>
    public void Add(HistogramSnapshot histogram, params ReadOnlySpan<Label> labels)
    {
        if (Claim(labels) is not { } text)
        {
            return;
        }

        var before = text.Length == 0 ? "" : text + ",";
        long cumulative = 0;
        for (var i = 0; i < histogram.Counts.Length; i++)
        {
            cumulative += histogram.Counts[i];
            var bound = i < histogram.Bounds.Length ? histogram.Bounds[i] : double.PositiveInfinity;
            Write("_bucket", $"{before}le=\"{Number(bound)}\"", Number(cumulative));
        }

        Write("_sum", text, Number(histogram.Sum));
        Write("_count", text, Number(cumulative));
    }

    internal void WriteTo(StringBuilder text)
    {
        if (_series.Length > 0)
        {
            text.Append("# HELP ").Append(_name).Append(' ').Append(Escape(_help, quotes: false)).Append('\n')
                .Append("# TYPE ").Append(_name).Append(' ').Append(_type).Append('\n')
                .Append(_series);
        }
    }

    /// <summary>The labels as they are written; null if these are taken, or can't be written.</summary>
    private string? Claim(ReadOnlySpan<Label> labels)
    {
        var text = new StringBuilder();
        foreach (var label in labels)
        {
            if (MetricNames.WhyRefusedLabel(label.Name) is { } reason)
            {
                _text.Offend($"{_name}: {reason}");
                return null;
            }

            text.Append(text.Length == 0 ? "" : ",")
                .Append(label.Name).Append("=\"").Append(Escape(label.Value, quotes: true)).Append('"');
        }

        var written = text.ToString();
        if (_labels.Add(written))
        {
            return written;
        }

        _text.Offend($"The series {_name}{{{written}}} is added twice.");
        return null;
    }

    private void Write(string suffix, string labels, string value)
    {
        _series.Append(_name).Append(suffix);
        if (labels.Length > 0)
        {
            _series.Append('{').Append(labels).Append('}');
        }

        _series.Append(' ').Append(value).Append('\n');
    }

    private static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        double.NaN => "NaN",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };

    private static string Escape(string text, bool quotes)
    {
        var escaped = text
            .Replace("\\", "\\\\", StringComparison.Ordinal)
            .Replace("\n", "\\n", StringComparison.Ordinal);
        return quotes ? escaped.Replace("\"", "\\\"", StringComparison.Ordinal) : escaped;
    }
}

/// <summary>
/// One histogram at one moment. <paramref name="Counts"/> has one element more than <paramref name="Bounds"/>, for what
/// lies above the last; they are not cumulative.
/// </summary>
internal readonly record struct HistogramSnapshot(double[] Bounds, long[] Counts, double Sum);
