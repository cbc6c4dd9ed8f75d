namespace Blixard.Cli.Output;

/// <summary>Comma-separated values, RFC 4180, with line feeds as unix tools expect.</summary>
internal static class Csv
{
    private static readonly System.Buffers.SearchValues<char> NeedQuotes =
        System.Buffers.SearchValues.Create(",\"\r\n");

    public static void Write<T>(TextWriter output, IReadOnlyList<T> rows, IReadOnlyList<Column<T>> columns)
    {
        WriteLine(output, columns.Select(column => (string?)Header(column.Header)));
        foreach (var row in rows)
        {
            WriteLine(output, columns.Select(column => column.Exact(row)));
        }
    }

    public static void WriteLine(TextWriter output, IEnumerable<string?> fields) =>
        output.WriteLine(string.Join(',', fields.Select(Quote)));

    private static string Header(string header) => header.ToLowerInvariant().Replace(' ', '_');

    /// <summary>A blank at either end is quoted too: many readers trim.</summary>
    private static string Quote(string? field)
    {
        if (string.IsNullOrEmpty(field))
        {
            return "";
        }

        return field.AsSpan().ContainsAny(NeedQuotes) || field[0] == ' ' || field[^1] == ' '
            ? $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\""
            : field;
    }
}
