using System.Globalization;
using System.Net.Sockets;
using Blixard.Client.Contracts;

namespace Blixard.Cluster.Tests;

/// <summary>A real QEMU guest: what the agent says of it, and that it leaves it alone.</summary>
[Collection(nameof(OneHost))]
public sealed class GuestTests(OneHost one)
{
    private const string Unit = $"microvm@{OneHost.Guest}.service";
    private const string Tap = "vm-guest";
    private const string Directory = $"/var/lib/microvms/{OneHost.Guest}";

    [Fact]
    public async Task Its_hypervisor_memory_cpus_and_taps_are_what_they_are()
    {
        OneHost.RequireGuest();
        var guest = await RunningAsync();

        Assert.Equal(("qemu", 1), (guest.Hypervisor, guest.Vcpus));
        Assert.Equal([Tap], guest.Taps);
        Assert.Equal(128L << 20, guest.Resources.MemoryLimitBytes);
        Assert.Equal(MemoryLimitSource.Qmp, guest.Resources.MemoryLimitSource);
        Assert.Equal(($"{Directory}/runner", $"{Directory}/runner"), (guest.RunningRunner, guest.CurrentRunner));
        Assert.False(guest.RestartPending);
        Assert.Contains($"blixard_vm_memory_limit_bytes{{vm=\"{OneHost.Guest}\"}} {128 << 20}", await one.ScrapeAsync());

        // As microvm -u does it; no unit tells of that.
        await one.Host.ExecAsync(
            "sh", "-c", $"cd {Directory} && cp -r runner runner2 && ln -sfn runner2 current");
        var updated = await one.HasAsync(OneHost.Guest, vm => vm.RestartPending);
        Assert.Equal(($"{Directory}/runner", $"{Directory}/runner2"), (updated.RunningRunner, updated.CurrentRunner));

        // A guest that is not up yet does not hear that it is to go down, and systemd waits for it in vain.
        await GuestIsUpAsync();
        await one.Host.ExecAsync("systemctl", "restart", Unit);
        await one.HasAsync(OneHost.Guest, vm => vm is { RestartPending: false, State: VmState.Running, Vcpus: 1 });
    }

    [Fact]
    public async Task Its_network_counters_are_those_of_its_tap_as_the_guest_sees_them()
    {
        OneHost.RequireGuest();
        await RunningAsync();
        await GuestIsUpAsync();

        // Far more in one direction than comes back, so that the two can't be mistaken for each other.
        await one.Host.ExecAsync(
            "bash",
            "-c",
            "for n in {1..300}; do head -c 1400 /dev/zero >/dev/udp/172.31.99.2/9; done 2>/dev/null; true");
        var received = await TapAsync("tx_bytes");
        var sent = await TapAsync("rx_bytes");
        var metrics = (Received: 0L, Sent: 0L);
        await Eventually.HoldsAsync("the next sample is exported", TimeSpan.FromSeconds(20), async () =>
        {
            var text = await one.ScrapeAsync();
            metrics = (Figure(text, "receive"), Figure(text, "transmit"));
            return metrics.Received >= received && metrics.Sent >= sent;
        });

        Assert.InRange(metrics.Received, received, await TapAsync("tx_bytes"));
        Assert.InRange(metrics.Sent, sent, await TapAsync("rx_bytes"));
        Assert.True(metrics.Received > 300 * 1400, $"the guest received {metrics.Received} bytes");
        Assert.True(metrics.Sent < metrics.Received / 2, $"the guest sent {metrics.Sent} bytes");
    }

