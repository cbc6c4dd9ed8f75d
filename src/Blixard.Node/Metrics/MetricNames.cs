namespace Blixard.Node.Metrics;

/// <summary>
/// What a metric and its labels may be called. Narrower than the format allows: lower case only, and the suffix says
/// the type (https://prometheus.io/docs/practices/naming/).
/// </summary>
internal static class MetricNames
{
    private const string Total = "_total";

    /// <summary>A sentence; null if all is well.</summary>
    public static string? WhyRefused(string name, string type)
    {
        if (!IsWord(name))
        {
            return $"\"{name}\" is not a metric's name.";
        }

        if (name.EndsWith(Total, StringComparison.Ordinal) != (type == "counter"))
        {
            return $"{name} is a {type}: counters, and they alone, end in _total.";
        }

        return name.EndsWith("_bucket", StringComparison.Ordinal) || name.EndsWith("_sum", StringComparison.Ordinal)
            || name.EndsWith("_count", StringComparison.Ordinal)
            ? $"{name} ends in a suffix that belongs to the series of histograms."
            : null;
    }

    public static string? WhyRefusedLabel(string name) => !IsWord(name) || name is "le" or "quantile"
        ? $"\"{name}\" can't be a label's name."
        : null;

    /// <summary>
    /// From System.Diagnostics.Metrics: <c>blixard.raft.fsync</c> in <c>s</c> is <c>blixard_raft_fsync_seconds</c>. The
    /// same names as the official exporter's.
    /// </summary>
    public static string Of(string instrument, string? unit, bool counter)
    {
        var name = Word(instrument);
        var suffix = unit switch
        {
            "s" => "_seconds",
            "By" => "_bytes",
            "1" or null or "" => "",
            _ when unit.StartsWith('{') => "",
            _ => "_" + Word(unit),
        };
        if (suffix.Length > 0 && !name.EndsWith(suffix, StringComparison.Ordinal))
        {
            name += suffix;
        }

        return counter && !name.EndsWith(Total, StringComparison.Ordinal) ? name + Total : name;
    }

    /// <summary>Any text as a word: tags may be called what they like.</summary>
    public static string Word(string text) =>
        string.Concat(text.Select(c => char.IsAsciiLetterOrDigit(c) ? char.ToLowerInvariant(c) : '_'));

    private static bool IsWord(string text) =>
        text.Length > 0 && !char.IsAsciiDigit(text[0])
        && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_');
}
