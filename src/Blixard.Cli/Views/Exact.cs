using System.Globalization;
using Blixard.Client.Contracts;

namespace Blixard.Cli.Views;

/// <summary>Values as csv has them: unrounded, in UTC, empty where there is none.</summary>
internal static class Exact
{
    public static string? Of<T>(T? number) where T : struct, IFormattable =>
        number?.ToString(null, CultureInfo.InvariantCulture);

    public static string? Of(DateTimeOffset? instant) => instant is { } value ? UtcInstantConverter.Text(value) : null;

    public static string Of(bool value) => value ? "true" : "false";

    public static string? Of(bool? value) => value is { } known ? Of(known) : null;

    /// <summary>As in the JSON.</summary>
    public static string Name<TEnum>(TEnum value) where TEnum : struct, Enum =>
        System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(value.ToString());
}
