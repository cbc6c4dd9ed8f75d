using System.Globalization;
using System.Text;

namespace Blixard.Cli.Output;

/// <summary>
/// Text that is safe to print. Messages come from units and guests: a control character among them could rewrite the
/// operator's screen.
/// </summary>
internal static class Printable
{
    /// <summary>Control characters and line ends become visible escapes; everything else stays.</summary>
    public static string Text(string text)
    {
        if (!text.Any(char.IsControl))
        {
            return text;
        }

        var safe = new StringBuilder(text.Length + 8);
        foreach (var c in text)
        {
            _ = c switch
            {
                '\n' => safe.Append("\\n"),
                '\t' => safe.Append(' '),
                _ when char.IsControl(c) => safe.Append(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}"),
                _ => safe.Append(c),
            };
        }

        return safe.ToString();
    }
}
