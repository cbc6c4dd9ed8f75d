using Blixard.Cli.Tests.Fakes;
using Blixard.Client.Contracts;

namespace Blixard.Cli.Tests.Commands;

/// <summary>0 done, 1 failed, 2 usage, 3 unreachable; and a sentence, never a stack trace.</summary>
public class ExitCodeTests
{
    [Theory]
    [InlineData("bogus", "Unrecognized command or argument 'bogus'.", "see blixard --help")]
    [InlineData("vm list extra", "Unrecognized command or argument 'extra'.", "see blixard vm list --help")]
    [InlineData("vm list -o xml", "--output takes table, wide, json, yaml or csv, not \"xml\".", "see blixard vm list --help")]
    [InlineData("vm list --state dead", "--state takes unknown, starting, running, stopping, stopped or failed, not \"dead\".", "see blixard vm list --help")]
    [InlineData("ping --timeout soon", "--timeout takes seconds above 0 and at most 86400, not \"soon\".", "see blixard ping --help")]
    [InlineData("ping --timeout 0", "--timeout takes seconds above 0 and at most 86400, not \"0\".", "see blixard ping --help")]
    [InlineData("ping --timeout NaN", "--timeout takes seconds above 0 and at most 86400, not \"NaN\".", "see blixard ping --help")]
    [InlineData("events --since -1", "--since takes a log index, not \"-1\".", "see blixard events --help")]
    [InlineData("events --count 0", "--count takes a number above 0, not \"0\".", "see blixard events --help")]
    [InlineData("vm list --consistency maybe", "--consistency takes linearizable or stale, not \"maybe\".", "see blixard vm list --help")]
    public async Task A_wrong_command_line_exits_2_and_names_the_help(string commandLine, string message, string help)
    {
        var run = await Run.Blixard(commandLine.Split(' '));

        Assert.Equal(2, run.ExitCode);
        Assert.Equal("", run.Output);
        var lines = run.Error.TrimEnd('\n').Split('\n');
        Assert.Contains(message, lines);
        Assert.Equal(help, lines[^1]);
    }

    [Theory]
    [InlineData("vm show", "vm id or name is required")]
    [InlineData("vm remove", "vm id or name is required")]
    [InlineData("vm register", "vm id or name is required")]
    [InlineData("node show", "node id or name is required")]
    [InlineData("vm", "vm id is required")]
    [InlineData("vm list --stale --consistency linearizable", "--stale and --consistency linearizable contradict each other")]
    [InlineData("ping --endpoint ftp://n1", "endpoint \"ftp://n1\" is not understood: use http://HOST:PORT, https://HOST:PORT or unix:/PATH")]
    public async Task A_missing_or_contradictory_value_exits_2(string commandLine, string message)
    {
        var run = await Run.Blixard(commandLine.Split(' '));

        Assert.Equal((2, message + "\n"), (run.ExitCode, run.Error));
    }

    [Fact]
    public async Task An_empty_name_is_a_missing_name()
    {
        var run = await Run.Blixard(["vm", "show", ""]);

        Assert.Equal((2, "vm id or name is required\n"), (run.ExitCode, run.Error));
    }

