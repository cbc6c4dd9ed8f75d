using System.Globalization;

namespace Blixard.Cluster.Tests.Fencing;

/// <summary>What the fence does to real units, and what PID 1 does if it can't.</summary>
[Collection(nameof(FenceHost))]
public sealed class FenceTests(FenceHost host) : IAsyncLifetime
{
    private const string Stubborn = $"microvm@{FenceHost.Stubborn}.service";
    private const string Lease = "/run/blixard/lease";
    private const string Program = "/run/blixard/exec/blixard-fence";

    /// <summary>JobRunningTimeoutSec= of the unit, and what it may take beyond.</summary>
    private static readonly TimeSpan KillBudget = TimeSpan.FromSeconds(5);

    public ValueTask InitializeAsync()
    {
        ThreeHosts.Require();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        if (Hosts.Program is null)
        {
            return;
        }

        if (!await host.IsUpAsync())
        {
            await host.BootAsync();
        }

        await FenceHost.CleanAsync();
    }

    [Fact]
    public async Task It_kills_what_ignores_every_other_signal_takes_the_lease_and_leaves_other_vms_alone()
    {
        await host.AllowAsync(FenceHost.Stubborn);
        await FenceHost.ExecAsync("systemctl", "start", Stubborn, $"microvm@{FenceHost.Idle}.service");
        Assert.True(host.AnyIsAlive);

        await FenceHost.ExecAsync("systemctl", "start", "blixard-fence@1.service");

        // The fence ends only when the kernel has said that the slice is empty.
        Assert.False(host.AnyIsAlive);
        Assert.False(File.Exists(host.In(Lease)));
        Assert.True(await FenceHost.RunsAsync(FenceHost.Idle));
        Assert.NotEqual("running", await FenceHost.ShowAsync(Stubborn, "SubState"));

        // Restart=always tries, and the gate refuses: without RestartSec= to wait for, the same.
        var (status, _, _) = await Hosts.TryAsync("exec", FenceHost.Name, "systemctl", "restart", Stubborn);
        await Eventually.HoldsAsync("the gate has refused", TimeSpan.FromSeconds(10), async () =>
            (await FenceHost.JournalAsync(Stubborn)).Contains("does not start: this host has no lease"));
        Assert.False(host.AnyIsAlive);
        Assert.Equal(0, status);
    }

    [Fact]
    public async Task Without_a_slice_and_without_a_lease_it_is_done_at_once()
    {
        await FenceHost.ExecAsync("systemctl", "stop", FenceHost.Strict);
        Assert.Null(host.Cgroup("cgroup.events"));

        await FenceHost.ExecAsync("systemctl", "start", "blixard-fence@2.service");

        Assert.True(await host.IsUpAsync());
    }

