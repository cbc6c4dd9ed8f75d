using System.Collections;
using System.Reflection;

namespace Blixard.Node.Options;

/// <summary>What a configuration that was read anew changes.</summary>
/// <param name="Settings">To be in force: as before, but for the keys that are <paramref name="Taken"/>.</param>
/// <param name="Taken">Keys that have another value, and reload (<see cref="ReloadsAttribute"/>).</param>
/// <param name="Waiting">Keys that have another value, which takes effect with the next start.</param>
internal sealed record SettingsChange(
    NodeSettings Settings, IReadOnlyList<string> Taken, IReadOnlyList<string> Waiting)
{
    private static readonly ConstructorInfo Constructor = typeof(NodeSettings).GetConstructors().Single();

    /// <param name="now">In force.</param>
    /// <param name="wanted">Valid, as the sources have it now.</param>
    public static SettingsChange Between(NodeSettings now, NodeSettings wanted)
    {
        var taken = new List<string>();
        var waiting = new List<string>();

        // A parameter for each section, which is named like it.
        var sections = Constructor.GetParameters().Select(section =>
        {
            var property = typeof(NodeSettings).GetProperty(section.Name!)!;
            var (was, becomes) = (property.GetValue(now)!, property.GetValue(wanted)!);
            var merged = Activator.CreateInstance(section.ParameterType)!;
            foreach (var key in section.ParameterType.GetProperties().Where(key => key.CanWrite))
            {
                var (before, after) = (key.GetValue(was), key.GetValue(becomes));
                var reloads = key.IsDefined(typeof(ReloadsAttribute));
                if (!Same(before, after))
                {
                    (reloads ? taken : waiting).Add($"{SectionOf(section.ParameterType)}:{key.Name}");
                }

                key.SetValue(merged, reloads ? after : before);
            }

            return merged;
        });
        return new((NodeSettings)Constructor.Invoke([.. sections]), taken, waiting);
    }

    /// <summary>Where in the configuration the options of that type are.</summary>
    internal static string SectionOf(Type options) => (string)options.GetField("Section")!.GetRawConstantValue()!;

    private static bool Same(object? one, object? other) => (one, other) switch
    {
        (IDictionary<string, string> these, IDictionary<string, string> those) =>
            these.Count == those.Count
            && these.All(pair => those.TryGetValue(pair.Key, out var value) && value == pair.Value),
        (not string and IEnumerable these, IEnumerable those) => these.Cast<object>().SequenceEqual(those.Cast<object>()),
        _ => Equals(one, other),
    };
}
