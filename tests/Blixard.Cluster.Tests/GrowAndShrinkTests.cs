using System.Diagnostics;
using Blixard.Client;
using Blixard.Client.Contracts;

namespace Blixard.Cluster.Tests;

/// <summary>From one node to five and back to three, as an operator does it, while clients write.</summary>
public sealed class GrowAndShrinkTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int PerSecond = 1000;
    private static readonly TimeSpan LongestPauseAllowed = TimeSpan.FromSeconds(2);

    private readonly Member[] _hosts =
        [.. Enumerable.Range(1, 5).Select(i => new Member($"g{i}", $"10.88.0.{30 + i}"))];

    public async ValueTask InitializeAsync()
    {
        if (Hosts.Program is null)
        {
            return;
        }

        foreach (var host in _hosts)
        {
            var first = host == _hosts[0];
            await Hosts.RunAsync(
                [
                    "up", host.Name, host.Ip, "--node",
                    .. first ? ["--env", $"BLIXARD__RAFT__LISTEN={host.Ip}:7481"] : new[] { "--stopped" },

                    // A learner is promoted after ten seconds of health; the test needs to see it, not to wait for it.
                    "--env", "BLIXARD__CLUSTER__PROMOTEAFTERSECONDS=1",
                ]);
            await host.OpenDoorAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var host in _hosts)
        {
            host.Dispose();
            if (Hosts.Program is not null)
            {
                await Hosts.TryAsync("kill", host.Name);
                await Hosts.TryAsync("clean", host.Name);
            }
        }
    }

    [Fact]
    public async Task A_cluster_goes_from_one_node_to_five_and_back_to_three_under_load_and_loses_nothing()
    {
        ThreeHosts.Require();
        var first = _hosts[0];
        await Eventually.HoldsAsync("the first node leads", TimeSpan.FromSeconds(20), async () =>
            (await first.StatusAsync()).Leader == first.Name);
        using var load = new AnnotationLoad(PerSecond, clients: 32);
        load.Use(first);
        await load.StartAsync(first.Client, first.Name, writes: 60 * PerSecond);
        var began = Stopwatch.GetTimestamp();

        foreach (var host in _hosts[1..])
        {
            var added = (await first.Client.AddMemberAsync(
                new() { Name = host.Name, RaftAddress = $"{host.Ip}:7481" }, default)).Value;
            await host.ExecAsync(
                "env", $"BLIXARD__NODE__NAME={host.Name}", "/opt/dotnet/dotnet", "/opt/blixard/node/blixard-node.dll", "join",
                added.Token);
            await host.ExecAsync("systemctl", "start", "--no-block", "blixard-node.service");
            if (host == _hosts[2])
            {
                await VotersAsync(first, 3);
                load.Use(_hosts[..3]);
            }
        }

        await VotersAsync(first, 5);
        load.Use(_hosts);
        output.WriteLine($"from 1 to 5 voters in {Stopwatch.GetElapsedTime(began).TotalSeconds:F1} s");

        // The leader goes first: that is the hardest to do without. Not the first node, whose VMs are written to: those
        // that only one node defines go with it.
        await first.Client.TransferLeadershipAsync(_hosts[2].Name, default);
        List<Member> left = [.. _hosts];
        foreach (var leaving in new[] { _hosts[2], _hosts[4] })
        {
            left.Remove(leaving);
            await leaving.Client.RemoveMemberAsync(leaving.Name, force: true, default);
            load.Use(left);
        }

        await VotersAsync(first, 3);
        await Task.Delay(TimeSpan.FromSeconds(1));
        await load.StopAsync();
        output.WriteLine(
            $"{load.Acknowledged} writes at {load.Rate:F0}/s, {load.Retries} attempts made again; longest pause "
            + $"{load.LongestPause.TotalMilliseconds:F0} ms, longest write {load.LongestWrite.TotalMilliseconds:F0} ms; "
            + $"{Stopwatch.GetElapsedTime(began).TotalSeconds:F1} s in all");
        Assert.Empty(await load.LostAsync(left[^1].Client));

        // The rate is told above and judged by whoever reads it: it says as much of the machine as of the cluster.
        Assert.True(
            load.LongestPause < LongestPauseAllowed,
            $"no write was acknowledged for {load.LongestPause.TotalMilliseconds:F0} ms");
        foreach (var gone in new[] { _hosts[2], _hosts[4] })
        {
            await Eventually.HoldsAsync($"{gone.Name} says that it was removed", TimeSpan.FromSeconds(10), async () =>
                (await gone.Client.GetLocalStatusAsync(full: false, default)).State == "removed");
        }
    }

    private static Task<TimeSpan> VotersAsync(Member through, int voters) => Eventually.HoldsAsync(
        $"{voters} members vote",
        TimeSpan.FromSeconds(30),
        async () => (await through.Client.GetMembersAsync(ReadOptions.Linearizable, default)).Value
            .Count(member => member.Membership == MembershipKind.Voter) == voters);
}
