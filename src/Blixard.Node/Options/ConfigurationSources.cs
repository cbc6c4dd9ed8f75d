using System.Collections;
using Microsoft.Extensions.Configuration.Json;

namespace Blixard.Node.Options;

/// <summary>One value as it was given, and where: the operator must find it again.</summary>
/// <param name="Key"><c>Section:Key</c> or <c>Section:Key:Element</c>, in any case.</param>
/// <param name="Origin">For instance <c>environment variable BLIXARD__RAFT__TICKMILLISECONDS</c>.</param>
internal sealed record ConfigurationEntry(string Key, string? Value, string Origin);

/// <summary>Where configuration comes from. Later sources win.</summary>
internal static class ConfigurationSources
{
    public const string DefaultFile = "/etc/blixard/blixard.json";

    private const string EnvironmentPrefix = "BLIXARD__";

    /// <summary>
    /// The file: <paramref name="path"/>, which must be there, or else <see cref="DefaultFile"/>, which need not.
    /// </summary>
    /// <exception cref="ConfigurationException">It is missing, can't be read, or is not JSON; says where.</exception>
    public static IReadOnlyList<ConfigurationEntry> File(string? path, string defaultFile = DefaultFile)
    {
        var file = Path.GetFullPath(path ?? defaultFile);
        if (!System.IO.File.Exists(file))
        {
            return path is null ? [] : throw new ConfigurationException($"The configuration file {file} is not there.");
        }

        try
        {
            using var stream = System.IO.File.OpenRead(file);
            var configuration = new ConfigurationBuilder().Add(new JsonStreamConfigurationSource { Stream = stream }).Build();
            return [.. configuration.AsEnumerable()
                .Where(pair => pair.Value is not null || !configuration.GetSection(pair.Key).GetChildren().Any())
                .Select(pair => new ConfigurationEntry(pair.Key, pair.Value, file))];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException or InvalidDataException
            or System.Text.Json.JsonException)
        {
            throw new ConfigurationException($"The configuration file {file} can't be read: {(e.InnerException ?? e).Message}");
        }
    }

    /// <summary><c>BLIXARD__SECTION__KEY</c>.</summary>
    public static IReadOnlyList<ConfigurationEntry> Environment(IDictionary variables)
    {
        var entries = new List<ConfigurationEntry>();
        foreach (DictionaryEntry variable in variables)
        {
            var name = (string)variable.Key;
            if (name.StartsWith(EnvironmentPrefix, StringComparison.OrdinalIgnoreCase))
            {
                var key = name[EnvironmentPrefix.Length..].Replace("__", ":", StringComparison.Ordinal);
                entries.Add(new(key, (string?)variable.Value, $"environment variable {name}"));
            }
        }

        return entries;
    }

    /// <summary>
    /// All sources as one, after checking that every entry belongs to a key. A list is taken as a whole from the last
    /// source that has it: merging two lists by position would give one that nobody wrote.
    /// </summary>
    /// <exception cref="ConfigurationException">Unknown keys, or values that can't be of their key's type.</exception>
    public static IConfigurationRoot Combine(params IReadOnlyList<ConfigurationEntry>[] sources)
    {
        var problems = new List<string>();
        var values = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        foreach (var source in sources)
        {
            var lists = new HashSet<string>(StringComparer.Ordinal);
            foreach (var entry in source)
            {
                if (ConfigurationCheck.Check(entry) is { } problem)
                {
                    problems.Add(problem);
                }
                else if (ConfigurationKeys.Find(entry.Key) is not { } key)
                {
                    // An empty section.
                }
                else if (key.Shape == KeyShape.List)
                {
                    if (lists.Add(key.Name))
                    {
                        Forget(values, key.Name);
                    }

                    AddToList(values, key.Name, entry);
                }
                else
                {
                    values[entry.Key] = entry.Value;
                }
            }
        }

        return problems.Count == 0
            ? new ConfigurationBuilder().AddInMemoryCollection(values).Build()
            : throw new ConfigurationException(problems);
    }

    private static void Forget(Dictionary<string, string?> values, string list)
    {
        foreach (var key in values.Keys.Where(key => key.StartsWith(list + ":", StringComparison.OrdinalIgnoreCase)).ToArray())
        {
            values.Remove(key);
        }
    }

    /// <summary>An element by its position, or the whole list in one value, separated by commas.</summary>
    private static void AddToList(Dictionary<string, string?> values, string list, ConfigurationEntry entry)
    {
        if (entry.Key.Length > list.Length)
        {
            values[entry.Key] = entry.Value;
            return;
        }

        var elements = (entry.Value ?? "").Split(
            ',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        for (var i = 0; i < elements.Length; i++)
        {
            values[$"{list}:{i}"] = elements[i];
        }
    }
}
