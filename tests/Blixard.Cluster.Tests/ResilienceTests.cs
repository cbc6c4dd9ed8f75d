using System.Globalization;
using Blixard.Client;
using Blixard.Client.Contracts;

namespace Blixard.Cluster.Tests;

/// <summary>
/// What goes wrong on a host, done to a real one: the agent goes on, says what it misses, and is right again afterwards.
/// </summary>
[Collection(nameof(OneHost))]
public sealed class ResilienceTests(OneHost one, ITestOutputHelper output)
{
    private const string Web = "web1";
    private const string SamplesDirectory = "/var/lib/blixard/history";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    [Fact]
    public async Task Without_the_bus_the_last_view_is_shown_and_said_to_be_old_and_a_vanished_cgroup_leaves_no_figures()
    {
        ThreeHosts.Require();
        await RunsAsync();

        // Killed; the next that connects brings it back.
        await one.Host.ExecAsync("systemctl", "kill", "--signal=KILL", "dbus.service");
        await ToggleAsync();

        await one.Host.ExecAsync(
            "sh", "-c", "systemctl kill --signal=KILL dbus.service; systemctl stop dbus.socket dbus.service");
        try
        {
            await Eventually.HoldsAsync("the agent says that the bus is away", Patience, async () =>
                await StatusAsync() is { State: "degraded" } status
                    && MissOf(status, LocalMiss.Manager, "system bus") is { Since: not null, Reason.Length: > 0 });

            // Nobody tells of its end: what it used to have is there in the view, and can't be read any more.
            await one.Host.ExecAsync("systemctl", "stop", UnitOf(Web));
            await Eventually.HoldsAsync("the figures of a cgroup that is gone are missed", Patience, async () =>
                MissOf(await StatusAsync(), LocalMiss.Figures, Web) is not null);
            Assert.Equal(VmState.Running, (await one.Host.VmAsync(Web)).State);
            var metrics = await one.ScrapeAsync();
            Assert.Contains($"blixard_vm_state{{vm=\"{Web}\",state=\"running\"}} 1\n", metrics);
            Assert.Contains("blixard_agent_misses{kind=\"figures\"} 1\n", metrics);
            Assert.DoesNotContain($"blixard_vm_cpu_seconds_total{{vm=\"{Web}\"}}", metrics);
            Assert.Contains($"blixard_vm_cpu_seconds_total{{vm=\"{OneHost.UsersVm}\"}}", metrics);
        }
        finally
        {
            await one.Host.ExecAsync("systemctl", "start", "dbus.socket", "dbus.service");
        }

        // Longer than the longest pause between two attempts to connect.
        await one.HasAsync(Web, vm => vm is { State: VmState.Stopped, Stale: false }, seconds: 60);
        var after = await StatusAsync();
        Assert.Equal("running", after.State);
        Assert.Null(MissOf(after, LocalMiss.Manager, "system bus"));
        Assert.Null(MissOf(after, LocalMiss.Figures, Web));
        await one.Host.ExecAsync("systemctl", "start", UnitOf(Web));
        await RunsAsync();
        var journal = await one.Host.JournalAsync();
        Assert.Contains("systemd can't be reached, the view of this host is stale", journal);
        Assert.Contains("system bus: systemd answers again", journal);
    }

    [Fact]
    public async Task No_vm_is_gone_while_systemd_reads_its_units_anew_or_itself_and_changes_meanwhile_are_seen()
    {
        ThreeHosts.Require();
        await RunsAsync();
        var before = (await one.Host.Client.GetVmsAsync(ReadOptions.Linearizable, default)).Index;
        foreach (var reload in new[] { "daemon-reload", "daemon-reload", "daemon-reexec", "daemon-reload" })
        {
            await BesideAsync(reload, "stop");
            await SeenAsync(vm => vm is { State: VmState.Stopped, Stale: false });
            await BesideAsync(reload, "start");
            await SeenAsync(vm => vm is { State: VmState.Running, Stale: false });
        }

        await ToggleAsync();
        var now = (await one.Host.Client.GetVmsAsync(ReadOptions.Linearizable, default)).Index;
        using var stop = new CancellationTokenSource(Patience);
        await foreach (var line in one.Host.Client.WatchEventsAsync(before, stop.Token))
        {
            Assert.NotEqual(EventType.Delete, line.Record.Type);
            Assert.NotEqual(EventType.Gap, line.Record.Type);
            Assert.DoesNotContain("unit is gone", line.Text);
            if (line.Record.Index >= now)
            {
                break;
            }

            // So that there is an event to end with.
            if (line.Record.Type == EventType.Ready)
            {
                await one.Host.Client.SetAnnotationAsync(Web, "end", "1"u8.ToArray(), default);
                now = await one.Host.Client.RemoveAnnotationAsync(Web, "end", default);
            }
        }
    }

