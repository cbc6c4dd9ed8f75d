using System.Globalization;

namespace Blixard.Cli.Output;

/// <summary>Figures for people; csv, json and yaml have the exact ones. "-" stands for what nobody knows.</summary>
internal static class Humanize
{
    public const string Nothing = "-";

    private static readonly string[] ByteUnits = ["B", "K", "M", "G", "T", "P"];

    /// <summary>Powers of 1024, three digits at most: 512M, 1.5G.</summary>
    public static string Bytes(long? bytes)
    {
        if (bytes is not { } value)
        {
            return Nothing;
        }

        double scaled = value;
        var unit = 0;
        while (Math.Abs(scaled) >= 999.5 && unit < ByteUnits.Length - 1)
        {
            scaled /= 1024;
            unit++;
        }

        var digits = unit > 0 && Math.Abs(scaled) < 9.95 ? "0.0" : "0";
        return scaled.ToString(digits, CultureInfo.InvariantCulture) + ByteUnits[unit];
    }

    /// <summary>The two largest units: 42s, 5m10s, 3h12m, 2d4h.</summary>
    public static string Age(TimeSpan age)
    {
        // A clock that runs ahead of ours is no news from the future.
        age = age < TimeSpan.Zero ? TimeSpan.Zero : age;
        return age switch
        {
            { TotalMinutes: < 1 } => Text($"{age.Seconds}s"),
            { TotalHours: < 1 } => Text($"{age.Minutes}m{age.Seconds}s"),
            { TotalDays: < 1 } => Text($"{age.Hours}h{age.Minutes}m"),
            _ => Text($"{age.Days}d{age.Hours}h"),
        };
    }

    public static string Age(DateTimeOffset? since, DateTimeOffset now) =>
        since is { } instant ? Age(now - instant) : Nothing;

    public static string Age(double? seconds) =>
        seconds is { } value ? Age(TimeSpan.FromSeconds(Math.Min(value, 1e9))) : Nothing;

    public static string Percent(double? percent) =>
        percent is { } value ? value.ToString("0.0", CultureInfo.InvariantCulture) + "%" : Nothing;

    public static string Number<T>(T? number) where T : struct, IFormattable =>
        number?.ToString(null, CultureInfo.InvariantCulture) ?? Nothing;

    public static string Count(int count, string one, string many) => Text($"{count} {(count == 1 ? one : many)}");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
