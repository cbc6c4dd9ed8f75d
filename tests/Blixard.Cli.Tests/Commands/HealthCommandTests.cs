using Blixard.Cli.Tests.Fakes;
using Blixard.Client.Contracts;

namespace Blixard.Cli.Tests.Commands;

public class HealthCommandTests
{
    [Fact]
    public async Task Probes_are_read_from_urls_and_the_rest_of_the_policy_stays()
    {
        await using var node = await FakeNode.StartAsync();
        node.Policy = node.Policy with { MaxCpuPercent = 70 };

        var run = await Run.Against(
            node,
            "vm health web1 --probe tcp://10.0.0.5:22 --probe web=http://10.0.0.5/x?a=b --probe icmp://10.0.0.5 "
                + "--probe disk=script:check-disk --interval 5 --weight journal_errors=3 --recovery restart --limit 2");

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Equal(
            [
                ("network", ProbeKind.Tcp, "10.0.0.5:22"), ("web", ProbeKind.Http, "http://10.0.0.5/x?a=b"),
                ("network-3", ProbeKind.Icmp, "10.0.0.5"), ("disk", ProbeKind.Script, "check-disk"),
            ],
            node.Policy.Probes!.Select(probe => (probe.Name, probe.Kind, probe.Target)));
        Assert.All(node.Policy.Probes!, probe => Assert.Equal(5, probe.IntervalSeconds));
        Assert.Equal((70, 3), (node.Policy.MaxCpuPercent, node.Policy.Weights!["journal_errors"]));
        Assert.Equal((RecoveryAction.Restart, 2), (node.Policy.Recovery, node.Policy.RecoveryLimit));
        Assert.Contains("10.0.0.5:22", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_recovery_its_limits_are_not_sent()
    {
        await using var node = await FakeNode.StartAsync();
        node.Policy = node.Policy with { Recovery = RecoveryAction.Restart, RecoveryLimit = 3, RecoveryAfterSeconds = 30 };

        await Run.Against(node, "vm health web1 --recovery none");

        Assert.Equal(
            (RecoveryAction.None, null, null),
            (node.Policy.Recovery, node.Policy.RecoveryLimit, node.Policy.RecoveryAfterSeconds));
    }

    [Fact]
    public async Task Without_an_option_the_policy_is_shown_and_clear_removes_it()
    {
        await using var node = await FakeNode.StartAsync();

        var shown = await Run.Against(node, "vm health web1");
        var cleared = await Run.Against(node, "vm health web1 --clear");

        Assert.Contains("unhealthy   from weight 100", shown.Output, StringComparison.Ordinal);
        Assert.Equal((0, "the health of web1 is judged as usual (index 100)\n"), (cleared.ExitCode, cleared.Output));
        Assert.Contains("DELETE /v1/vms/web1/health-policy", node.Requests);
        Assert.DoesNotContain(node.Requests, request => request.StartsWith("PUT", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("vm health web1 --probe ftp://x", "\"ftp://x\" is not [NAME=]tcp://HOST:PORT, http(s)://..., icmp://HOST or script:NAME\n")]
    [InlineData("vm health web1 --weight a", "\"a\" is not CHECK=WEIGHT with a weight of 0 to 1000\n")]
    [InlineData("vm health web1 --weight a=1001", "\"a=1001\" is not CHECK=WEIGHT with a weight of 0 to 1000\n")]
    [InlineData("vm health web1 --interval 5", "--interval is of probes: give them with --probe\n")]
    [InlineData("vm health web1 --clear --limit 3", "--clear goes with no other change\n")]
    [InlineData("vm health", "vm id or name is required\n")]
    public async Task A_slip_is_a_usage_error_and_nothing_is_done(string commandLine, string message)
    {
        await using var node = await FakeNode.StartAsync();

        var run = await Run.Against(node, commandLine);

        Assert.Equal((2, message), (run.ExitCode, run.Error));
        Assert.Empty(node.Requests);
    }
}
