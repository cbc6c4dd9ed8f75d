using System.Globalization;

namespace Blixard.Cluster.Tests;

/// <summary>What systemd is told of the daemon, and asks of it, by the unit that is installed.</summary>
[Collection(nameof(OneHost))]
public sealed class ServiceLifeTests(OneHost one)
{
    private const string Unit = "blixard-node.service";
    private const string File = "/etc/blixard/blixard.json";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_reload_takes_what_it_can_names_what_waits_and_refuses_a_file_with_mistakes()
    {
        ThreeHosts.Require();
        var before = await ShowAsync("MainPID");
        try
        {
            await ReloadAsync("""{"Agent":{"FullListSeconds":5},"Raft":{"ElectionTicks":12}}""");
            await SaysAsync("Read the configuration anew; changed: Agent:FullListSeconds");
            await SaysAsync("What changed in Raft:ElectionTicks takes effect only when this node is started anew");
            var lists = await ListsAsync();
            await Eventually.HoldsAsync(
                "full lists come every 5 s", Patience, async () => await ListsAsync() >= lists + 2);

            await ReloadAsync("""{"Agent":{"FullListSeconds":1}}""");
            await SaysAsync("is refused, what was in force stays: ");
            await Eventually.HoldsAsync("the refusal is in the status", Patience, async () =>
                (await ShowAsync("StatusText")).Contains("the changed configuration is refused", StringComparison.Ordinal));
            lists = await ListsAsync();
            await Eventually.HoldsAsync("they still do", Patience, async () => await ListsAsync() >= lists + 2);
        }
        finally
        {
            await one.Host.ExecAsync("rm", "-f", File);
            await one.Host.ExecAsync("systemctl", "reload", Unit);
        }

        Assert.Equal(before, await ShowAsync("MainPID"));
        await Eventually.HoldsAsync("it runs, and says so", Patience, async () =>
            await ShowAsync("ActiveState") == "active"
            && (await ShowAsync("StatusText")).EndsWith("VMs of this host run", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_watchdog_hears_of_it_and_a_stop_is_in_order()
    {
        ThreeHosts.Require();
        var heard = await WatchdogAsync();
        await Eventually.HoldsAsync("the watchdog hears of it", Patience, async () => await WatchdogAsync() > heard);
        Assert.Contains("leader, term", await ShowAsync("StatusText"), StringComparison.Ordinal);

        await one.Host.ExecAsync("systemctl", "stop", Unit);
        Assert.Equal("success", await ShowAsync("Result"));
        await SaysAsync("Stopped: in order");
        await one.Host.ExecAsync("systemctl", "start", Unit);
        await one.HasAsync("web1", vm => vm is { Stale: false });
    }

    private async Task ReloadAsync(string configuration)
    {
        await one.Host.ExecAsync("sh", "-c", $"mkdir -p /etc/blixard; cat >{File} <<'END'\n{configuration}\nEND");
        await one.Host.ExecAsync("systemctl", "reload", Unit);
    }

    private Task SaysAsync(string text) => Eventually.HoldsAsync($"its log says \"{text}\"", Patience, async () =>
        (await one.Host.JournalAsync()).Contains(text, StringComparison.Ordinal));

    private async Task<double> ListsAsync()
    {
        var page = await one.Host.ExecAsync(
            "curl", "-s", "--unix-socket", "/run/blixard/blixard.sock", "http://localhost/metrics");
        return double.Parse(
            page.Split('\n').Single(line => line.StartsWith("blixard_agent_full_lists_total ", StringComparison.Ordinal))
                .Split(' ')[1],
            CultureInfo.InvariantCulture);
    }

    private async Task<long> WatchdogAsync() =>
        long.Parse(await ShowAsync("WatchdogTimestampMonotonic"), CultureInfo.InvariantCulture);

    private async Task<string> ShowAsync(string property) =>
        (await one.Host.ExecAsync("systemctl", "show", "--value", "-p", property, Unit)).Trim();
}
