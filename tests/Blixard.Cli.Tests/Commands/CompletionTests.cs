using Blixard.Cli.Tests.Fakes;

namespace Blixard.Cli.Tests.Commands;

public class CompletionTests
{
    [Theory]
    [InlineData("blixard ", "cluster", "events", "vm")]
    [InlineData("blixard vm ", "list", "register", "remove", "show")]
    [InlineData("blixard vm list -o ", "csv", "json", "table", "wide", "yaml")]
    [InlineData("blixard vm list --st", "--stale", "--state")]
    public async Task The_parser_knows_what_may_follow(string line, params string[] expected)
    {
        var run = await Run.Blixard([$"[suggest:{line.Length}]", line]);

        var suggestions = run.Output.Split('\n');
        Assert.All(expected, word => Assert.Contains(word, suggestions));
    }

    [Theory]
    [InlineData("bash", "complete -F _blixard blixard")]
    [InlineData("zsh", "compdef _blixard blixard")]
    [InlineData("fish", "complete -c blixard")]
    public async Task Each_shell_has_its_script(string shell, string line)
    {
        var run = await Run.Blixard(["completion", shell]);

        Assert.Equal(0, run.ExitCode);
        Assert.Contains(line, run.Output, StringComparison.Ordinal);
    }
}
