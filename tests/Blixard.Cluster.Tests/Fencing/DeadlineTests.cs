using System.Globalization;
using System.Text.Json;
using Blixard.Node.Fencing;
using Blixard.Systemd;
using Blixard.Systemd.Bus;
using Blixard.Systemd.Cgroups;

namespace Blixard.Cluster.Tests.Fencing;

/// <summary>
/// The dead-man's switch of the product on a real PID 1: deadlines that are kept whatever happens meanwhile.
/// </summary>
[Collection(nameof(FenceHost))]
public sealed class DeadlineTests(FenceHost host) : IAsyncLifetime
{
    private const string Stubborn = $"microvm@{FenceHost.Stubborn}.service";

    /// <summary>K: what a fence may take. What it takes is printed.</summary>
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(5);

    private readonly HostClocks _clocks = new();
    private readonly FenceMetrics _metrics = new();
    private SystemdConnection? _connection;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private SystemdConnection Connection => _connection ??= new(
        new() { Address = BusAddress.Parse(host.Bus) }, TimeProvider.System);

    public async ValueTask InitializeAsync()
    {
        ThreeHosts.Require();
        await host.AllowAsync(FenceHost.Stubborn);
        await FenceHost.ExecAsync("systemctl", "start", Stubborn);
    }

    public async ValueTask DisposeAsync()
    {
        _metrics.Dispose();
        if (Hosts.Program is not null)
        {
            await FenceHost.CleanAsync();
        }

        if (_connection is not null)
        {
            await _connection.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_lease_that_is_not_renewed_ends_its_vms_at_the_deadline_and_not_before()
    {
        var lease = await RenewAsync(NewDeadMan(), TimeSpan.FromSeconds(2));

        await DiesAtAsync(lease);
    }

    [Fact]
    public async Task Each_renewal_moves_the_deadline_and_leaves_one_timer()
    {
        var deadMan = NewDeadMan();
        Lease lease = null!;
        for (var renewal = 0; renewal < 10; renewal++)
        {
            lease = await RenewAsync(deadMan, TimeSpan.FromSeconds(1.5));
            await Task.Delay(TimeSpan.FromMilliseconds(300), Token);
        }

        Assert.True(host.AnyIsAlive, "killed although it was renewed");
        Assert.Equal([DeadMan.TimerOf($"{lease.SentAt}")], await TimersAsync());
        await DiesAtAsync(lease);
    }

    [Theory]
    [InlineData("daemon-reload")]
    [InlineData("daemon-reexec")]
    public async Task Neither_a_reload_nor_a_reexecution_every_second_moves_a_deadline(string what)
    {
        var lease = await RenewAsync(NewDeadMan(), TimeSpan.FromSeconds(4));
        await FenceHost.ExecAsync(
            "systemd-run", "--quiet", "--collect", "--unit=again", "bash", "-c",
            $"for n in 1 2 3 4 5 6; do systemctl {what}; sleep 0.7; done");

        await DiesAtAsync(lease);
        await FenceHost.ExecAsync("systemctl", "stop", "again.service");
    }

    [Fact]
    public async Task A_deadline_that_is_past_when_it_is_armed_kills_at_once_and_is_no_lease()
    {
        // What a process does that was stopped between the two clocks and the call: the product's own refuses it
        // before.
        var start = await Connection.Timers.GetUserspaceStartAsync(Token);
        await Connection.Timers.StartTimerAsync(
            new(DeadMan.TimerOf("1"), (ulong)_clocks.Monotonic - start - 1_000_000, 50_000), Token);

        await Eventually.HoldsAsync("its VMs are dead", Budget, () => Task.FromResult(!host.AnyIsAlive));
        await Assert.ThrowsAsync<LeaseNotArmedException>(
            () => NewDeadMan().RenewAsync(new(3, _clocks.BootTime - 2_000_000, _clocks.BootTime - 1), Token));
    }

    [Fact]
    public async Task The_deadline_of_a_process_before_is_taken_away_by_the_first_renewal_of_the_next()
    {
        var before = await RenewAsync(NewDeadMan(), TimeSpan.FromSeconds(2));

        var lease = await RenewAsync(NewDeadMan(), TimeSpan.FromSeconds(4));

        Assert.Equal([DeadMan.TimerOf($"{lease.SentAt}")], await TimersAsync());
        await Task.Delay(TimeSpan.FromMicroseconds(before.Deadline - _clocks.BootTime + 500_000), Token);
        Assert.True(host.AnyIsAlive, "killed by the deadline of a predecessor");
        await DiesAtAsync(lease);
    }

    [Fact]
    public async Task At_the_end_of_a_vm_that_ignores_sigterm_the_fence_does_not_wait_for_its_stop()
    {
        await FenceHost.ExecAsync("systemctl", "stop", "--no-block", Stubborn);
        Assert.Equal("deactivating", await FenceHost.ShowAsync(Stubborn, "ActiveState"));
        var lease = await RenewAsync(NewDeadMan(), TimeSpan.FromSeconds(1));

        await DiesAtAsync(lease);
    }

    [Fact]
    public async Task The_fence_is_tried_on_a_canary_and_says_how_long_it_may_take()
    {
        var test = new TestFence(
            NewDeadMan(),
            Connection.Timers,
            Connection.Units,
            _clocks,
            host.Paths,
            new(host.Paths, host.BootId),
            _metrics,
            TimeProvider.System);

        Assert.Equal(TimeSpan.FromSeconds(5), (await test.RunAsync(Token)).KillBudget);
        Assert.True(host.AnyIsAlive);

        // Noexec, as /run is where nothing is mounted for it; and as if it were the first process of the boot.
        File.Delete(host.Paths.Tried);
        await FenceHost.ExecAsync("mount", "-o", "remount,noexec", "/run/blixard/exec");
        var broken = await Assert.ThrowsAsync<FenceBrokenException>(() => test.RunAsync(Token));
        await FenceHost.ExecAsync("mount", "-o", "remount,exec", "/run/blixard/exec");
        Assert.Contains("blixard-canary.service", broken.Message, StringComparison.Ordinal);
        Assert.True(await host.IsUpAsync());
    }

    [Fact]
    public async Task A_revoked_vm_is_stopped_is_proven_so_and_does_not_come_back()
    {
        await FenceHost.ShellAsync(
            $"printf '[Service]\\nTimeoutStopSec=1s\\n' >/run/systemd/system/{Stubborn}.d/t.conf; systemctl daemon-reload");
        var grants = new GrantStore(host.Paths, host.BootId);
        var revocation = new Revocation(
            grants, Connection.Units, Connection.Timers, new CgroupRoot(host.In("/sys/fs/cgroup")));
        Assert.True(host.AnyIsAlive);

        await revocation.StopAsync(FenceHost.Stubborn, 5, TimeSpan.FromSeconds(20), Token);

        Assert.False(host.AnyIsAlive);
        Assert.Equal(5ul, grants.Tombstone(FenceHost.Stubborn));
        await FenceHost.ExecAsync("systemctl", "start", Stubborn);
        await Eventually.HoldsAsync("the gate has refused", TimeSpan.FromSeconds(10), async () =>
            (await FenceHost.JournalAsync(Stubborn)).Contains("this host has no grant for it"));
        Assert.False(host.AnyIsAlive);
    }

    private DeadMan NewDeadMan() => new(
        Connection.Timers, Connection.Units, _clocks, new LeaseFile(host.Paths, host.BootId), _metrics);

    private async Task<Lease> RenewAsync(DeadMan deadMan, TimeSpan term)
    {
        var sent = _clocks.BootTime;
        var lease = new Lease(3, sent, sent + (long)term.TotalMicroseconds);
        await deadMan.RenewAsync(lease, Token);
        return lease;
    }

    private async Task<IEnumerable<string>> TimersAsync() =>
        (await Connection.Units.ListUnitsByPatternsAsync(["blixard-fence@*.timer"], Token)).Select(unit => unit.Name);

    /// <summary>
    /// Alive at every look before the deadline; then the fence begins within its budget, by systemd's own time stamps,
    /// and when nobody is left the lease is gone too.
    /// </summary>
    private async Task DiesAtAsync(Lease lease)
    {
        await Eventually.HoldsAsync("its VMs are dead", TimeSpan.FromSeconds(15), () =>
        {
            var alive = host.AnyIsAlive;
            Assert.True(alive || _clocks.BootTime >= lease.Deadline, "dead before the deadline");
            return Task.FromResult(!alive);
        });
        Assert.False(File.Exists(host.In("/run/blixard/lease")));

        var began = await BeganAsync(DeadMan.ServiceOf($"{lease.SentAt}"));
        var late = began - (lease.Deadline - (_clocks.BootTime - _clocks.Monotonic));
        TestContext.Current.TestOutputHelper?.WriteLine($"the fence began {late} us after the deadline");
        Assert.InRange(late, -1000, (long)Budget.TotalMicroseconds);
    }

    /// <summary>When systemd said that it starts the unit, in CLOCK_MONOTONIC microseconds.</summary>
    private static async Task<long> BeganAsync(string service)
    {
        var line = "";
        await Eventually.HoldsAsync("the journal has the fence", TimeSpan.FromSeconds(10), async () =>
        {
            line = await FenceHost.ShellAsync(
                $"journalctl -b UNIT={service} -o json --no-pager -q | grep -m 1 Starting || true");
            return line.Length > 0;
        });
        return long.Parse(
            JsonDocument.Parse(line).RootElement.GetProperty("__MONOTONIC_TIMESTAMP").GetString()!,
            CultureInfo.InvariantCulture);
    }
}
