using Blixard.Cli.Tests.Fakes;

namespace Blixard.Cli.Tests.Commands;

public class AnnotationCommandTests
{
    [Fact]
    public async Task Annotations_are_set_and_removed_in_the_order_given()
    {
        await using var node = await FakeNode.StartAsync();

        var set = await Run.Against(node, "vm annotate bui owner=ops url=http://x/?a=b-");
        var removed = await Run.Against(node, "vm annotate build owner- ticket=42");
        var list = await Run.Against(node, "vm annotations build -o csv");

        Assert.Equal((0, "set owner of build (index 101)\nset url of build (index 102)\n"), (set.ExitCode, set.Output));
        Assert.Equal("removed owner of build (index 103)\nset ticket of build (index 104)\n", removed.Output);
        Assert.Equal("key,bytes,value\nticket,2,42\nurl,14,http://x/?a=b-\n", list.Output.ReplaceLineEndings("\n"));
    }

    [Fact]
    public async Task A_vm_without_annotations_says_so()
    {
        await using var node = await FakeNode.StartAsync();

        Assert.Equal("build has no annotations\n", (await Run.Against(node, "vm annotations build")).Output);
        Assert.Equal("[]\n", (await Run.Against(node, "vm annotations build -o json")).Output);
    }

    [Theory]
    [InlineData("vm annotate build owner", "\"owner\" is neither KEY=VALUE, which sets, nor KEY-, which removes\n")]
    [InlineData("vm annotate build a=1 -x=2", "\"-x\" cannot be the key of an annotation\n")]
    [InlineData("vm annotate build a/b=2", "\"a/b\" cannot be the key of an annotation\n")]
    [InlineData("vm annotate build a=1 b=", "the value of b is empty: an annotation has at least one byte; b- removes it\n")]
    [InlineData("vm annotate build", "nothing to annotate: KEY=VALUE sets, KEY- removes\n")]
    [InlineData("vm annotate", "vm id or name is required\n")]
    public async Task A_slip_is_a_usage_error_and_nothing_is_done(string commandLine, string message)
    {
        await using var node = await FakeNode.StartAsync();

        var run = await Run.Against(node, commandLine);

        Assert.Equal((2, message), (run.ExitCode, run.Error));
        Assert.Empty(node.Requests);
    }

    [Fact]
    public async Task An_unknown_vm_exits_1()
    {
        await using var node = await FakeNode.StartAsync();

        Assert.Equal(1, (await Run.Against(node, "vm annotate nothing a=1")).ExitCode);
        Assert.Equal(1, (await Run.Against(node, "vm annotations nothing")).ExitCode);
    }
}
