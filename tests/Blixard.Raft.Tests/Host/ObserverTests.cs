using Blixard.Raft.Core;

namespace Blixard.Raft.Tests.Host;

/// <summary>Three voters and two nodes that only follow, over real connections on real disks.</summary>
public sealed class ObserverTests
{
    [Fact]
    public async Task Observers_apply_what_the_voters_commit_and_take_writes_and_reads()
    {
        await using var bench = new HostBench(3, observers: 2, tcp: true);
        await bench.WriteAsync(1, "from a voter");
        await bench.WriteAsync(4, "from an observer");
        foreach (var id in (int[])[4, 5])
        {
            await bench.Machine(id).UntilAsync(
                lines => lines.Contains("from a voter") && lines.Contains("from an observer"), bench.Limit);
            Assert.Equal(RaftRole.Observer, bench[id].Status.Role);
            Assert.InRange(await bench[id].ReadIndexAsync(bench.Limit), 2ul, ulong.MaxValue);
        }

        var leader = await bench.LeaderAsync();
        Assert.DoesNotContain(bench[leader].Status.Peers, peer => peer.Member.Value > 3);
    }

    [Fact]
    public async Task An_observer_whose_source_dies_goes_on_with_another()
    {
        await using var bench = new HostBench(3, observers: 2, tcp: true);
        await bench.WriteAsync(1, "before");
        await bench.Machine(4).UntilAsync(lines => lines.Contains("before"), bench.Limit);
        await bench.Machine(5).UntilAsync(lines => lines.Contains("before"), bench.Limit);

        // 4 begins with the second member, 5 with the third: one of the two loses its source.
        await bench.StopAsync(2);
        await bench.WriteAsync(3, "after");
        await bench.Machine(4).UntilAsync(lines => lines.Contains("after"), bench.Limit);
        await bench.Machine(5).UntilAsync(lines => lines.Contains("after"), bench.Limit);
        Assert.Equal(bench.Machine(3).Lines, bench.Machine(4).Lines);
        Assert.Equal(bench.Machine(3).Lines, bench.Machine(5).Lines);
    }

    [Fact]
    public async Task An_observer_that_comes_late_begins_with_a_snapshot_and_keeps_what_it_has()
    {
        await using var bench = new HostBench(
            3, o => o with { SnapshotEntries = 20, TrailingEntries = 5, CatchUpBytes = 0 }, tcp: true);
        for (var i = 0; i < 60; i++)
        {
            await bench.WriteAsync(1, $"line {i}");
        }

        // Each cuts its log when its own snapshot is stored: whichever is asked must have done so.
        await bench.UntilAsync(() => bench.Ids.All(id => bench[(int)id.Value].Status.First > 1));
        bench.Start(4);
        await bench.Machine(4).UntilAsync(lines => lines.Contains("line 59"), bench.Limit);
        Assert.Equal(1, bench.Machine(4).Restores);
        await bench.StopAsync(4);
        await bench.WriteAsync(1, "meanwhile");
        bench.Start(4);
        await bench.Machine(4).UntilAsync(lines => lines.Contains("meanwhile"), bench.Limit);
        Assert.Equal(bench.Machine(1).Lines, bench.Machine(4).Lines);
    }

    [Fact]
    public async Task A_node_that_knows_no_configuration_gets_it_with_a_snapshot_that_is_taken_for_it()
    {
        await using var bench = new HostBench(3, tcp: true);
        await bench.WriteAsync(1, "before");
        bench.Start(4, joining: true);
        await bench.Machine(4).UntilAsync(lines => lines.Contains("before"), bench.Limit);
        Assert.Equal(1, bench.Machine(4).Restores);
        await bench.UntilAsync(() => bench[4].Status.Configuration == Configuration.Of(new(1), new(2), new(3)));
    }

    [Fact]
    public async Task An_observer_is_made_a_learner_and_then_a_voter()
    {
        await using var bench = new HostBench(3, observers: 1, tcp: true);
        await bench.WriteAsync(1, "before");
        await bench.Machine(4).UntilAsync(lines => lines.Contains("before"), bench.Limit);
        var voters = Configuration.Of(new(1), new(2), new(3));
        await bench.ChangeAsync(voters with { Learners = [new(4)] });
        await bench.ChangeAsync(Configuration.Of(new(1), new(2), new(3), new(4)));
        await bench.WriteAsync(4, "after");
        await bench.UntilAsync(() => bench[4].Status.Role == RaftRole.Follower);
    }
}
