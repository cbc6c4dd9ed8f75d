using System.Globalization;

namespace Blixard.Cluster.Tests.Fencing;

/// <summary>
/// A real node on a real host with its fence: that the lease is renewed while the node lives, outlives its restart, and
/// ends what is strict when the node does nothing any more. One host, made for this class alone.
/// </summary>
public sealed class LeaseTests(LeaseTests.LeaseHost host) : IClassFixture<LeaseTests.LeaseHost>
{
    /// <summary>T of the standard profile, in microseconds: a later deadline was asked for from now on.</summary>
    private const long Term = 30_000_000;

    /// <summary>T and K of the standard profile, and what looking takes.</summary>
    private static readonly TimeSpan TermAndKill = TimeSpan.FromSeconds(30 + 5 + 1);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_node_renews_its_lease_and_starts_what_nobody_manages_through_the_gate()
    {
        ThreeHosts.Require();
        var first = await host.LeaseAsync(after: 0);
        var second = await host.LeaseAsync(after: first);

        Assert.InRange(second - FenceHost.Now, 1, 30_000_000);
        Assert.Single((await host.ExecAsync(
            "systemctl", "list-units", "--no-legend", "--plain", "blixard-fence@*.timer")).Split('\n'));
        await Eventually.HoldsAsync("web1 has passed the gate", TimeSpan.FromSeconds(20), async () =>
            await host.ShowAsync("microvm@web1.service", "SubState") == "running");
        Assert.StartsWith(
            "managed 1 ", await host.ExecAsync("cat", "/var/lib/blixard-gate/managed"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_that_is_killed_and_comes_back_in_time_costs_nothing()
    {
        ThreeHosts.Require();
        await host.LeaseAsync(after: 0);
        await host.RunStrictAsync("kept");

        await host.ExecAsync("systemctl", "kill", "--signal=KILL", "blixard-node.service");
        var killed = FenceHost.Now;
        await host.LeaseAsync(after: killed + Term);

        Assert.Equal("active", await host.ShowAsync("kept.service", "ActiveState"));
    }

    [Fact]
    public async Task A_node_that_hangs_loses_what_is_strict_by_the_deadline_and_nothing_else_and_takes_part_again()
    {
        ThreeHosts.Require();
        await host.LeaseAsync(after: FenceHost.Now + Term);
        await host.RunStrictAsync("fenced");

        await host.ExecAsync("systemctl", "kill", "--signal=STOP", "blixard-node.service");
        var deadline = await host.DeadlineAsync();
        var took = await Eventually.HoldsAsync("the strict slice is empty", TermAndKill, async () =>
        {
            var alive = await host.ShowAsync("fenced.service", "ActiveState") == "active";
            Assert.True(alive || FenceHost.Now >= deadline, "dead before the deadline");
            return !alive;
        });
        TestContext.Current.TestOutputHelper?.WriteLine($"dead {took.TotalSeconds:0.0} s after the node stopped");
        Assert.Equal("running", await host.ShowAsync("microvm@web1.service", "SubState"));
        Assert.Null(await host.DeadlineOrNoneAsync());

        await host.ExecAsync("systemctl", "kill", "--signal=CONT", "blixard-node.service");
        await host.LeaseAsync(after: deadline);
    }

    /// <summary>One host with a node alone, the gate and the fence.</summary>
    public sealed class LeaseHost : IAsyncLifetime
    {
        private const string Name = "f2";

        public async ValueTask InitializeAsync()
        {
            if (Hosts.Program is not null)
            {
                await Hosts.RunAsync("up", Name, "10.88.0.72", "--node", "--fence", "--vm", "web1=idle");
            }
        }

        public async ValueTask DisposeAsync()
        {
            if (Hosts.Program is not null)
            {
                await Hosts.TryAsync("kill", Name);
                await Hosts.TryAsync("clean", Name);
            }
        }

        internal Task<string> ExecAsync(params IEnumerable<string> command) => Hosts.ExecAsync(Name, command);

        internal Task<string> ShowAsync(string unit, string property) =>
            ExecAsync("systemctl", "show", "-p", property, "--value", unit);

        /// <summary>A process in the strict slice, for a VM.</summary>
        internal Task RunStrictAsync(string name) => ExecAsync(
            "systemd-run", "--quiet", "--collect", $"--unit={name}", $"--slice={FenceHost.Strict}", "sleep", "infinity");

        /// <summary>Waits for a lease with a later deadline than that.</summary>
        internal async Task<long> LeaseAsync(long after)
        {
            long? deadline = null;
            await Eventually.HoldsAsync("the lease is renewed", Patience, async () =>
            {
                deadline = await DeadlineOrNoneAsync();
                return deadline > after ? true : throw new InvalidOperationException(
                    $"the deadline is {deadline}; the node says: "
                        + await ExecAsync("journalctl", "-u", "blixard-node", "-n", "5", "-o", "cat", "--no-pager"));
            });
            return deadline!.Value;
        }

        internal async Task<long> DeadlineAsync() =>
            await DeadlineOrNoneAsync() ?? throw new InvalidOperationException("there is no lease");

        internal async Task<long?> DeadlineOrNoneAsync()
        {
            var (status, text, _) = await Hosts.TryAsync("exec", Name, "cat", "/run/blixard/lease");
            var line = text.Split('\n').FirstOrDefault(line => line.StartsWith("deadline ", StringComparison.Ordinal));
            return status == 0 && line is not null
                ? long.Parse(line["deadline ".Length..], CultureInfo.InvariantCulture)
                : null;
        }
    }
}
