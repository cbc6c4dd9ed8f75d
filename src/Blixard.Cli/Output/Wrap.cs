namespace Blixard.Cli.Output;

/// <summary>Breaks prose at blanks; the later lines stand below the beginning of the first one's text.</summary>
internal static class Wrap
{
    public static List<string> Text(string heading, string text, int width)
    {
        List<string> lines = [];
        var line = heading;
        var empty = true;
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!empty && DisplayWidth.Of(line) + 1 + DisplayWidth.Of(word) > width)
            {
                lines.Add(line);
                line = new string(' ', heading.Length);
                empty = true;
            }

            line += (empty ? "" : " ") + word;
            empty = false;
        }

        lines.Add(line);
        return lines;
    }
}