    /// <summary>
    /// BLIXARD_FENCE_STARTS starts, 50 if it is not set. The VM is started, and at a random moment the fence: when that is
    /// done no VM lives, nor is one born later.
    /// </summary>
    [Fact]
    public async Task At_a_random_moment_of_a_start_it_leaves_no_vm()
    {
        var starts = Environment.GetEnvironmentVariable("BLIXARD_FENCE_STARTS") is { Length: > 0 } text
            ? int.Parse(text, CultureInfo.InvariantCulture)
            : 50;
        await host.AllowAsync(FenceHost.Stubborn);
        var deadline = FenceHost.Now + (long)TimeSpan.FromHours(1).TotalMicroseconds;
        host.Write("/tmp/lease", FenceHost.LeaseText(host.BootId, deadline));
        host.Write(
            "/tmp/race",
            $$"""
            set -u
            slice=/sys/fs/cgroup/blixard.slice/blixard-strict.slice
            # A live VM is a process that is past the gate; one that is still in it is about to refuse.
            alive() {
              local pid
              for pid in $(cat $slice/{,*/}cgroup.procs 2>/dev/null); do
                case $(tr '\0' ' ' <"/proc/$pid/cmdline") in
                  *blixard-gate*) ;;
                  */current/bin/microvm-run* | sleep*) return 0 ;;
                esac
              done 2>/dev/null
              return 1
            }
            survivors=0 killed=0
            for ((round = 1; round <= {{starts}}; round++)); do
              cp /tmp/lease {{Lease}}.new && mv {{Lease}}.new {{Lease}}
              systemctl start --no-block {{Stubborn}}
              moment=$((RANDOM % 80))
              sleep 0.0$((moment / 10))$((moment % 10))
              alive && killed=$((killed + 1))
              systemctl start blixard-fence@$round.service || exit 1
              alive && survivors=$((survivors + 1)) && echo "round $round: alive after the fence, at $moment ms"
              # What was about to be forked is forked by now, and must have been refused.
              sleep 0.03
              alive && survivors=$((survivors + 1)) && echo "round $round: alive 30 ms after the fence, at $moment ms"
              systemctl kill --signal=KILL {{Stubborn}} 2>/dev/null
              systemctl stop {{Stubborn}}
            done
            echo "$survivors survived"
            echo "killed $killed"
            """);

        var said = await FenceHost.ExecAsync("bash", "/tmp/race");

        Assert.StartsWith("0 survived", said, StringComparison.Ordinal);
        // Some came before the VM was there, some after: else nothing was tried.
        Assert.InRange(int.Parse(said.Split("killed ")[1], CultureInfo.InvariantCulture), 1, starts - 1);
    }

    [Fact]
    public async Task The_canary_dies_by_the_same_program_and_a_canary_that_fails_resets_no_host()
    {
        await host.AllowAsync(FenceHost.Stubborn);
        host.Write("/run/blixard/canary", "");
        await FenceHost.ExecAsync("systemctl", "start", Stubborn, "blixard-canary.service");

        await FenceHost.ExecAsync("systemctl", "start", "blixard-fence@canary.service");

        Assert.Equal("inactive", await FenceHost.ShowAsync("blixard-canary.service", "ActiveState"));
        Assert.False(File.Exists(host.In("/run/blixard/canary")));
        Assert.True(File.Exists(host.In(Lease)));
        Assert.True(host.AnyIsAlive);

        await FenceHost.ExecAsync("mv", Program, Program + ".away");
        var (status, _, _) = await Hosts.TryAsync(
            "exec", FenceHost.Name, "systemctl", "start", "blixard-fence@canary.service");
        Assert.NotEqual(0, status);
        await FenceHost.ExecAsync("mv", Program + ".away", Program);
        Assert.True(await host.IsUpAsync());
    }

    [Fact]
    public async Task A_fence_that_cannot_be_executed_resets_the_host_at_once()
    {
        await host.AllowAsync(FenceHost.Stubborn);
        await FenceHost.ExecAsync("systemctl", "start", Stubborn);
        await FenceHost.ExecAsync("mv", Program, Program + ".away");

        await Hosts.TryAsync("exec", FenceHost.Name, "systemctl", "start", "--no-block", "blixard-fence@3.service");

        await Eventually.HoldsAsync("the host has reset itself", KillBudget, async () => !await host.IsUpAsync());
    }

    [Fact]
    public async Task A_fence_that_does_not_end_resets_the_host_within_its_limit()
    {
        await host.AllowAsync(FenceHost.Stubborn);
        await FenceHost.ExecAsync("systemctl", "start", Stubborn);
        // What cannot be killed can't be had here; to the manager it is a fence that goes on.
        await FenceHost.ShellAsync($"printf '#!/bin/sh\\nsleep 60\\n' >{Program}");

        await Hosts.TryAsync("exec", FenceHost.Name, "systemctl", "start", "--no-block", "blixard-fence@4.service");
        Assert.True(await host.IsUpAsync());

        await Eventually.HoldsAsync("the host has reset itself", KillBudget, async () => !await host.IsUpAsync());
    }
}
