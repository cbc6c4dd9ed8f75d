using Blixard.Client.Contracts;

namespace Blixard.Cluster.Tests;

/// <summary>The health of real units, as their journal, their network and their exits make it.</summary>
[Collection(nameof(OneHost))]
public sealed class HealthTests(OneHost one)
{
    private const string Listener = "health-listener.service";

    [Fact]
    public async Task Errors_in_the_journal_are_counted_and_the_newest_lines_shown()
    {
        ThreeHosts.Require();
        await DefineAsync("noisy1", "logging");
        await one.Host.ExecAsync("systemctl", "start", "microvm@noisy1.service");

        var noisy = await one.HasAsync("noisy1", vm => vm.Health.Errors.Count == 3);

        Assert.Contains(noisy.Health.Checks, check => check is
        {
            Name: "journal_errors", Status: CheckStatus.Failing, Message: "3 errors in last hour",
        });
        Assert.Equal("I/O error on /dev/vda, sector 3", noisy.Health.Errors[^1].Message);
        Assert.Equal(HealthStatus.Degraded, noisy.Health.Status);
    }

    [Fact]
    public async Task A_unit_that_fails_is_restarted_with_a_growing_delay_until_its_host_gives_up()
    {
        ThreeHosts.Require();
        await DefineAsync("broken1", "failing");
        await one.Host.ExecAsync("sh", "-c", "systemctl start microvm@broken1.service || true");
        var broken = await one.HasAsync("broken1", vm => vm.State == VmState.Failed);
        Assert.Equal(HealthStatus.Critical, broken.Health.Status);
        Assert.Null(broken.Health.Recovery);

        await SetAsync("broken1", new() { Recovery = RecoveryAction.Restart, RecoveryLimit = 2, RecoveryAfterSeconds = 0 });
        var first = await one.HasAsync("broken1", vm => vm.Health.Recovery is { Attempts: 1 });
        Assert.Equal(TimeSpan.FromSeconds(5), first.Health.Recovery!.NextAt - first.Health.Recovery.LastAt);
        var second = await one.HasAsync("broken1", vm => vm.Health.Recovery is { Attempts: 2, Exhausted: false });
        Assert.Equal(TimeSpan.FromSeconds(10), second.Health.Recovery!.NextAt - second.Health.Recovery.LastAt);
        await one.HasAsync("broken1", vm => vm.Health.Recovery is { Attempts: 2, Exhausted: true });

        // Started once by us, and twice by the node.
        var lines = await one.Host.ExecAsync("journalctl", "-u", "microvm@broken1.service", "-o", "cat", "--no-pager");
        Assert.Equal(3, lines.Split('\n').Count(line => line == "cannot open the disk of the guest"));
    }

    [Fact]
    public async Task A_probe_turns_when_nobody_listens_any_more_and_turns_back()
    {
        ThreeHosts.Require();
        await DefineAsync("probed1", "idle");
        await one.Host.ExecAsync("systemctl", "start", "microvm@probed1.service");
        await one.HasAsync("probed1", vm => vm.State == VmState.Running);
        await ListenAsync();
        await SetAsync("probed1", new()
        {
            Probes =
            [
                new()
                {
                    Name = "network",
                    Kind = ProbeKind.Tcp,
                    Target = "127.0.0.1:9977",
                    IntervalSeconds = 1,
                    TimeoutMs = 500,
                },
            ],
        });

        await one.HasAsync("probed1", vm => Network(vm) is { Status: CheckStatus.Passing, Message: "Network OK" });
        await one.Host.ExecAsync("systemctl", "stop", Listener);
        var away = await one.HasAsync("probed1", vm => Network(vm) is { Status: CheckStatus.Failing });
        Assert.Equal("Network unreachable: connection refused", Network(away)!.Message);
        Assert.Equal(HealthStatus.Unresponsive, away.Health.Status);
        await ListenAsync();
        var back = await one.HasAsync("probed1", vm => Network(vm) is { Status: CheckStatus.Passing });
        Assert.Equal(HealthStatus.Healthy, back.Health.Status);
        await one.Host.ExecAsync("systemctl", "stop", Listener);
    }

    private static VmCheck? Network(Vm vm) => vm.Health.Checks.FirstOrDefault(check => check.Name == "network");

    private Task<string> ListenAsync() => one.Host.ExecAsync(
        "systemd-run", $"--unit={Listener}", "systemd-socket-activate", "--accept", "--listen=127.0.0.1:9977", "cat");

    private Task<string> DefineAsync(string vm, string behaviour) =>
        Hosts.RunAsync("vm", one.Host.Name, vm, behaviour);

    /// <summary>The cluster gets its version shortly after its first node has spoken.</summary>
    private Task SetAsync(string vm, HealthPolicy policy) => Eventually.HoldsAsync(
        $"the policy of {vm} is set",
        TimeSpan.FromSeconds(20),
        async () =>
        {
            await one.Host.Client.SetHealthPolicyAsync(vm, policy, CancellationToken.None);
            return true;
        });
}
