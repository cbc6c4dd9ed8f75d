using System.Buffers;
using System.IO.Enumeration;

namespace Blixard.Systemd.Units;

/// <summary>Unit names and the patterns that select them (systemd.unit(5)).</summary>
internal static class UnitNames
{
    private const int MaxLength = 255;

    private static readonly SearchValues<char> NameCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:-_.\\@");

    private static readonly string[] Types =
        ["service", "socket", "device", "mount", "automount", "swap", "target", "path", "timer", "slice", "scope"];

    /// <exception cref="ArgumentException">The text is not the full name of a unit that can exist.</exception>
    public static void ThrowIfInvalid(string unit)
    {
        ArgumentException.ThrowIfNullOrEmpty(unit);
        if (unit.Length > MaxLength)
        {
            throw new ArgumentException(
                $"A unit name has at most {MaxLength} characters, not {unit.Length}.", nameof(unit));
        }

        var bad = unit.AsSpan().IndexOfAnyExcept(NameCharacters);
        if (bad >= 0)
        {
            throw new ArgumentException(
                $"'{unit}' is not a unit name: '{unit[bad]}' is not allowed in one.", nameof(unit));
        }

        var dot = unit.LastIndexOf('.');
        if (dot <= 0 || !Types.Contains(unit[(dot + 1)..], StringComparer.Ordinal))
        {
            throw new ArgumentException($"'{unit}' is not a unit name: it has no type such as .service.", nameof(unit));
        }

        if (unit[0] == '@')
        {
            throw new ArgumentException($"'{unit}' is not a unit name: nothing stands before '@'.", nameof(unit));
        }
    }

    /// <exception cref="ArgumentException">There is no pattern, or one that we would match otherwise than
    /// systemd.</exception>
    public static void ThrowIfInvalidPatterns(IReadOnlyList<string> patterns)
    {
        ArgumentNullException.ThrowIfNull(patterns);
        if (patterns.Count == 0)
        {
            throw new ArgumentException("At least one pattern is needed; '*' matches every unit.", nameof(patterns));
        }

        foreach (var pattern in patterns)
        {
            if (string.IsNullOrEmpty(pattern) || pattern.AsSpan().IndexOfAny('[', ']', '\\') >= 0)
            {
                throw new ArgumentException(
                    $"'{pattern}' is not a pattern: only * and ? are special, and \\ is refused.", nameof(patterns));
            }
        }
    }

    public static bool Matches(IReadOnlyList<string> patterns, string unit)
    {
        for (var i = 0; i < patterns.Count; i++)
        {
            if (FileSystemName.MatchesSimpleExpression(patterns[i], unit, ignoreCase: false))
            {
                return true;
            }
        }

        return false;
    }
}
