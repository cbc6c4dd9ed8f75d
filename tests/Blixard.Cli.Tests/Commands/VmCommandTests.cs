using Blixard.Cli.Tests.Fakes;
using Blixard.Client.Contracts;

namespace Blixard.Cli.Tests.Commands;

public class VmCommandTests
{
    [Theory]
    [InlineData("web1", "web1")] // exact, though web10 begins with it
    [InlineData("bui", "build")]
    [InlineData("web10", "web10")]
    public async Task Show_finds_an_exact_name_first_then_an_unambiguous_prefix(string what, string name)
    {
        await using var node = await FakeNode.StartAsync();

        var run = await Run.Against(node, $"vm show {what} -o csv");

        Assert.Equal(0, run.ExitCode);
        Assert.StartsWith(name + ",", run.Output.Split('\n')[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Show_finds_a_uuid_and_the_beginning_of_one()
    {
        await using var node = await FakeNode.StartAsync();
        var uuid = Samples.UuidOf("idle");

        foreach (var what in new[] { uuid, uuid[..8], uuid[..8].ToUpperInvariant() })
        {
            var run = await Run.Against(node, $"vm show {what} -o csv");
            Assert.StartsWith("idle,", run.Output.Split('\n')[1], StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_ambiguous_prefix_exits_1_and_names_what_it_may_mean()
    {
        await using var node = await FakeNode.StartAsync();

        var run = await Run.Against(node, "vm show web");

        Assert.Equal((1, "multiple VMs match \"web\"\n  web1, web10\n"), (run.ExitCode, run.Error));
    }

    [Theory]
    [InlineData("vm show nothing", "vm \"nothing\" not found\n")]
    [InlineData("vm remove nothing", "vm \"nothing\" not found\n")]
    [InlineData("node show n9", "node \"n9\" not found\n")]
    [InlineData("node show n", "multiple nodes match \"n\"\n  n1, n2, n3\n")]
    [InlineData("vm nothing", "VM Not Found\n")]
    public async Task What_is_not_there_exits_1(string commandLine, string message)
    {
        await using var node = await FakeNode.StartAsync();

        var run = await Run.Against(node, commandLine);

        Assert.Equal((1, message), (run.ExitCode, run.Error));
    }

    [Theory]
    [InlineData("vm show ..")]
    [InlineData("vm remove ../nodes")]
    [InlineData("vm register a..b")]
    [InlineData("vm register -- -x")]
    [InlineData("vm show web1\n")]
    public async Task A_name_that_no_vm_can_have_is_refused_before_anything_is_asked(string commandLine)
    {
        await using var node = await FakeNode.StartAsync();

        var run = await Run.Against(node, commandLine);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("cannot be the name of a VM", run.Error, StringComparison.Ordinal);
        Assert.Empty(node.Requests);
    }

    [Fact]
    public async Task Register_says_where_and_at_which_index()
    {
        await using var node = await FakeNode.StartAsync();

        var run = await Run.Against(node, "vm register cache --node n2 --unit microvm@cache.service");

        Assert.Equal((0, "registered cache on n2 (index 101)\n"), (run.ExitCode, run.Output));
        Assert.Contains("PUT /v1/vms/cache", node.Requests);
        var list = await Run.Against(node, "vm list -o csv");
        Assert.Contains("\ncache,unknown,n2,", list.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Register_on_an_unknown_node_prints_the_problem()
    {
        await using var node = await FakeNode.StartAsync();

        var run = await Run.Against(node, "vm register cache --node n9");

        Assert.Equal((1, "there is no node \"n9\"\n"), (run.ExitCode, run.Error));
    }

    [Fact]
    public async Task Remove_says_what_it_removed()
    {
        await using var node = await FakeNode.StartAsync();

        var run = await Run.Against(node, "vm remove bui");

        Assert.Equal((0, "removed build (index 101), which n2 defined\n"), (run.ExitCode, run.Output));
        Assert.Contains("DELETE /v1/vms/build", node.Requests);
        Assert.Equal(1, (await Run.Against(node, "vm show build")).ExitCode);
    }

    [Fact]
    public async Task Remove_with_force_says_where_it_runs_and_what_was_noted_with_it()
    {
        await using var node = await FakeNode.StartAsync();
        await Run.Against(node, "vm annotate twin owner=me ticket=42");

        var run = await Run.Against(node, "vm remove twin --force");

        Assert.Equal(
            (0, "removed twin (index 103), which runs on n1 and n2, with its annotations owner, ticket\n"),
            (run.ExitCode, run.Output));
        Assert.Contains("DELETE /v1/vms/twin?force=true", node.Requests);
    }

    [Theory]
    [InlineData("vm list", "GET /v1/vms")]
    [InlineData("vm list --stale", "GET /v1/vms?consistency=stale")]
    [InlineData("vm list --consistency stale", "GET /v1/vms?consistency=stale")]
    [InlineData("--consistency linearizable vm list", "GET /v1/vms")]
    [InlineData("cluster status --stale", "GET /v1/cluster?consistency=stale")]
    [InlineData("vm web1", "GET /vms/web1")]
    [InlineData("vms", "GET /vms")]
    [InlineData("status -f", "GET /status?full")]
    public async Task The_consistency_asked_for_is_the_one_sent(string commandLine, string request)
    {
        await using var node = await FakeNode.StartAsync();

        Assert.Equal(0, (await Run.Against(node, commandLine)).ExitCode);

        Assert.Equal([request], node.Requests);
    }

    [Fact]
    public async Task A_node_out_of_contact_is_told_on_standard_error()
    {
        await using var node = await FakeNode.StartAsync();
        node.LastContact = 72.5;

        var run = await Run.Against(node, "vm list --stale -o csv");

        Assert.Equal(
            (0, "note: the node's own view; it last had contact with a leader 1m12s ago\n"), (run.ExitCode, run.Error));
        Assert.StartsWith("name,", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_vms_are_said_in_words_but_are_an_empty_list_in_json()
    {
        await using var node = await FakeNode.StartAsync();

        Assert.Equal("no VMs match\n", (await Run.Against(node, "vm list --node n9")).Output);
        Assert.Equal("[]\n", (await Run.Against(node, "vm list --node n9 -o json")).Output);
        Assert.Equal("[]\n", (await Run.Against(node, "vm list --node n9 -o yaml")).Output);
    }

    [Fact]
    public async Task A_message_from_a_guest_cannot_touch_the_terminal()
    {
        await using var node = await FakeNode.StartAsync();
        node.Cluster = node.Cluster with
        {
            Warnings = ["web1 says \e]0;owned\a"],
            Attention = [new VmAttention { Name = "web1", State = VmState.Failed, Reason = "\e[31mred\e[0m" }],
        };

        var run = await Run.Against(node, "cluster status");

        Assert.DoesNotContain('\e', run.Output);
        Assert.DoesNotContain('\a', run.Output);
        Assert.Contains("\\x1b[31mred", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Colours_are_for_terminals_that_want_them()
    {
        await using var node = await FakeNode.StartAsync();
        string[] list = ["--endpoint", node.Endpoint, "vm", "list"];
        var terminal = new Dictionary<string, string> { ["TERM"] = "xterm" };

        Assert.Contains('\e', (await Run.Blixard(list, 120, terminal)).Output);
        Assert.DoesNotContain('\e', (await Run.Blixard(list, null, terminal)).Output);
        Assert.DoesNotContain('\e', (await Run.Blixard(list, 120)).Output);
        Assert.DoesNotContain('\e', (await Run.Blixard([.. list, "--no-color"], 120, terminal)).Output);
        Assert.DoesNotContain(
            '\e', (await Run.Blixard(list, 120, new Dictionary<string, string> { ["TERM"] = "dumb" })).Output);
        Assert.DoesNotContain(
            '\e',
            (await Run.Blixard(list, 120, new Dictionary<string, string>(terminal) { ["NO_COLOR"] = "1" })).Output);
    }

    [Fact]
    public async Task A_colour_does_not_move_a_column()
    {
        await using var node = await FakeNode.StartAsync();
        string[] list = ["--endpoint", node.Endpoint, "vm", "list"];

        var coloured = await Run.Blixard(list, 120, new Dictionary<string, string> { ["TERM"] = "xterm" });
        var plain = await Run.Blixard(list, 120);

        Assert.Equal(
            plain.Output,
            System.Text.RegularExpressions.Regex.Replace(coloured.Output, "\e\\[[0-9;]*m", ""));
    }
}
