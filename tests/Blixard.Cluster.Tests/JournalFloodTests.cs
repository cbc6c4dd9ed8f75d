using System.Globalization;
using Blixard.Client.Contracts;

namespace Blixard.Cluster.Tests;

/// <summary>
/// One node whose host takes tens of thousands of errors within seconds: on a host of its own, for its counts are least
/// ones for an hour after that.
/// </summary>
public sealed class JournalFloodTests : IAsyncLifetime
{
    /// <summary>As <c>hosts/units/behaviour/flooding</c> has it.</summary>
    private const int Lines = 60_000;

    private readonly Member _host = new("j1", "10.88.0.62");

    public async ValueTask InitializeAsync()
    {
        if (Hosts.Program is not null)
        {
            await _host.UpAsync(
                [_host],
                [
                    "--bootstrap", "--vm", "web1=idle",
                    "--env", "BLIXARD__AGENT__SAMPLESECONDS=1",
                    "--env", "BLIXARD__AGENT__KEEPALIVESECONDS=2",
                ]);
            await _host.OpenDoorAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _host.Dispose();
        if (Hosts.Program is not null)
        {
            await Hosts.TryAsync("kill", _host.Name);
            await Hosts.TryAsync("clean", _host.Name);
        }
    }

    [Fact]
    public async Task A_flood_of_errors_is_passed_over_in_part_which_is_said_and_what_comes_after_it_is_all_seen()
    {
        ThreeHosts.Require();
        await HasAsync("web1", vm => vm.State == VmState.Running);
        await Hosts.RunAsync("vm", _host.Name, "flooding1", "flooding");
        await Hosts.RunAsync("vm", _host.Name, "within1", "idle");
        await Hosts.RunAsync("vm", _host.Name, "after1", "logging");
        Assert.Equal(0, await CountAsync("blixard_agent_journal_gaps_total"));

        await _host.ExecAsync("systemctl", "start", "microvm@flooding1.service", "microvm@within1.service");
        await HasAsync("within1", vm => vm.State == VmState.Running);
        var last = $"I/O error on /dev/vda, sector {Lines}";
        await HasAsync("flooding1", vm => vm.Health.Errors.Any(line => line.Message == last));
        await SaysAsync("flooding1", "at least 100 errors in last hour");
        Assert.InRange(await CountAsync("blixard_agent_journal_gaps_total"), 1, Lines);
        Assert.InRange(await CountAsync("blixard_agent_journal_errors_total"), 100, Lines - 1);
        Assert.Contains(
            "More errors are in the journal than are looked at", await _host.JournalAsync(), StringComparison.Ordinal);
        Assert.Equal(
            LocalMiss.Journal,
            Assert.Single((await _host.Client.GetLocalStatusAsync(full: false, CancellationToken.None)).Misses).Kind);
        Assert.Empty((await _host.VmAsync("within1")).Health.Errors);

        var gaps = await CountAsync("blixard_agent_journal_gaps_total");
        await _host.ExecAsync("systemctl", "start", "microvm@after1.service");
        await SaysAsync("after1", "at least 3 errors in last hour");
        Assert.Equal(3, (await _host.VmAsync("after1")).Health.Errors.Count);
        Assert.Equal(gaps, await CountAsync("blixard_agent_journal_gaps_total"));
    }

    private Task SaysAsync(string vm, string message) => HasAsync(
        vm, seen => seen.Health.Checks.Any(check => check.Name == "journal_errors" && check.Message == message));

    private async Task HasAsync(string vm, Func<Vm, bool> holds) => await Eventually.HoldsAsync(
        $"{vm} is as expected", TimeSpan.FromSeconds(40), async () => holds(await _host.VmAsync(vm)));

    /// <summary>0 before the first.</summary>
    private async Task<long> CountAsync(string metric)
    {
        using var http = new HttpClient();
        var text = await http.GetStringAsync(new Uri($"http://127.0.0.1:{_host.Port}/metrics"));
        return text.Split('\n').FirstOrDefault(line => line.StartsWith(metric, StringComparison.Ordinal)) is { } line
            ? long.Parse(line.AsSpan(line.LastIndexOf(' ') + 1), CultureInfo.InvariantCulture)
            : 0;
    }
}
