using Blixard.Cli.Output;

namespace Blixard.Cli.Tests.Output;

public class TableTests
{
    private static readonly IReadOnlyList<Column<(string Name, string Size)>> Columns =
    [
        new("NAME", row => row.Name, row => row.Name),
        new("SIZE", row => row.Size, row => row.Size, Right: true),
        new("LAST", row => row.Name, row => row.Name),
    ];

    [Fact]
    public void Columns_are_aligned_and_lines_have_no_blanks_at_their_end() => Assert.Equal(
        """
        NAME  SIZE  LAST
        a        1  a
        abcd    10  abcd
        -        -  -

        """,
        Written([("a", "1"), ("abcd", "10"), ("", "")]));

    [Fact]
    public void Wide_and_combining_characters_take_the_columns_that_a_terminal_gives_them() => Assert.Equal(
        "NAME  SIZE  LAST\n"
            + "日本     1  日本\n"
            + "e\u0301a       2  e\u0301a\n"
            + "🚀x      3  🚀x\n",
        Written([("日本", "1"), ("e\u0301a", "2"), ("🚀x", "3")]));

    [Fact]
    public void A_terminal_gets_no_line_longer_than_itself()
    {
        var text = Written([("a-very-long-name-of-a-machine", "1"), ("日本日本日本日本日本", "2")], width: 40);

        Assert.All(text.Split('\n'), line => Assert.True(DisplayWidth.Of(line) <= 40, line));
        Assert.Contains("…", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pipe_gets_everything() =>
        Assert.Contains(new string('x', 300), Written([(new string('x', 300), "1")]), StringComparison.Ordinal);

    [Fact]
    public void Control_characters_are_made_visible() =>
        Assert.Contains("a\\x1b[0m\\nb", Written([("a\e[0m\nb", "1")]), StringComparison.Ordinal);

    private static string Written(IReadOnlyList<(string, string)> rows, int? width = null)
    {
        using var output = new StringWriter { NewLine = "\n" };
        Table.Write(output, rows, Columns, new Palette(colour: false), width);
        return output.ToString();
    }
}
