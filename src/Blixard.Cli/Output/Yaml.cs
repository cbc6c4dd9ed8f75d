using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Blixard.Cli.Output;

/// <summary>
/// Writes JSON values as YAML 1.2 block style. A string stands plain only where no reader, YAML 1.1 included, could
/// take it for something else; all others are double-quoted.
/// </summary>
internal static partial class Yaml
{
    public static void Write(TextWriter output, JsonElement value)
    {
        if (IsBlock(value))
        {
            WriteBlock(output, value, indent: 0);
        }
        else
        {
            output.WriteLine(Scalar(value));
        }
    }

    private static void WriteBlock(TextWriter output, JsonElement block, int indent)
    {
        if (block.ValueKind == JsonValueKind.Object)
        {
            WriteMapping(output, block, indent, firstIndent: indent);
            return;
        }

        foreach (var item in block.EnumerateArray())
        {
            output.Write(new string(' ', indent));
            output.Write('-');
            WriteItem(output, item, indent + 2);
        }
    }

    private static void WriteItem(TextWriter output, JsonElement item, int indent)
    {
        if (item.ValueKind == JsonValueKind.Object && IsBlock(item))
        {
            // The first key stands on the line of the dash.
            output.Write(' ');
            WriteMapping(output, item, indent, firstIndent: 0);
        }
        else
        {
            WriteValue(output, item, indent);
        }
    }

    private static void WriteMapping(TextWriter output, JsonElement mapping, int indent, int firstIndent)
    {
        var next = firstIndent;
        foreach (var property in mapping.EnumerateObject())
        {
            output.Write(new string(' ', next));
            output.Write(String(property.Name));
            output.Write(':');
            WriteValue(output, property.Value, indent + 2);
            next = indent;
        }
    }

    private static void WriteValue(TextWriter output, JsonElement value, int indent)
    {
        if (IsBlock(value))
        {
            output.WriteLine();
            WriteBlock(output, value, indent);
        }
        else
        {
            output.Write(' ');
            output.WriteLine(Scalar(value));
        }
    }

    private static bool IsBlock(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => value.EnumerateObject().Any(),
        JsonValueKind.Array => value.GetArrayLength() > 0,
        _ => false,
    };

    private static string Scalar(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "{}",
        JsonValueKind.Array => "[]",
        JsonValueKind.String => String(value.GetString()!),
        _ => value.GetRawText(),
    };

    private static string String(string text)
    {
        if (Plain().IsMatch(text) && !Reserved().IsMatch(text))
        {
            return text;
        }

        var quoted = new StringBuilder("\"");
        foreach (var c in text)
        {
            _ = c switch
            {
                '"' or '\\' => quoted.Append('\\').Append(c),
                '\n' => quoted.Append("\\n"),
                // A line separator would be folded, a byte order mark dropped.
                _ when char.IsControl(c) || c is '\u2028' or '\u2029' or '\ufeff' =>
                    quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => quoted.Append(c),
            };
        }

        return quoted.Append('"').ToString();
    }

    /// <summary>Words of harmless characters; a date or a number does not begin with a letter.</summary>
    [GeneratedRegex(@"\A[A-Za-z][A-Za-z0-9_@./-]*(?: [A-Za-z0-9_@./-]+)*\z")]
    private static partial Regex Plain();

    /// <summary>What YAML 1.1 or 1.2 takes for a boolean or a null.</summary>
    [GeneratedRegex(@"\A(?:y|n|yes|no|on|off|true|false|null)\z", RegexOptions.IgnoreCase)]
    private static partial Regex Reserved();
}
