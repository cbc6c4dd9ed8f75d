using Blixard.Client;
using Blixard.Client.Contracts;

namespace Blixard.Cluster.Tests;

[Collection(nameof(ThreeHosts))]
public sealed class PartitionTests(ThreeHosts hosts, ITestOutputHelper output)
{
    [Fact]
    public async Task A_follower_cut_off_for_a_minute_serves_stale_reads_refuses_the_rest_and_catches_up()
    {
        ThreeHosts.Require();
        await hosts.WholeAsync();
        var cutOff = (await hosts.FollowersAsync())[0];
        var before = await cutOff.VmAsync("web1");
        var writer = new Writer(hosts, "cut", TimeSpan.FromMilliseconds(100));
        await Hosts.RunAsync("cutall", cutOff.Name);
        var minute = Task.Delay(TimeSpan.FromMinutes(1));
        try
        {
            writer.Start(clients: 4);

            var stale = await cutOff.VmAsync("web1", ReadOptions.Stale);
            Assert.Equal(before.Uuid, stale.Uuid);

            var read = await Assert.ThrowsAsync<ProblemException>(() => cutOff.VmAsync("web1"));
            Assert.Equal((503, ProblemTypes.NoLeader), (read.Problem.Status, read.Problem.Type));

            // While it still believes in the old leader it forwards, and can't know what became of it; later it refuses.
            var first = await WriteAsync(cutOff, "lonely");
            Assert.Contains(first.Status, new[] { 503, 504 });
            await Eventually.HoldsAsync("it knows that it has no leader", TimeSpan.FromSeconds(10), async () =>
                (await cutOff.StatusAsync()).Leader is null);
            var second = await WriteAsync(cutOff, "lonelier");
            Assert.Equal((503, ProblemTypes.NoLeader), (second.Status, second.Type));

            var status = await cutOff.StatusAsync();
            Assert.True(status.Stale);
            Assert.False(status.Quorum.Safe);
            Assert.NotEmpty(status.Warnings);
            await minute;
        }
        finally
        {
            await Hosts.RunAsync("joinall", cutOff.Name);
        }

        await writer.StopAsync();
        var caughtUp = await Eventually.HoldsAsync("it catches up", TimeSpan.FromSeconds(20), async () =>
        {
            var leader = (await (await hosts.LeaderAsync()).StatusAsync()).CommitIndex;
            return (await cutOff.StatusAsync()).AppliedIndex + 50 >= leader;
        });
        output.WriteLine(
            $"{writer.Acknowledged} writes while {cutOff.Name} was cut off; caught up {caughtUp.TotalSeconds:F1} s after");
        await hosts.WholeAsync();
        await writer.NothingIsLostAsync();
        await hosts.All[0].Client.RemoveVmAsync("lonely", default);
    }

    [Fact]
    public async Task A_leader_cut_off_from_the_others_acknowledges_nothing_and_is_replaced()
    {
        ThreeHosts.Require();
        await hosts.WholeAsync();
        var old = await hosts.LeaderAsync();
        var other = hosts.All.First(m => m != old);
        await Hosts.RunAsync("cutall", old.Name);
        try
        {
            var problem = await WriteAsync(old, "never");
            Assert.Equal((504, ProblemTypes.OutcomeUnknown), (problem.Status, problem.Type));
            await Eventually.HoldsAsync("the others have a leader", TimeSpan.FromSeconds(10), async () =>
                (await other.Client.GetClusterAsync(ReadOptions.Linearizable, default)).Value.Leader != old.Name);
            await other.Client.RegisterVmAsync("meanwhile", new() { Node = other.Name }, default);

            // What the others decided is not known here, and must not be denied either.
            var read = await Assert.ThrowsAsync<ProblemException>(() => old.VmAsync("meanwhile"));
            Assert.Equal(ProblemTypes.NoLeader, read.Problem.Type);
        }
        finally
        {
            await Hosts.RunAsync("joinall", old.Name);
        }

        await hosts.WholeAsync();
        Assert.Equal("meanwhile", (await old.VmAsync("meanwhile")).Name);
        await old.Client.RemoveVmAsync("meanwhile", default);
        await old.Client.RemoveVmAsync("never", default);
    }

    private static async Task<Problem> WriteAsync(Member member, string vm) =>
        (await Assert.ThrowsAsync<ProblemException>(
            () => member.Client.RegisterVmAsync(vm, new() { Node = member.Name }, default))).Problem;
}