    [Fact]
    public async Task It_is_shut_down_in_order_while_the_agent_watches_and_after_it_has_asked()
    {
        OneHost.RequireGuest();
        for (var round = 1; round <= 2; round++)
        {
            await RunningAsync();
            await GuestIsUpAsync();
            var cursor = await CursorAsync();

            // The agent lists, samples and watches all the time; to stop is microvm-shutdown's, over the same socket.
            await one.Host.ExecAsync("systemctl", "stop", Unit);
            Assert.Contains("power button: shutting down", await SaidSinceAsync(cursor));
            Assert.Equal("success", await one.Host.ExecAsync("systemctl", "show", "-p", "Result", "--value", Unit));
            await one.HasAsync(OneHost.Guest, vm => vm is { State: VmState.Stopped, Resources.MemoryLimitBytes: null });
            await one.Host.ExecAsync("systemctl", "start", Unit);
        }
    }

    [Fact]
    public async Task Who_keeps_its_socket_open_keeps_it_from_being_shut_down()
    {
        OneHost.RequireGuest();
        await RunningAsync();
        await GuestIsUpAsync();
        var cursor = await CursorAsync();
        var socket = Path.Combine(await Hosts.RunAsync("data", one.Host.Name), "microvms", OneHost.Guest, "guest.sock");
        using (var kept = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            // The greeting says that it is served: the one place is taken. That nobody takes it for long is what the test
            // above shows; this one shows that it would notice.
            await kept.ConnectAsync(new UnixDomainSocketEndPoint(socket));
            Assert.True(await kept.ReceiveAsync(new byte[4096]) > 0);
            await one.Host.ExecAsync("systemctl", "stop", "--no-block", Unit);
            await one.HasAsync(OneHost.Guest, vm => vm.State == VmState.Stopping);
            await Eventually.HoldsAsync("microvm-shutdown waits", TimeSpan.FromSeconds(20), async () =>
                (await one.Host.ExecAsync("systemctl", "show", "-p", "ControlPID", "--value", Unit)) != "0");
            Assert.DoesNotContain("power button", await SaidSinceAsync(cursor));
        }

        await one.HasAsync(OneHost.Guest, vm => vm.State == VmState.Stopped);
        Assert.Contains("power button: shutting down", await SaidSinceAsync(cursor));
        await one.Host.ExecAsync("systemctl", "start", Unit);
    }

    /// <summary>Runs, and the agent has asked it.</summary>
    private Task<Vm> RunningAsync() => one.HasAsync(
        OneHost.Guest, vm => vm is { State: VmState.Running, Resources.MemoryLimitSource: MemoryLimitSource.Qmp }, seconds: 90);

    /// <summary>Linux in it is there and listens to its power button.</summary>
    private Task GuestIsUpAsync() => Eventually.HoldsAsync("Linux in the guest is up", TimeSpan.FromSeconds(90), async () =>
    {
        var invocation = await one.Host.ExecAsync("systemctl", "show", "-p", "InvocationID", "--value", Unit);
        return (await one.Host.ExecAsync("journalctl", $"_SYSTEMD_INVOCATION_ID={invocation}", "-o", "cat", "--no-pager"))
            .Contains("tick 1", StringComparison.Ordinal);
    });

    private async Task<string> CursorAsync() => (await one.Host.ExecAsync(
        "journalctl", "-n", "1", "--show-cursor", "-o", "cat", "--no-pager")).Split("-- cursor: ")[^1];

    /// <summary>On its console.</summary>
    private Task<string> SaidSinceAsync(string cursor) => one.Host.ExecAsync(
        "journalctl", "-u", Unit, "--after-cursor", cursor, "-o", "cat", "--no-pager");

    private async Task<long> TapAsync(string counter) => long.Parse(
        await one.Host.ExecAsync("cat", $"/sys/class/net/{Tap}/statistics/{counter}"), CultureInfo.InvariantCulture);

    private static long Figure(string metrics, string direction)
    {
        var name = $"blixard_vm_network_{direction}_bytes_total{{vm=\"{OneHost.Guest}\"}} ";
        var line = metrics.Split('\n').FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
        return line is null ? -1 : long.Parse(line[name.Length..], CultureInfo.InvariantCulture);
    }
}
