using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Blixard.Client.Contracts;

namespace Blixard.Cli.Output;

/// <summary>Prints an answer in the format that was asked for.</summary>
internal sealed class Printer(TextWriter output, OutputFormat format, Palette palette, int? width)
{
    public TextWriter Output => output;

    public Palette Palette => palette;

    public int? Width => width;

    public bool IsWide => format == OutputFormat.Wide;

    /// <summary>Many things of a kind.</summary>
    public void List<T>(IReadOnlyList<T> items, IReadOnlyList<Column<T>> columns, string whenEmpty)
    {
        switch (format)
        {
            case OutputFormat.Json or OutputFormat.Yaml:
                Document(items, Indented<IReadOnlyList<T>>());
                break;
            case OutputFormat.Csv:
                Csv.Write(output, items, columns);
                break;
            case OutputFormat.Table or OutputFormat.Wide when items.Count == 0:
                output.WriteLine(whenEmpty);
                break;
            default:
                Table(items, columns);
                break;
        }
    }

    /// <summary>One thing: as csv a single row, as a table the view made for it.</summary>
    public void One<T>(T item, IReadOnlyList<Column<T>> columns, Action<Printer> view) where T : notnull
    {
        switch (format)
        {
            case OutputFormat.Json or OutputFormat.Yaml:
                Document(item, Indented<T>());
                break;
            case OutputFormat.Csv:
                Csv.Write(output, [item], columns);
                break;
            default:
                view(this);
                break;
        }
    }

    public void Table<T>(IReadOnlyList<T> items, IReadOnlyList<Column<T>> columns) =>
        Cli.Output.Table.Write(
            output, items, IsWide ? columns : [.. columns.Where(column => !column.Wide)], palette, width);

    public void Line(string text = "", Tone tone = Tone.Plain) => output.WriteLine(palette.Paint(text, tone));

    private void Document<T>(T value, JsonTypeInfo<T> type)
    {
        if (format == OutputFormat.Yaml)
        {
            Yaml.Write(output, JsonSerializer.SerializeToElement(value, type));
        }
        else
        {
            output.WriteLine(JsonSerializer.Serialize(value, type));
        }
    }

    private static JsonTypeInfo<T> Indented<T>() => (JsonTypeInfo<T>)ApiJson.Indented.GetTypeInfo(typeof(T))!;
}
