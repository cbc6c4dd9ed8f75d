namespace Blixard.Cli.Output;

/// <summary>What a text means; the palette knows how that looks.</summary>
internal enum Tone
{
    Plain,
    Good,
    Warning,
    Bad,
    Faint,
    Heading,
}

/// <summary>ANSI colours, or none. Applied after padding: escape sequences have no width.</summary>
internal sealed class Palette(bool colour)
{
    public string Paint(string text, Tone tone) => colour && Code(tone) is { } code && text.Length > 0
        ? $"\e[{code}m{text}\e[0m"
        : text;

    private static string? Code(Tone tone) => tone switch
    {
        Tone.Good => "32",
        Tone.Warning => "33",
        Tone.Bad => "1;31",
        Tone.Faint => "2",
        Tone.Heading => "1",
        _ => null,
    };
}
