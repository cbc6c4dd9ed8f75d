using System.Text.Json;
using Blixard.Cli.Output;

namespace Blixard.Cli.Tests.Output;

public class FormatTests
{
    [Fact]
    public void Csv_quotes_what_would_break_a_row()
    {
        using var output = new StringWriter { NewLine = "\n" };

        Csv.WriteLine(output, ["plain", "a,b", "say \"hi\"", "two\nlines", " edge ", "", null, "é"]);

        Assert.Equal("plain,\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\",\" edge \",,,é\n", output.ToString());
    }

    [Theory]
    [InlineData("""{"a":1,"b":{"c":[1,{"d":"x","e":[]},[2]],"f":{}}}""", "a: 1\nb:\n  c:\n    - 1\n    - d: x\n      e: []\n    -\n      - 2\n  f: {}\n")]
    [InlineData("[]", "[]\n")]
    [InlineData("{}", "{}\n")]
    [InlineData("\"x\"", "x\n")]
    [InlineData("[null,true,1.5e3,18446744073709551615]", "- null\n- true\n- 1.5e3\n- 18446744073709551615\n")]
    public void Yaml_keeps_the_shape(string json, string yaml) => Assert.Equal(yaml, YamlOf(json));

    [Theory]
    [InlineData("running", "running")]
    [InlineData("node lost", "node lost")]
    [InlineData("microvm@web1.service", "microvm@web1.service")]
    [InlineData("", "\"\"")]
    [InlineData("yes", "\"yes\"")]
    [InlineData("No", "\"No\"")]
    [InlineData("null", "\"null\"")]
    [InlineData("~", "\"~\"")]
    [InlineData("0x1f", "\"0x1f\"")]
    [InlineData("1e3", "\"1e3\"")]
    [InlineData("12:30:45", "\"12:30:45\"")]
    [InlineData("2026-05-31", "\"2026-05-31\"")]
    [InlineData("Service state: Running", "\"Service state: Running\"")]
    [InlineData("a # no comment", "\"a # no comment\"")]
    [InlineData("- item", "\"- item\"")]
    [InlineData("trailing ", "\"trailing \"")]
    [InlineData("*anchor", "\"*anchor\"")]
    [InlineData("a\"b\\c", "\"a\\\"b\\\\c\"")]
    [InlineData("two\nlines\ttab\u001b", "\"two\\nlines\\u0009tab\\u001b\"")]
    [InlineData("🚀 é", "\"🚀 é\"")]
    public void Yaml_quotes_every_string_that_could_be_taken_for_something_else(string text, string yaml)
    {
        using var output = new StringWriter { NewLine = "\n" };

        Yaml.Write(output, JsonSerializer.SerializeToElement(text));

        Assert.Equal(yaml + "\n", output.ToString());
    }

    [Theory]
    [InlineData(0L, "0B")]
    [InlineData(999L, "999B")]
    [InlineData(1000L, "1.0K")]
    [InlineData(1536L, "1.5K")]
    [InlineData(10_188L, "9.9K")]
    [InlineData(10_240L, "10K")]
    [InlineData(456L << 20, "456M")]
    [InlineData(1L << 30, "1.0G")]
    [InlineData(long.MaxValue, "8192P")]
    [InlineData(null, "-")]
    public void Bytes_have_three_digits(long? bytes, string text) => Assert.Equal(text, Humanize.Bytes(bytes));

    [Theory]
    [InlineData(-5, "0s")]
    [InlineData(0.9, "0s")]
    [InlineData(59, "59s")]
    [InlineData(60, "1m0s")]
    [InlineData(3600 + 120, "1h2m")]
    [InlineData((86400 * 400) + 3600, "400d1h")]
    public void Ages_have_two_units(double seconds, string text) =>
        Assert.Equal(text, Humanize.Age(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData("日本語", 6, "日本語")]
    [InlineData("日本語", 5, "日本…")]
    [InlineData("日本語", 4, "日…")]
    [InlineData("abc", 3, "abc")]
    [InlineData("abc", 2, "a…")]
    public void A_text_is_cut_at_columns_not_at_characters(string text, int columns, string cut) =>
        Assert.Equal(cut, DisplayWidth.Cut(text, columns));

    [Fact]
    public void Prose_is_wrapped_below_its_own_beginning() => Assert.Equal(
        ["warning aaa bbb", "        ccc", "        dddddddddddddd", "        e"],
        Wrap.Text("warning ", "aaa bbb ccc dddddddddddddd e", 16));

    private static string YamlOf(string json)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var document = JsonDocument.Parse(json);
        Yaml.Write(output, document.RootElement);
        return output.ToString();
    }
}
