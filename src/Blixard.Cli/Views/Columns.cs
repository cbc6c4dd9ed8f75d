using Blixard.Cli.Output;

namespace Blixard.Cli.Views;

/// <summary>The usual kinds of columns: short for people, exact in csv.</summary>
internal static class Columns
{
    public static Column<T> Text<T>(string header, Func<T, string?> get, bool wide = false) =>
        new(header, item => get(item), get, wide);

    /// <summary>A value with a colour, by its name in the JSON.</summary>
    public static Column<T> State<T, TEnum>(string header, Func<T, TEnum> get, Func<TEnum, Cell> show)
        where TEnum : struct, Enum =>
        new(header, item => show(get(item)), item => Exact.Name(get(item)));

    public static Column<T> Number<T>(string header, Func<T, long?> get, bool wide = false) =>
        new(header, item => Humanize.Number(get(item)), item => Exact.Of(get(item)), wide, Right: true);

    public static Column<T> Bytes<T>(string header, Func<T, long?> get, bool wide = false) =>
        new(header, item => Humanize.Bytes(get(item)), item => Exact.Of(get(item)), wide, Right: true);

    /// <summary>Seconds that have passed.</summary>
    public static Column<T> Seconds<T>(string header, Func<T, double?> get) =>
        new(header, item => Humanize.Age(get(item)), item => Exact.Of(get(item)), Right: true);

    /// <summary>An instant: how long ago for people.</summary>
    public static Column<T> Age<T>(
        string header, Func<T, DateTimeOffset?> get, DateTimeOffset now, bool wide = false) =>
        new(header, item => Humanize.Age(get(item), now), item => Exact.Of(get(item)), wide, Right: true);
}
