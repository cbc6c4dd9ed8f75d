using System.Globalization;

namespace Blixard.Node.Options;

/// <summary>
/// Is an entry of a source one that means something? A misspelled key would otherwise be a setting that silently does
/// nothing.
/// </summary>
internal static class ConfigurationCheck
{
    /// <summary>Null, or what is wrong, naming key and source.</summary>
    public static string? Check(ConfigurationEntry entry)
    {
        if (ConfigurationKeys.IsSection(entry.Key))
        {
            return string.IsNullOrEmpty(entry.Value)
                ? null
                : $"{entry.Key} ({entry.Origin}) is a section and can't have the value \"{entry.Value}\".";
        }

        if (ConfigurationKeys.Find(entry.Key) is not { } key)
        {
            return $"{entry.Key} ({entry.Origin}) is not a configuration key; did you mean "
                + $"{ConfigurationKeys.Nearest(entry.Key)}?";
        }

        if (key.Shape == KeyShape.Map && entry.Key.Length == key.Name.Length)
        {
            return string.IsNullOrEmpty(entry.Value)
                ? null
                : $"{key.Name} ({entry.Origin}) holds named values: write {key.Name}:NAME.";
        }

        return CanBe(key.Type, entry.Value)
            ? null
            : $"{key.Name} ({entry.Origin}) must be {NameOf(key.Type)}, and \"{entry.Value}\" is not.";
    }

    private static bool CanBe(Type type, string? value) => Type.GetTypeCode(type) switch
    {
        TypeCode.String => true,
        TypeCode.Boolean => bool.TryParse(value, out _),
        TypeCode.Int32 => int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _),
        TypeCode.Int64 => long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _),
        _ => throw new InvalidOperationException($"options have no values of type {type}"),
    };

    public static string NameOf(Type type) => Type.GetTypeCode(type) switch
    {
        TypeCode.String => "text",
        TypeCode.Boolean => "true or false",
        _ => "a whole number",
    };
}