    /// <summary>
    /// Both at once, as the disk takes half a minute to be found full: samples are committed that often.
    /// </summary>
    [Fact]
    public async Task A_full_disk_of_samples_and_a_unit_that_flaps_ten_times_a_second_keep_nothing_else_waiting()
    {
        ThreeHosts.Require();
        const string Flapping = "flap";
        await OnAnotherDiskAsync("mount -t tmpfs -o size=8m samples " + SamplesDirectory);
        try
        {
            await Eventually.HoldsAsync("samples are recorded", Patience, async () =>
                (await StatusAsync()).History is { State: "recording", Newest: not null });
            await one.Host.ExecAsync("sh", "-c", $"cat /dev/zero >{SamplesDirectory}/ballast 2>/dev/null || true");
            await LayAsync(
                Flapping,
                """
                [Unit]
                StartLimitIntervalSec=0
                [Service]
                RestartSec=50ms
                """,
                """
                #!/bin/sh
                sleep 0.05
                """);
            var index = (await one.Host.StatusAsync()).CommitIndex;
            await one.Host.ExecAsync("systemctl", "start", UnitOf(Flapping));
            await Eventually.HoldsAsync("the full disk is told, and others are followed", TimeSpan.FromSeconds(60), async () =>
            {
                await ToggleAsync();
                return (await StatusAsync()).History is { State: "paused", Reason.Length: > 0 };
            });
            Assert.Contains("blixard_history_paused 1\n", await one.ScrapeAsync());
            var history = await one.Host.Client.GetHistoryAsync(Web, new HistoryOptions { Metric = "cpu", Since = "5m" }, default);
            Assert.All(history.Value.Nodes, node => Assert.NotNull(node.Reason));

            var restarts = int.Parse(
                await one.Host.ExecAsync("systemctl", "show", "-p", "NRestarts", "--value", UnitOf(Flapping)),
                CultureInfo.InvariantCulture);
            var entries = (await one.Host.StatusAsync()).CommitIndex - index;
            output.WriteLine($"{restarts} restarts, {entries} entries in the log");
            Assert.True(restarts > 50, $"it was restarted {restarts} times");

            // A restart is at least two changes of state, and the rest of the host has its entries too.
            Assert.True(entries < 2 * (ulong)restarts, $"{restarts} restarts made {entries} entries");
            Assert.True(Series(await one.ScrapeAsync(), "blixard_agent_changes_held_back_total") > 0);
        }
        finally
        {
            await one.Host.ExecAsync("rm", "-f", SamplesDirectory + "/ballast");
            await one.Host.ExecAsync("systemctl", "stop", UnitOf(Flapping));
        }

        await one.HasAsync(Flapping, vm => vm.State is VmState.Stopped or VmState.Failed);
        await Eventually.HoldsAsync("samples are recorded again", TimeSpan.FromSeconds(60), async () =>
            (await StatusAsync()).History is { State: "recording" });
        await OnAnotherDiskAsync("umount " + SamplesDirectory);
        await ForgetAsync(Flapping);
    }

