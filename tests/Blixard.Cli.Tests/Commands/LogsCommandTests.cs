using Blixard.Cli.Tests.Fakes;
using Blixard.Client.Contracts;

namespace Blixard.Cli.Tests.Commands;

public class LogsCommandTests
{
    private static LogRecord Line(string message, int? priority = 6) => new()
    {
        Type = LogRecordType.Line,
        Time = Samples.Now,
        Priority = priority,
        Identifier = "microvm-run",
        Pid = 4242,
        Message = message,
        Cursor = "s=1;i=7",
    };

    [Fact]
    public async Task Lines_look_as_in_a_journal_and_gaps_are_seen()
    {
        await using var node = await FakeNode.StartAsync();
        node.Log.Add(Line("booting"));
        node.Log.Add(new LogRecord { Type = LogRecordType.Gap, Lines = 12, Reason = "this reader was too slow" });
        node.Log.Add(Line("up") with { Identifier = null, Pid = null });

        var run = await Run.Against(node, "vm logs web1");

        Assert.Equal(0, run.ExitCode);
        var time = UtcInstantConverter.Text(Samples.Now);
        Assert.Equal(
            $"{time} microvm-run[4242]: booting\n-- 12 lines left out: this reader was too slow --\n{time} unknown: up\n",
            run.Output);
        Assert.DoesNotContain("\e", run.Output);
        Assert.Contains("GET /v1/vms/web1/logs", node.Requests);
    }

    [Fact]
    public async Task A_guest_cannot_steer_the_terminal()
    {
        await using var node = await FakeNode.StartAsync();
        node.Log.Add(Line("\e]0;owned\a\e[2J\u009b31mred\nsecond line") with { Identifier = "evil\e[1m" });

        foreach (var format in new[] { "table", "wide", "csv", "json", "yaml" })
        {
            var run = await Run.Against(node, $"vm logs web1 -o {format}");

            Assert.Equal(0, run.ExitCode);
            Assert.DoesNotContain(run.Output, c => char.IsControl(c) && c != '\n');
        }
    }

    [Fact]
    public async Task Severe_lines_stand_out_on_a_terminal_only()
    {
        await using var node = await FakeNode.StartAsync();
        node.Log.Add(Line("I/O error", priority: 3));
        string[] args = ["--endpoint", node.Endpoint, "vm", "logs", "web1"];
        var environment = new Dictionary<string, string> { ["TERM"] = "xterm" };

        var terminal = await Run.Blixard(args, terminalWidth: 80, environment);
        var pipe = await Run.Blixard(args, environment: environment);

        Assert.Contains("\e[1;31mI/O error\e[0m", terminal.Output);
        Assert.DoesNotContain("\e", pipe.Output);
    }

    [Fact]
    public async Task Options_go_to_the_node()
    {
        await using var node = await FakeNode.StartAsync();

        await Run.Against(node, "vm logs web1 -n 5 --since 1h -p err --node n2 --after s=1;i=7");

        Assert.Contains(
            "GET /v1/vms/web1/logs?n=5&since=1h&priority=err&after=s%3D1%3Bi%3D7&node=n2", node.Requests);
    }

    [Fact]
    public async Task A_followed_log_that_ends_exits_3_and_says_how_to_go_on()
    {
        await using var node = await FakeNode.StartAsync();
        node.Log.Add(Line("last"));

        var run = await Run.Against(node, "vm logs web1 -f");

        Assert.Equal(3, run.ExitCode);
        Assert.Contains("last\n", run.Output);
        Assert.Contains("to go on from here: --after 's=1;i=7'", run.Error);
        Assert.Contains("GET /v1/vms/web1/logs?n=10&follow=true", node.Requests);
    }

    [Fact]
    public async Task Json_is_the_nodes_own_record_a_line_each()
    {
        await using var node = await FakeNode.StartAsync();
        node.Log.Add(Line("one"));
        node.Log.Add(Line("two"));

        var run = await Run.Against(node, "vm logs web1 -o json");

        Assert.Equal(2, run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.StartsWith("""{"type":"line","time":""", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("vm logs web1 -n -1", "--lines")]
    [InlineData("vm logs web1 -n many", "--lines")]
    [InlineData("vm logs web1 --since yesterday", "--since")]
    [InlineData("vm logs web1 -p loud", "--priority")]
    [InlineData("vm logs", "required")]
    public async Task What_is_not_understood_is_usage(string commandLine, string named)
    {
        await using var node = await FakeNode.StartAsync();

        var run = await Run.Against(node, commandLine);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains(named, run.Error);
    }

    [Fact]
    public async Task A_problem_is_said_and_exits_1()
    {
        await using var node = await FakeNode.StartAsync();
        node.Fail(Samples.ProblemOf(ProblemTypes.NodeUnreachable, 502, "Node n2 can't be asked: it is lost."));

        var run = await Run.Against(node, "vm logs web1");

        Assert.Equal((1, "Node n2 can't be asked: it is lost.\n"), (run.ExitCode, run.Error));
    }

    [Fact]
    public async Task A_line_that_is_no_record_exits_1_and_is_quoted()
    {
        await using var node = await FakeNode.StartAsync();
        var answered = 0;
        node.Instead = async context =>
        {
            if (answered++ == 0)
            {
                await System.Text.Json.JsonSerializer.SerializeAsync(
                    context.Response.Body, Samples.Vms[0], ApiJson.Default.Vm);
            }
            else
            {
                await context.Response.Body.WriteAsync("<html>\n"u8.ToArray());
            }
        };

        var run = await Run.Against(node, "vm logs web1");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("a line is <html>", run.Error);
    }
}
