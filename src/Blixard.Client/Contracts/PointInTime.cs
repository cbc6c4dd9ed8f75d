using System.Globalization;

namespace Blixard.Client.Contracts;

/// <summary>How people and programs say since when: so long ago, or a time.</summary>
public static class PointInTime
{
    /// <summary>For messages.</summary>
    public const string Forms = "so long ago, as 90s, 30m, 1h or 2d, or a time, as 2026-05-31T16:29:09Z or 2026-05-31";

    private const double MostDays = 3650;

    /// <param name="text">One of <see cref="Forms"/>; a time without zone is UTC.</param>
    /// <param name="now">What "ago" counts from.</param>
    /// <param name="at">In UTC.</param>
    public static bool TryParse(string text, DateTimeOffset now, out DateTimeOffset at)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (TryParseDuration(text, out var ago))
        {
            at = now - ago;
            return true;
        }

        // Only what begins with a year: the parser of .NET takes a bare "5" for a day of this month.
        at = default;
        return text is [>= '0' and <= '9', >= '0' and <= '9', >= '0' and <= '9', >= '0' and <= '9', '-', ..]
            && DateTimeOffset.TryParse(
                text,
                CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
                out at);
    }

    /// <summary>A whole number of seconds, minutes, hours or days: <c>90s</c>, <c>30m</c>, <c>1h</c>, <c>2d</c>.</summary>
    public static bool TryParseDuration(string text, out TimeSpan duration)
    {
        ArgumentNullException.ThrowIfNull(text);
        duration = default;
        double? seconds = text is [.., var unit] ? unit switch
        {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            _ => null,
        } : null;
        if (seconds is null
            || !long.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            || count * seconds.Value > MostDays * 86_400)
        {
            return false;
        }

        duration = TimeSpan.FromSeconds(count * seconds.Value);
        return true;
    }
}
