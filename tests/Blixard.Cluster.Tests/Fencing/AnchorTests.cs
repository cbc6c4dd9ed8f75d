using System.Globalization;

namespace Blixard.Cluster.Tests.Fencing;

/// <summary>
/// The order in which VMs under the lease and the node end, with a stand-in for the node that is known by its name.
/// </summary>
[Collection(nameof(FenceHost))]
public sealed class AnchorTests(FenceHost host) : IAsyncLifetime
{
    private const string Stubborn = $"microvm@{FenceHost.Stubborn}.service";
    private const string Node = "blixard-node.service";

    public async ValueTask InitializeAsync()
    {
        ThreeHosts.Require();
        await host.AllowAsync(FenceHost.Stubborn);
        host.Write(
            $"/etc/systemd/system/{Node}",
            """
            [Service]
            Type=notify
            NotifyAccess=all
            ExecStart=/bin/sh -c 'systemd-notify --ready; exec sleep infinity'
            Restart=always
            RestartSec=100ms
            """);
        await FenceHost.ExecAsync("systemctl", "daemon-reload");
        await FenceHost.ExecAsync("systemctl", "restart", Node, "blixard-anchor.service");
    }

    public async ValueTask DisposeAsync()
    {
        if (Hosts.Program is null)
        {
            return;
        }

        // The stand-in is gone with the boot.
        await Hosts.TryAsync("kill", FenceHost.Name);
        await host.BootAsync();
        await FenceHost.CleanAsync();
    }

    [Fact]
    public async Task At_poweroff_the_node_goes_on_until_a_vm_that_ignores_sigterm_has_ended()
    {
        await TimeoutAsync("2s");
        await StartStubbornAsync();

        await Hosts.RunAsync("down", FenceHost.Name);

        var journal = await Programs.RunAsync(
            "journalctl", "--directory", await Hosts.RunAsync("journal", FenceHost.Name), "-b", "-o", "cat", "--no-pager",
            "-q");
        var killed = journal.LastIndexOf($"{Stubborn}: Killing process", StringComparison.Ordinal);
        var node = journal.LastIndexOf($"Stopping {Node}", StringComparison.Ordinal);
        Assert.True(killed > 0, "the VM was not killed");
        Assert.True(node > killed, "the node was stopped while the VM was still alive");
    }

    [Fact]
    public async Task A_node_that_crashes_while_a_vm_is_being_stopped_does_not_wait_for_it()
    {
        await TimeoutAsync("60s");
        await StartStubbornAsync();
        await FenceHost.ExecAsync("systemctl", "stop", "--no-block", Stubborn);
        await Eventually.HoldsAsync("it is being stopped", TimeSpan.FromSeconds(10), async () =>
            await FenceHost.ShowAsync(Stubborn, "ActiveState") == "deactivating");
        var before = await FenceHost.ShowAsync(Node, "MainPID");

        await FenceHost.ExecAsync("systemctl", "kill", "--signal=KILL", Node);

        await Eventually.HoldsAsync("the node runs again", TimeSpan.FromSeconds(10), async () =>
            await FenceHost.ShowAsync(Node, "SubState") == "running"
            && await FenceHost.ShowAsync(Node, "MainPID") != before);
        Assert.Equal("deactivating", await FenceHost.ShowAsync(Stubborn, "ActiveState"));
    }

    /// <summary>Started, and past the moment from which it ignores SIGTERM: before, it would end like any other.</summary>
    private static async Task StartStubbornAsync()
    {
        await FenceHost.ExecAsync("systemctl", "start", Stubborn);
        await Eventually.HoldsAsync("it ignores SIGTERM", TimeSpan.FromSeconds(10), async () =>
        {
            var pid = await FenceHost.ShowAsync(Stubborn, "MainPID");
            var ignored = await FenceHost.ExecAsync("sed", "-n", "s/^SigIgn:[[:space:]]*//p", $"/proc/{pid}/status");
            return (ulong.Parse(ignored, NumberStyles.HexNumber, CultureInfo.InvariantCulture) >> 14 & 1) == 1;
        });
    }

    private async Task TimeoutAsync(string limit)
    {
        host.Write(
            $"/run/systemd/system/microvm@{FenceHost.Stubborn}.service.d/timeout.conf",
            $"[Service]\nTimeoutStopSec={limit}\n");
        await FenceHost.ExecAsync("systemctl", "daemon-reload");
    }
}
