using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Blixard.Client.Contracts;

/// <summary>
/// Instants travel in UTC with milliseconds and a Z (RFC 3339), the form that vminfod's clients and every log tool
/// sort and parse: <c>2016-05-31T16:29:09.477Z</c>. Any RFC 3339 offset is accepted.
/// </summary>
public sealed class UtcInstantConverter : JsonConverter<DateTimeOffset>
{
    /// <summary>The format written, for those who print an instant themselves.</summary>
    public const string Format = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.GetDateTimeOffset().ToUniversalTime();

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStringValue(Text(value));
    }

    public static string Text(DateTimeOffset value) =>
        value.UtcDateTime.ToString(Format, CultureInfo.InvariantCulture);
}
