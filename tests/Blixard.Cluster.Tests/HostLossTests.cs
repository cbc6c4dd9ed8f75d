using Blixard.Client.Contracts;

namespace Blixard.Cluster.Tests;

[Collection(nameof(ThreeHosts))]
public sealed class HostLossTests(ThreeHosts hosts, ITestOutputHelper output)
{
    [Fact]
    public async Task The_vms_of_a_lost_host_are_marked_and_its_monitoring_moves_until_it_is_back()
    {
        ThreeHosts.Require();
        await hosts.WholeAsync();
        var lost = await hosts.LeaderAsync();
        var survivor = hosts.All.First(m => m != lost);
        var its = ThreeHosts.Vms[lost.Name].Select(vm => vm[..vm.IndexOf('=')]).ToArray();
        await Hosts.RunAsync("kill", lost.Name);
        try
        {
            var led = await Eventually.HoldsAsync("another leads", TimeSpan.FromSeconds(10), async () =>
                (await survivor.StatusAsync()).Leader is { } leader && leader != lost.Name);
            var marked = await Eventually.HoldsAsync("its VMs are marked", TimeSpan.FromSeconds(15), async () =>
            {
                var vms = (await survivor.Client.GetVmsAsync(Client.ReadOptions.Linearizable, default)).Value;
                return vms.Where(vm => its.Contains(vm.Name))
                    .All(vm => vm is { State: VmState.Unknown, Stale: true, StaleReason: "node lost" });
            });
            await Eventually.HoldsAsync("monitoring has moved", TimeSpan.FromSeconds(15), async () =>
            {
                var vms = (await survivor.Client.GetVmsAsync(Client.ReadOptions.Linearizable, default)).Value;
                var counts = vms.CountBy(vm => vm.Monitor ?? "").ToDictionary();
                return !counts.ContainsKey(lost.Name) && !counts.ContainsKey("")
                    && counts.Values.Max() - counts.Values.Min() <= 1;
            });
            output.WriteLine(
                $"once the kill had returned: another leader seen after {led.TotalSeconds:F2} s, "
                + $"VMs marked {marked.TotalSeconds:F1} s later");
        }
        finally
        {
            await hosts.UpAsync(lost);
        }

        await hosts.WholeAsync();
        await Eventually.HoldsAsync("it monitors again", TimeSpan.FromSeconds(15), async () =>
        {
            var vms = (await survivor.Client.GetVmsAsync(Client.ReadOptions.Linearizable, default)).Value;
            var counts = vms.CountBy(vm => vm.Monitor ?? "").ToDictionary();
            return counts.GetValueOrDefault(lost.Name) > 0 && counts.Values.Max() - counts.Values.Min() <= 1;
        });
    }
}
