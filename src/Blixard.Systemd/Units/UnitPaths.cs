using System.Globalization;
using System.Text;

namespace Blixard.Systemd.Units;

/// <summary>
/// A unit's name as a D-Bus object path and back (sd_bus_path_encode(3)): every byte that is not a letter or a digit
/// becomes <c>_</c> and two hexadecimal digits, a digit in first place too.
/// <c>microvm@a-b.service</c> is <c>microvm_40a_2db_2eservice</c>.
/// </summary>
internal static class UnitPaths
{
    private const string Prefix = "/org/freedesktop/systemd1/unit/";

    public static string Encode(string unit)
    {
        var path = new StringBuilder(Prefix, Prefix.Length + (unit.Length * 2));
        foreach (var b in Encoding.UTF8.GetBytes(unit))
        {
            var plain = char.IsAsciiLetter((char)b) || (char.IsAsciiDigit((char)b) && path.Length > Prefix.Length);
            if (plain)
            {
                path.Append((char)b);
            }
            else
            {
                path.Append('_').Append(b.ToString("x2", CultureInfo.InvariantCulture));
            }
        }

        return path.Length == Prefix.Length ? Prefix + "_" : path.ToString();
    }

    /// <summary>The unit's name; null if the path is not that of a unit.</summary>
    public static string? Decode(string path)
    {
        if (!path.StartsWith(Prefix, StringComparison.Ordinal) || path.Length == Prefix.Length)
        {
            return null;
        }

        var label = path.AsSpan(Prefix.Length);
        if (label is "_")
        {
            return "";
        }

        Span<byte> name = stackalloc byte[Math.Min(label.Length, 512)];
        var length = 0;
        for (var i = 0; i < label.Length; i++)
        {
            if (length == name.Length)
            {
                return null;
            }

            if (label[i] != '_')
            {
                if (!char.IsAsciiLetterOrDigit(label[i]))
                {
                    return null;
                }

                name[length++] = (byte)label[i];
                continue;
            }

            if (i + 2 >= label.Length || !TryHex(label.Slice(i + 1, 2), out var b))
            {
                return null;
            }

            name[length++] = b;
            i += 2;
        }

        return Encoding.UTF8.GetString(name[..length]);
    }

    private static bool TryHex(ReadOnlySpan<char> digits, out byte value) =>
        byte.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
}
