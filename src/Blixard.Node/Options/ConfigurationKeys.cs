using System.Collections.Frozen;
using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;

namespace Blixard.Node.Options;

internal enum KeyShape
{
    /// <summary>One value.</summary>
    Scalar,

    /// <summary>Values at <c>KEY:0</c>, <c>KEY:1</c> and so on.</summary>
    List,

    /// <summary>Values at <c>KEY:NAME</c>, the names being the operator's.</summary>
    Map,
}

/// <summary>One configuration key as the options declare it.</summary>
/// <param name="Name"><c>Section:Key</c>, spelled as in the file.</param>
/// <param name="Type">Of a value; of an element in a list or map.</param>
/// <param name="Default">For people.</param>
/// <param name="Reloads">See <see cref="ReloadsAttribute"/>.</param>
internal sealed record ConfigurationKey(
    string Name,
    KeyShape Shape,
    Type Type,
    string Default,
    string Meaning,
    RangeAttribute? Range,
    bool Reloads);

/// <summary>Every key there is: read off the options classes, so that no list has to be kept beside them.</summary>
internal static class ConfigurationKeys
{
    private static readonly (string Section, object Defaults)[] Sections =
    [
        (NodeOptions.Section, new NodeOptions()),
        (ClusterOptions.Section, new ClusterOptions()),
        (StorageOptions.Section, new StorageOptions()),
        (ApiOptions.Section, new ApiOptions()),
        (EngineOptions.Section, new EngineOptions()),
        (AgentOptions.Section, new AgentOptions()),
        (HealthOptions.Section, new HealthOptions()),
        (HistoryOptions.Section, new HistoryOptions()),
        (FencingOptions.Section, new FencingOptions()),
        (LoggingOptions.Section, new LoggingOptions()),
    ];

    /// <summary>In the order of the reference.</summary>
    public static IReadOnlyList<ConfigurationKey> All { get; } =
        [.. Sections.SelectMany(section => KeysOf(section.Section, section.Defaults))];

    private static FrozenDictionary<string, ConfigurationKey> ByName { get; } =
        All.ToFrozenDictionary(key => key.Name, StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// The declared key that <paramref name="name"/> gives a value to, or null. Case does not matter.
    /// </summary>
    public static ConfigurationKey? Find(string name)
    {
        if (ByName.TryGetValue(name, out var key))
        {
            return key;
        }

        // KEY:ELEMENT; a category of the log may hold dots but no colon, and so may every other element.
        var last = name.LastIndexOf(':');
        if (last < 0 || !ByName.TryGetValue(name[..last], out key))
        {
            return null;
        }

        var element = name[(last + 1)..];
        return key.Shape switch
        {
            KeyShape.List when int.TryParse(element, NumberStyles.None, CultureInfo.InvariantCulture, out _) => key,
            KeyShape.Map when element.Length > 0 => key,
            _ => null,
        };
    }

    /// <summary>A part of the file that only holds keys: nothing is said by mentioning it empty.</summary>
    public static bool IsSection(string name) =>
        Sections.Any(section => string.Equals(section.Section, name, StringComparison.OrdinalIgnoreCase));

    /// <summary>The key an operator most likely meant.</summary>
    public static string Nearest(string name) => All
        .Select(key => key.Name)
        .MinBy(known => (Distance(known.ToUpperInvariant(), name.ToUpperInvariant()), known))!;

    private static IEnumerable<ConfigurationKey> KeysOf(string section, object defaults)
    {
        foreach (var property in defaults.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            // A computed property is not a key.
            if (!property.CanWrite)
            {
                continue;
            }

            var type = property.PropertyType;
            var (shape, element) = type == typeof(List<string>) ? (KeyShape.List, typeof(string))
                : type == typeof(Dictionary<string, string>) ? (KeyShape.Map, typeof(string))
                : (KeyShape.Scalar, type);
            yield return new ConfigurationKey(
                $"{section}:{property.Name}",
                shape,
                element,
                DefaultOf(property, shape, defaults),
                property.GetCustomAttribute<DescriptionAttribute>()?.Description
                    ?? throw new InvalidOperationException($"{section}:{property.Name} has no description"),
                property.GetCustomAttribute<RangeAttribute>(),
                property.IsDefined(typeof(ReloadsAttribute)));
        }
    }

    private static string DefaultOf(PropertyInfo property, KeyShape shape, object defaults) =>
        property.GetCustomAttribute<DefaultValueAttribute>()?.Value as string
        ?? (shape, property.GetValue(defaults)) switch
        {
            (KeyShape.Scalar, bool value) => value ? "true" : "false",
            (KeyShape.Scalar, { } value) => Convert.ToString(value, CultureInfo.InvariantCulture)!,
            _ => "",
        };

    /// <summary>
    /// Levenshtein's, but what the operator left out counts less than what was put wrong: people abbreviate.
    /// </summary>
    private static int Distance(string known, string given)
    {
        const int LeftOut = 1;
        const int Wrong = 3;
        var row = new int[given.Length + 1];
        for (var j = 0; j <= given.Length; j++)
        {
            row[j] = j * Wrong;
        }

        for (var i = 1; i <= known.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i * LeftOut;
            for (var j = 1; j <= given.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(
                    Math.Min(above + LeftOut, row[j - 1] + Wrong), diagonal + (known[i - 1] == given[j - 1] ? 0 : Wrong));
                diagonal = above;
            }
        }

        return row[given.Length];
    }
}
