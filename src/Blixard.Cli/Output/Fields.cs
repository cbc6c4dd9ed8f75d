namespace Blixard.Cli.Output;

internal readonly record struct Field(string Name, Cell Value);

/// <summary>Names and values, one pair a line.</summary>
internal static class Fields
{
    private const int NameWidth = 12;

    public static void Write(Printer printer, IReadOnlyList<Field> fields)
    {
        foreach (var (name, value) in fields)
        {
            printer.Output.Write(printer.Palette.Paint(name, Tone.Heading));
            printer.Output.Write(new string(' ', Math.Max(1, NameWidth - name.Length)));
            printer.Line(Printable.Text(value.Text), value.Tone);
        }
    }
}
