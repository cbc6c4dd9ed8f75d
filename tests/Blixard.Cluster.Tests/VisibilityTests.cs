using System.Diagnostics;
using Blixard.Client.Contracts;

namespace Blixard.Cluster.Tests;

[Collection(nameof(ThreeHosts))]
public sealed class VisibilityTests(ThreeHosts hosts, ITestOutputHelper output)
{
    [Fact]
    public async Task A_unit_stopped_on_one_host_is_seen_through_another_nodes_api_within_a_second()
    {
        ThreeHosts.Require();
        var (where, through) = (hosts["n2"], hosts["n3"]);
        var taken = new List<double>();
        for (var trial = 0; trial < 20; trial++)
        {
            var seen = SeenAsync(through, VmState.Stopped);
            await where.ExecAsync("systemctl", "stop", "microvm@web2.service");
            taken.Add(await seen);
            seen = SeenAsync(through, VmState.Running);
            await where.ExecAsync("systemctl", "start", "microvm@web2.service");
            await seen;
        }

        taken.Sort();
        output.WriteLine(
            "from systemd's time of the change to the other node's answer, asked every 20 ms, 20 trials: "
            + $"median {taken[10]:F0} ms, max {taken[^1]:F0} ms");
        Assert.InRange(taken[10], 0, 1000);
    }

    [Fact]
    public async Task Every_state_is_told_with_what_systemd_says_of_it()
    {
        ThreeHosts.Require();
        await hosts.WholeAsync();
        var broken = await hosts["n3"].VmAsync("broken1");
        Assert.Equal((VmState.Failed, "exit-code", 3), (broken.State, broken.Result, broken.ExitCode));
        Assert.False(broken.Health.Healthy);

        var running = await hosts["n1"].VmAsync("web3");
        Assert.Equal(("running", "microvm@web3.service"), (running.SubState, running.Unit));
        Assert.True(running.Health.Healthy);
        Assert.Contains(running.Health.Checks, c => c is { Name: "service_state", Message: "Service state: Running" });
        Assert.NotNull(running.MainPid);
    }

    [Fact]
    public async Task A_vm_that_is_laid_out_on_every_host_is_one_vm_with_three_candidates()
    {
        ThreeHosts.Require();
        var spare = await hosts["n1"].VmAsync(ThreeHosts.Candidate);
        Assert.Equal(["n1", "n2", "n3"], spare.Candidates);
        Assert.Equal(VmState.Stopped, spare.State);
    }

    [Fact]
    public async Task Helper_units_and_refused_names_are_no_vms_and_a_refused_name_is_told()
    {
        ThreeHosts.Require();
        var host = hosts["n1"];

        // A unit file of its own: an escape that systemd takes as it is, and that we never build a path of.
        const string Refused = @"microvm@bad\x2dname.service";
        await host.ExecAsync(
            "sh", "-c", "printf '[Service]\\nExecStart=/bin/sleep infinity\\n' > \"/run/systemd/system/$0\"", Refused);
        await host.ExecAsync("systemctl", "daemon-reload");
        await host.ExecAsync("systemctl", "start", Refused, "microvm-virtiofsd@web1.service");
        await Eventually.HoldsAsync("the refused unit is told", TimeSpan.FromSeconds(20), async () =>
            (await host.ExecAsync("journalctl", "-u", "blixard-node.service", "--no-pager", "-o", "cat"))
                .Contains($"{Refused} is not taken for a VM", StringComparison.Ordinal));
        var vms = (await host.Client.GetVmsAsync(Client.ReadOptions.Linearizable, default)).Value;
        Assert.DoesNotContain(vms, vm => vm.Name.Contains("virtiofsd") || vm.Name.Contains("bad"));
        await host.ExecAsync("systemctl", "stop", Refused);
        await host.ExecAsync("rm", $"/run/systemd/system/{Refused}");
        await host.ExecAsync("systemctl", "daemon-reload");
    }

    [Fact]
    public async Task The_cpu_of_a_busy_vm_is_counted()
    {
        ThreeHosts.Require();
        await Eventually.HoldsAsync("batch3 has a CPU figure", TimeSpan.FromSeconds(20), async () =>
            await hosts["n1"].VmAsync("batch3") is { Resources: { CpuPercent: > 1, CpuSeconds: > 0 } });
    }

    /// <returns>Milliseconds since the change, by the clock that the hosts share with this machine.</returns>
    private static async Task<double> SeenAsync(Member through, VmState state)
    {
        var took = 0.0;
        await Eventually.HoldsAsync($"web2 is seen {state} through {through.Name}", TimeSpan.FromSeconds(20), async () =>
        {
            var vm = await through.VmAsync("web2", Client.ReadOptions.Stale);
            took = (DateTimeOffset.UtcNow - (vm.Since ?? DateTimeOffset.MinValue)).TotalMilliseconds;
            return vm.State == state;
        });
        return took;
    }
}
