namespace Blixard.Cluster.Tests;

[Collection(nameof(ThreeHosts))]
public sealed class DurabilityTests(ThreeHosts hosts, ITestOutputHelper output)
{
    [Theory]
    [InlineData("n1")]
    [InlineData("n2")]
    [InlineData("n3")]
    public async Task Killing_any_one_daemon_loses_nothing_acknowledged(string victim)
    {
        ThreeHosts.Require();
        var writer = new Writer(hosts, $"one-{victim}", TimeSpan.FromMilliseconds(10));
        writer.Start(clients: 8);
        await WrittenAsync(writer, 100);
        await hosts[victim].KillDaemonAsync();
        await WrittenAsync(writer, 100);
        await writer.StopAsync();
        await hosts.WholeAsync();
        output.WriteLine($"{writer.Acknowledged} writes were acknowledged around the kill of {victim}");
        await writer.NothingIsLostAsync();
    }

    [Fact]
    public async Task Killing_all_daemons_at_once_loses_nothing_acknowledged()
    {
        ThreeHosts.Require();
        var writer = new Writer(hosts, "all", TimeSpan.FromMilliseconds(10));
        writer.Start(clients: 8);
        await WrittenAsync(writer, 200);
        await Task.WhenAll(hosts.All.Select(m => m.KillDaemonAsync()));
        await WrittenAsync(writer, 100);
        await writer.StopAsync();
        await hosts.WholeAsync();
        output.WriteLine($"{writer.Acknowledged} writes were acknowledged around the kill of all three");
        await writer.NothingIsLostAsync();
    }

    [Fact]
    public async Task A_power_cut_of_all_hosts_at_once_loses_nothing_acknowledged()
    {
        ThreeHosts.Require();
        var writer = new Writer(hosts, "power", TimeSpan.FromMilliseconds(10));
        writer.Start(clients: 8);
        await WrittenAsync(writer, 200);
        await Task.WhenAll(hosts.All.Select(m => Hosts.RunAsync("kill", m.Name)));
        foreach (var member in hosts.All)
        {
            await hosts.UpAsync(member);
        }

        await WrittenAsync(writer, 100);
        await writer.StopAsync();
        await hosts.WholeAsync();
        await writer.NothingIsLostAsync();
    }

    private static async Task WrittenAsync(Writer writer, int more)
    {
        var goal = writer.Acknowledged + more;
        await Eventually.HoldsAsync(
            $"{more} more writes are acknowledged",
            TimeSpan.FromSeconds(60),
            () => Task.FromResult(writer.Acknowledged >= goal));
    }
}
