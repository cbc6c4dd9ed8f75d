using Blixard.Cli.Tests.Fakes;
using Blixard.Client.Contracts;

namespace Blixard.Cli.Tests.Commands;

public class MemberCommandTests
{
    [Fact]
    public async Task Add_sends_what_it_was_told_and_prints_the_command_for_the_new_host()
    {
        await using var node = await FakeNode.StartAsync();

        var run = await Run.Against(node, "cluster add n9 --raft-address 10.0.0.9:7481 --api-address 10.0.0.9:8080");

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(["n9 10.0.0.9:7481 10.0.0.9:8080"], node.Bodies);
        Assert.Equal("blixard-node join blxj1.b3BhcXVl", run.Output.TrimEnd().Split('\n')[^1]);
    }

    [Theory]
    [InlineData("cluster add", "node id or name is required\n")]
    [InlineData("cluster add n9", "--raft-address HOST:PORT is required\n")]
    [InlineData("cluster remove", "node id or name is required\n")]
    [InlineData("cluster promote", "node id or name is required\n")]
    public async Task What_is_missing_is_a_wrong_usage(string commandLine, string message)
    {
        await using var node = await FakeNode.StartAsync();

        var run = await Run.Against(node, commandLine);

        Assert.Equal((2, message), (run.ExitCode, run.Error));
        Assert.DoesNotContain(node.Requests, request => !request.StartsWith("GET", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Remove_goes_by_id_so_that_a_name_taken_anew_is_not_hit()
    {
        await using var node = await FakeNode.StartAsync();

        var run = await Run.Against(node, "cluster remove n3");

        Assert.Equal((0, "removed n3 (0000000000000003) (index 100)\n"), (run.ExitCode, run.Output));
        Assert.Contains("DELETE /v1/cluster/members/0000000000000003", node.Requests);
    }

    [Fact]
    public async Task Remove_asks_for_force_where_the_cluster_does_and_then_says_which_VMs_went()
    {
        await using var node = await FakeNode.StartAsync();
        var expected = Samples.Vms.Where(vm => vm.Candidates is ["n3"]).Select(vm => vm.Name).ToArray();

        var run = await Run.Against(node, "cluster remove n3 --force");

        Assert.NotEmpty(expected);
        Assert.Equal(
            (0, $"removed n3 (0000000000000003) (index 100), and the VMs that only it defined: {string.Join(", ", expected)}\n"),
            (run.ExitCode, run.Output));
        Assert.Contains("DELETE /v1/cluster/members/0000000000000003?force=true", node.Requests);
    }

    [Fact]
    public async Task Cancel_withdraws_what_is_pending()
    {
        await using var node = await FakeNode.StartAsync();

        var run = await Run.Against(node, "cluster cancel");

        Assert.Equal((0, "withdrawn (index 100)\n"), (run.ExitCode, run.Output));
        Assert.Equal(["POST /v1/cluster/cancel"], node.Requests);
    }

    [Fact]
    public async Task Promote_says_what_the_member_is_now()
    {
        await using var node = await FakeNode.StartAsync();

        var run = await Run.Against(node, "cluster promote 0000000000000002");

        Assert.Equal((0, "n2 is a voter\n"), (run.ExitCode, run.Output));
        Assert.Contains("POST /v1/cluster/members/0000000000000002/promote", node.Requests);
    }

    [Theory]
    [InlineData("cluster transfer", "-", "n2 leads, term 5\n")]
    [InlineData("cluster transfer n3", "0000000000000003", "n3 leads, term 5\n")]
    public async Task Transfer_goes_to_whom_it_was_told_or_to_whoever_is_best(string commandLine, string to, string output)
    {
        await using var node = await FakeNode.StartAsync();

        var run = await Run.Against(node, commandLine);

        Assert.Equal((0, output), (run.ExitCode, run.Output));
        Assert.Equal([to], node.Bodies);
    }

    [Theory]
    [InlineData("cluster remove n9", "node \"n9\" not found\n")]
    [InlineData("cluster transfer n", "multiple nodes match \"n\"\n  n1, n2, n3\n")]
    public async Task Who_is_no_member_can_not_be_changed(string commandLine, string message)
    {
        await using var node = await FakeNode.StartAsync();

        var run = await Run.Against(node, commandLine);

        Assert.Equal((1, message), (run.ExitCode, run.Error));
    }

    [Fact]
    public async Task A_refusal_of_the_cluster_is_printed_with_its_reason()
    {
        await using var node = await FakeNode.StartAsync();
        node.Fail(new Problem
        {
            Type = ProblemTypes.ChangeRefused,
            Title = "Not changed",
            Status = 409,
            Detail = "N4 lacks 1234 entries.",
        });

        var run = await Run.Against(node, "cluster add n4 --raft-address 10.0.0.4:7481");

        Assert.Equal((1, "N4 lacks 1234 entries.\n"), (run.ExitCode, run.Error));
    }
}