    [Fact]
    public async Task A_hypervisor_that_answers_with_errors_is_told_of_and_asked_again_until_it_answers()
    {
        ThreeHosts.Require();
        const string Sick = "sick";
        const ulong Memory = 256 << 20;
        await LayAsync(Sick);
        var directory = Path.Combine(await Hosts.RunAsync("data", one.Host.Name), "microvms", Sick);
        await File.WriteAllTextAsync(Path.Combine(directory, "current", "share", "microvm", "hypervisor"), "qemu\n");
        await using var qmp = new FakeQmp(Path.Combine(directory, Sick + ".sock"), Memory);
        await one.Host.ExecAsync("systemctl", "start", UnitOf(Sick));

        await Eventually.HoldsAsync("the agent says that it gets no answer", Patience, async () =>
            MissOf(await StatusAsync(), LocalMiss.Hypervisor, Sick)?.Reason
                .EndsWith("QEMU refused qmp_capabilities: the guest is confused", StringComparison.Ordinal) == true);
        Assert.True(Series(await one.ScrapeAsync(), "blixard_agent_guest_queries_total{outcome=\"error_answer\"}") > 0);
        var sick = await one.HasAsync(Sick, vm => vm.State == VmState.Running);
        Assert.Equal(("qemu", null, null), (sick.Hypervisor, sick.Resources.MemoryLimitBytes, sick.Vcpus));

        qmp.Heal();
        var healed = await one.HasAsync(Sick, vm => vm.Resources.MemoryLimitBytes is not null);
        Assert.Equal(
            ((long)Memory, MemoryLimitSource.Qmp, 3),
            (healed.Resources.MemoryLimitBytes, healed.Resources.MemoryLimitSource, healed.Vcpus));
        Assert.Null(MissOf(await StatusAsync(), LocalMiss.Hypervisor, Sick));
        await ForgetAsync(Sick);
    }

    /// <summary>The unit leaves the daemon without CAP_SYS_PTRACE, and the kernel counts for everyone to read.</summary>
    [Fact]
    public async Task A_vm_in_a_network_namespace_of_its_own_is_counted_though_its_process_is_another_users()
    {
        ThreeHosts.Require();
        const string Walled = "walled";
        const ulong SysPtrace = 1UL << 19;
        var pid = await one.Host.ExecAsync("systemctl", "show", "-p", "MainPID", "--value", "blixard-node.service");
        var capabilities = await one.Host.ExecAsync("sed", "-n", "s/^CapBnd:[[:space:]]*//p", $"/proc/{pid}/status");
        Assert.Equal(0UL, ulong.Parse(capabilities, NumberStyles.HexNumber, CultureInfo.InvariantCulture) & SysPtrace);
        await LayAsync(
            Walled,
            """
            [Service]
            PrivateNetwork=yes
            """,
            """
            #!/bin/bash
            set -e
            ip link add d0 type veth peer name d1
            ip addr add 10.9.9.1/24 dev d0
            ip link set d0 up
            ip link set d1 up
            ip neigh add 10.9.9.2 lladdr 02:00:00:00:00:02 dev d0
            for n in {1..20}; do head -c 1000 /dev/zero >/dev/udp/10.9.9.2/9; done
            exec setpriv --reuid=65534 --clear-groups sleep infinity
            """);
        await one.Host.ExecAsync("systemctl", "start", UnitOf(Walled));

        await Eventually.HoldsAsync("its traffic is exported", Patience, async () =>
            Series(await one.ScrapeAsync(), $"blixard_vm_network_transmit_bytes_total{{vm=\"{Walled}\"}}") is > 20_000 and < 1e6);

        // In the host's own namespace nothing is a VM's alone.
        await RunsAsync();
        Assert.Null(Series(await one.ScrapeAsync(), $"blixard_vm_network_transmit_bytes_total{{vm=\"{Web}\"}}"));
        await ForgetAsync(Walled);
    }

    /// <summary>Both at once. A manager that executes itself anew may leave systemctl without an answer.</summary>
    private Task<string> BesideAsync(string reload, string change) => one.Host.ExecAsync(
        "sh",
        "-c",
        "systemctl \"$1\" & systemctl \"$2\" \"$3\"; wait; for try in 1 2 3 4 5; do systemctl \"$2\" \"$3\" && break; sleep 0.5; done",
        "sh",
        reload,
        change,
        UnitOf(Web));

