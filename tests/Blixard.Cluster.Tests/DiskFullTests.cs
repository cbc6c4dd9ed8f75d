using Blixard.Client;
using Blixard.Client.Contracts;

namespace Blixard.Cluster.Tests;

/// <summary>A member whose disk is full, on a real file system of its own.</summary>
[Collection(nameof(ThreeHosts))]
public sealed class DiskFullTests(ThreeHosts hosts, ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>
    /// The write that comes first is refused by the full leader and taken by the next one, within the same request. The full
    /// member says for itself that it has no space, goes on as a voter, and is as before when there is space again.
    /// </summary>
    [Fact]
    public async Task A_leader_without_space_lets_another_lead_while_writes_go_on_and_is_whole_once_there_is_space()
    {
        ThreeHosts.Require();
        Assert.SkipWhen(hosts.WhyNoDisks is not null, hosts.WhyNoDisks ?? "");
        await hosts.WholeAsync();
        var full = await hosts.LeaderAsync();
        Member[] others = [.. hosts.All.Where(member => member != full)];
        var note = new Note("disk-full");
        await note.WriteAsync(full, "before");
        await full.FillDiskAsync();
        try
        {
            await note.WriteAsync(others[0], "first");
            await note.WriteAsync(others[1], "second");
            Assert.Equal("second", await note.ReadAsync(others[0]));

            var leader = "";
            await Eventually.HoldsAsync("another leads, and says whose disk is full", Patience, async () =>
            {
                leader = (await others[0].Client.GetClusterAsync(ReadOptions.Linearizable, default)).Value.Leader ?? "";
                if (leader.Length == 0 || leader == full.Name)
                {
                    return false;
                }

                var status = (await hosts[leader].Client.GetClusterAsync(ReadOptions.Linearizable, default)).Value;
                return status.Members.Single(member => member.Name == full.Name).Trouble == "low on disk space"
                    && status.Warnings.Any(warning =>
                        warning.StartsWith($"The disk of node {full.Name} is nearly full", StringComparison.Ordinal))
                    && status.Quorum is { Safe: true, Healthy: 3 };
            });
            output.WriteLine($"{full.Name} is full, {leader} leads");

            var refused = await Assert.ThrowsAsync<ProblemException>(() => note.WriteAsync(full, "nowhere"));
            Assert.Equal((507, ProblemTypes.NoSpace), (refused.Problem.Status, refused.Problem.Type));

            // Its heartbeats and its votes go on: with the new leader stopped, the third is elected by the full one.
            var third = others.Single(member => member.Name != leader);
            await hosts[leader].PauseDaemonAsync();
            try
            {
                await Eventually.HoldsAsync($"{third.Name} leads by the vote of {full.Name}", Patience, async () =>
                    (await third.Client.GetClusterAsync(ReadOptions.Stale, default)).Value.Leader == third.Name);
            }
            finally
            {
                await hosts[leader].ResumeDaemonAsync();
            }
        }
        finally
        {
            await full.FreeDiskAsync();
        }

        await hosts.WholeAsync();
        await Eventually.HoldsAsync($"{full.Name} takes writes again", Patience, async () =>
        {
            await note.WriteAsync(full, "after");
            return true;
        });
        foreach (var member in hosts.All)
        {
            Assert.Equal("after", await note.ReadAsync(member));
        }

        await Eventually.HoldsAsync("nobody is said to be full", Patience, async () =>
            (await (await hosts.LeaderAsync()).Client.GetMembersAsync(ReadOptions.Linearizable, default)).Value
                .All(member => member.Trouble is null));
        await note.RemoveAsync(full);
    }
}