    [Theory]
    [InlineData("")]
    [InlineData("cluster")]
    public async Task A_group_alone_exits_2_and_shows_its_commands(string commandLine)
    {
        var run = await Run.Blixard(commandLine.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("status", run.Error, StringComparison.Ordinal);
        Assert.Equal("", run.Output);
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("vm --help")]
    [InlineData("--version")]
    public async Task Help_and_version_exit_0(string commandLine)
    {
        var run = await Run.Blixard(commandLine.Split(' '));

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.NotEqual("", run.Output);
    }

    [Fact]
    public async Task A_port_without_listener_exits_3_and_says_so()
    {
        // Port 1 on loopback: nothing listens there, and nobody but root could.
        var run = await Run.Blixard(["--endpoint", "http://127.0.0.1:1", "cluster", "status"]);

        Assert.Equal(3, run.ExitCode);
        Assert.Equal(
            "cannot reach blixard-node at http://127.0.0.1:1: connection refused; is it running?\n", run.Error);
    }

    [Fact]
    public async Task A_missing_socket_exits_3_and_says_so()
    {
        var run = await Run.Blixard(
            ["vm", "list"],
            environment: new Dictionary<string, string> { ["BLIXARD_ENDPOINT"] = "unix:/nonexistent/blixard.sock" });

        Assert.Equal(3, run.ExitCode);
        Assert.Equal(
            "cannot reach blixard-node at unix:/nonexistent/blixard.sock: there is no such socket; is it running?\n",
            run.Error);
    }

    [Theory]
    [InlineData("vm list")]
    [InlineData("cluster status")]
    [InlineData("events")]
    public async Task A_problem_exits_1_and_prints_its_detail(string commandLine)
    {
        await using var node = await FakeNode.StartAsync();
        node.Fail(Samples.ProblemOf(ProblemTypes.NoLeader, 503, "no leader is known; nothing was changed"));

        var run = await Run.Against(node, commandLine);

        Assert.Equal((1, "no leader is known; nothing was changed\n"), (run.ExitCode, run.Error));
    }

    [Theory]
    [InlineData("application/json", "{\"name\": 5", "gave an answer that is not understood: ")]
    [InlineData("application/json", "null", "gave an answer that is not understood: null")]
    [InlineData("application/json", "[]", "gave an answer that is not understood: ")]
    [InlineData("application/json", "{}", "gave an answer that is not understood: ")]
    public async Task Json_that_is_not_the_apis_exits_1_in_one_line(string mediaType, string body, string message)
    {
        await using var node = await FakeNode.StartAsync();
        node.AnswerText(200, mediaType, body);

        var run = await Run.Against(node, "cluster status");

        Assert.Equal(1, run.ExitCode);
        Assert.StartsWith($"{node.Endpoint} {message}", run.Error, StringComparison.Ordinal);
        Assert.Equal(1, run.Error.Count(c => c == '\n'));
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_error_of_another_program_exits_1_and_is_recognised()
    {
        await using var node = await FakeNode.StartAsync();
        node.AnswerText(502, "text/html", "<html>Bad gateway</html>");

        var run = await Run.Against(node, "vm list");

        Assert.Equal(1, run.ExitCode);
        Assert.Equal(
            $"{node.Endpoint} gave an answer that is not understood: status 502 with text/html; is it a blixard-node?\n",
            run.Error);
    }

    [Fact]
    public async Task A_detail_with_control_characters_cannot_touch_the_terminal()
    {
        await using var node = await FakeNode.StartAsync();
        node.Fail(Samples.ProblemOf(ProblemTypes.Rejected, 409, "bad \e[2J name\nnext"));

        var run = await Run.Against(node, "vm list");

        Assert.Equal("bad \\x1b[2J name\\nnext\n", run.Error);
    }

    [Fact]
    public async Task Ctrl_c_exits_130()
    {
        await using var node = await FakeNode.StartAsync();
        node.Hang();
        using var interrupt = new CancellationTokenSource();

        var run = Run.Blixard(["--endpoint", node.Endpoint, "vm", "list"], cancellationToken: interrupt.Token);
        await node.Watched;
        await interrupt.CancelAsync();

        Assert.Equal((130, ""), ((await run).ExitCode, (await run).Error));
    }

    [Fact]
    public async Task Ctrl_c_is_how_following_ends()
    {
        await using var node = await FakeNode.StartAsync();
        using var interrupt = new CancellationTokenSource();

        var run = Run.Blixard(["--endpoint", node.Endpoint, "events"], cancellationToken: interrupt.Token);
        await node.Watched;
        await interrupt.CancelAsync();

        Assert.Equal((0, ""), ((await run).ExitCode, (await run).Error));
    }
}