    /// <summary>What the daemon said is shown if it is not.</summary>
    private async Task SeenAsync(Func<Vm, bool> holds)
    {
        try
        {
            await one.HasAsync(Web, holds);
        }
        catch (TimeoutException)
        {
            output.WriteLine(await one.Host.ExecAsync("systemctl", "show", "-p", "ActiveState,SubState,StateChangeTimestamp,Job", UnitOf(Web)));
            output.WriteLine(string.Join('\n', (await one.Host.JournalAsync()).Split('\n').TakeLast(40)));
            throw;
        }
    }

    private static string UnitOf(string vm) => $"microvm@{vm}.service";

    private Task<Vm> RunsAsync() => one.HasAsync(Web, vm => vm is { State: VmState.Running, Stale: false });

    /// <summary>A change is seen, in both directions.</summary>
    private async Task ToggleAsync()
    {
        await one.Host.ExecAsync("systemctl", "stop", UnitOf(Web));
        await one.HasAsync(Web, vm => vm is { State: VmState.Stopped, Stale: false });
        await one.Host.ExecAsync("systemctl", "start", UnitOf(Web));
        await RunsAsync();
    }

    private Task<LocalStatus> StatusAsync() => one.Host.Client.GetLocalStatusAsync(full: false, default);

    private static LocalMiss? MissOf(LocalStatus status, string kind, string name) =>
        status.Misses.FirstOrDefault(miss => miss.Kind == kind && miss.Name == name);

    private static double? Series(string metrics, string series)
    {
        var line = metrics.Split('\n').FirstOrDefault(line => line.StartsWith(series + " ", StringComparison.Ordinal));
        return line is null ? null : double.Parse(line[(series.Length + 1)..], CultureInfo.InvariantCulture);
    }

    /// <summary>The daemon finds another file system below its data directory when it starts.</summary>
    private async Task OnAnotherDiskAsync(string change)
    {
        await one.Host.StopDaemonAsync();
        await one.Host.ExecAsync("sh", "-c", change);
        await one.Host.StartDaemonAsync();
        one.Host.Reconnect();
        await RunsAsync();
    }

    /// <summary>A VM that was not there when the host booted.</summary>
    /// <param name="vm">Its name.</param>
    /// <param name="settings">Of its unit.</param>
    /// <param name="program">What it runs; null: nothing happens in it.</param>
    private async Task LayAsync(string vm, string settings = "", string? program = null)
    {
        await Hosts.RunAsync("vm", one.Host.Name, vm, "idle");
        if (program is not null)
        {
            await WriteAsync($"/var/lib/microvms/{vm}/current/bin/microvm-run", program);
        }

        await WriteAsync($"/etc/systemd/system/{UnitOf(vm)}.d/test.conf", settings);
        await one.Host.ExecAsync("systemctl", "daemon-reload");
    }

    private Task<string> WriteAsync(string path, string content) => one.Host.ExecAsync(
        "sh", "-c", "mkdir -p \"$(dirname \"$1\")\" && printf '%s\\n' \"$2\" >\"$1\"", "sh", path, content);

    /// <summary>As an operator does it: what the cluster forgets without a question is what no node has any more.</summary>
    private async Task ForgetAsync(string vm)
    {
        var refused = await Assert.ThrowsAsync<ProblemException>(() => one.Host.Client.RemoveVmAsync(vm, default));
        Assert.True(refused.Is(ProblemTypes.VmInUse), refused.Message);
        await one.Host.ExecAsync(
            "sh",
            "-c",
            "systemctl stop \"$2\"; rm -rf \"/etc/systemd/system/$2.d\" \"/var/lib/microvms/$1\" && systemctl reset-failed \"$2\"; "
                + "systemctl daemon-reload",
            "sh",
            vm,
            UnitOf(vm));
        await one.HasAsync(vm, gone => gone is { Stale: true, StaleReason: "unit is gone" }, seconds: 60);
        await one.Host.Client.RemoveVmAsync(vm, default);
    }
}
