namespace Blixard.Cli.Output;

/// <summary>What stands in one place of a table.</summary>
internal readonly record struct Cell(string Text, Tone Tone = Tone.Plain)
{
    public static implicit operator Cell(string? text) => new(string.IsNullOrEmpty(text) ? Humanize.Nothing : text);
}

/// <param name="Header">In capitals; in csv in small letters with underscores.</param>
/// <param name="Show">For people.</param>
/// <param name="Exact">For csv: the exact value, empty where there is none.</param>
/// <param name="Wide">Only with <c>-o wide</c> and in csv.</param>
/// <param name="Right">Figures stand to the right.</param>
internal sealed record Column<T>(
    string Header, Func<T, Cell> Show, Func<T, string?> Exact, bool Wide = false, bool Right = false);

/// <summary>Aligned columns, two blanks apart, no frames: easy to read and to cut(1).</summary>
internal static class Table
{
    private const int Gap = 2;

    /// <summary>Narrower than this a column says nothing.</summary>
    private const int Least = 8;

    /// <param name="output">Where to.</param>
    /// <param name="rows">One line each.</param>
    /// <param name="columns">All columns to show.</param>
    /// <param name="palette">Colours.</param>
    /// <param name="width">Columns of the terminal, for which the widest columns are cut; null cuts nothing.</param>
    public static void Write<T>(
        TextWriter output, IReadOnlyList<T> rows, IReadOnlyList<Column<T>> columns, Palette palette, int? width)
    {
        Cell[][] cells = [.. rows.Select(row => columns.Select(column => Clean(column.Show(row))).ToArray())];
        int[] widths =
        [
            .. columns.Select((column, i) => cells
                .Select(row => DisplayWidth.Of(row[i].Text))
                .Append(column.Header.Length)
                .Max()),
        ];
        Shrink(widths, columns, width);
        WriteLine(output, columns, [.. columns.Select(c => new Cell(c.Header, Tone.Heading))], widths, palette);
        foreach (var row in cells)
        {
            WriteLine(output, columns, row, widths, palette);
        }
    }

    private static Cell Clean(Cell cell) => cell with { Text = Printable.Text(cell.Text) };

    private static void Shrink<T>(int[] widths, IReadOnlyList<Column<T>> columns, int? width)
    {
        while (widths.Sum() + (Gap * (widths.Length - 1)) > width)
        {
            // The rightmost of the widest: names stand left, prose stands right.
            var widest = Array.LastIndexOf(widths, widths.Max());
            if (widths[widest] <= Math.Max(Least, columns[widest].Header.Length))
            {
                return;
            }

            widths[widest]--;
        }
    }

    private static void WriteLine<T>(
        TextWriter output, IReadOnlyList<Column<T>> columns, Cell[] cells, int[] widths, Palette palette)
    {
        for (var i = 0; i < cells.Length; i++)
        {
            var text = DisplayWidth.Cut(cells[i].Text, widths[i]);
            var padding = new string(' ', widths[i] - DisplayWidth.Of(text));
            var last = i == cells.Length - 1;
            output.Write(columns[i].Right ? padding : "");
            output.Write(palette.Paint(text, cells[i].Tone));
            output.Write(columns[i].Right || last ? "" : padding);
            output.Write(last ? "" : new string(' ', Gap));
        }

        output.WriteLine();
    }
}
