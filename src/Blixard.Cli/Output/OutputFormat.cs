using System.Diagnostics;

namespace Blixard.Cli.Output;

internal enum OutputFormat
{
    Table,

    /// <summary>A table with all columns.</summary>
    Wide,
    Json,
    Yaml,

    /// <summary>RFC 4180 with all columns, numbers unrounded.</summary>
    Csv,
}

internal static class OutputFormats
{
    public static IReadOnlyList<string> Names { get; } = ["table", "wide", "json", "yaml", "csv"];

    /// <summary>The parser has let only <see cref="Names"/> through.</summary>
    public static OutputFormat? Parse(string? name) => name switch
    {
        null => null,
        "table" => OutputFormat.Table,
        "wide" => OutputFormat.Wide,
        "json" => OutputFormat.Json,
        "yaml" => OutputFormat.Yaml,
        "csv" => OutputFormat.Csv,
        _ => throw new UnreachableException(name),
    };
}
