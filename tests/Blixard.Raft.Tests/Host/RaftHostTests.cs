using Blixard.Raft.Core;
using Blixard.Raft.Host;
using Blixard.Raft.Storage;

namespace Blixard.Raft.Tests.Host;

public sealed class RaftHostTests
{
    [Fact]
    public async Task A_single_member_leads_applies_and_keeps_its_log_over_a_restart()
    {
        await using var bench = new HostBench(1);
        await bench.WriteAsync(1, "kept");
        await bench.StopAsync(1);
        bench.Start(1);
        await bench.Machine(1).UntilAsync(lines => lines.Contains("kept"), bench.Limit);
    }

    [Fact]
    public async Task What_one_member_is_told_all_apply_in_one_order()
    {
        await using var bench = new HostBench(3);
        await Task.WhenAll(Enumerable.Range(0, 60).Select(i => bench.WriteAsync((i % 3) + 1, $"line {i}")));
        foreach (var id in (int[])[1, 2, 3])
        {
            await bench.Machine(id).UntilAsync(lines => lines.Distinct().Count() == 60, bench.Limit);
        }

        // A retry may have doubled a line; the order is the same for all as far as each has come.
        var longest = bench.Machine(1).Lines;
        foreach (var id in (int[])[2, 3])
        {
            var lines = bench.Machine(id).Lines;
            var shared = Math.Min(lines.Count, longest.Count);
            Assert.Equal(longest.Take(shared), lines.Take(shared));
        }
    }

    [Fact]
    public async Task A_read_index_covers_every_write_acknowledged_before_it()
    {
        await using var bench = new HostBench(3);
        for (var i = 0; i < 20; i++)
        {
            await bench.WriteAsync((i % 3) + 1, $"line {i}");
            var acknowledged = bench[(i % 3) + 1].Status.Applied;
            Assert.InRange(await bench[((i + 1) % 3) + 1].ReadIndexAsync(bench.Limit), acknowledged, ulong.MaxValue);
        }
    }

    [Fact]
    public async Task Many_reads_at_once_are_all_answered()
    {
        await using var bench = new HostBench(3);
        await bench.WriteAsync(1, "first");
        var reads = await Task.WhenAll(
            Enumerable.Range(0, 500).Select(i => bench[(i % 3) + 1].ReadIndexAsync(bench.Limit)));
        Assert.All(reads, index => Assert.InRange(index, 2ul, ulong.MaxValue));
    }

    [Fact]
    public async Task A_member_without_a_quorum_confirms_no_read_and_says_so()
    {
        await using var bench = new HostBench(3, o => o with { ReadTimeout = TimeSpan.FromMilliseconds(300) });
        await bench.WriteAsync(1, "seen");
        var leader = await bench.LeaderAsync();
        bench.Network.Isolate(new((ulong)leader), bench.Ids);
        await Assert.ThrowsAsync<NoLeaderException>(() => bench[leader].ReadIndexAsync(bench.Limit));
    }

    [Fact]
    public async Task A_member_that_loses_its_leader_is_told_so()
    {
        await using var bench = new HostBench(3);
        await bench.WriteAsync(1, "seen");
        var leader = await bench.LeaderAsync();
        var told = new TaskCompletionSource();
        bench[leader].LeadershipChanged += status =>
        {
            if (status.Leader.IsNone)
            {
                told.TrySetResult();
            }
        };

        // Nothing but the clock tells a leader that nobody answers any more.
        bench.Network.Isolate(new((ulong)leader), bench.Ids);
        await told.Task.WaitAsync(bench.Limit);
    }

    [Fact]
    public async Task Writes_go_on_when_the_leader_is_gone_and_it_catches_up_when_it_is_back()
    {
        await using var bench = new HostBench(3);
        await bench.WriteAsync(1, "before");
        var leader = await bench.LeaderAsync();
        await bench.StopAsync(leader);
        var other = (leader % 3) + 1;
        await bench.WriteAsync(other, "meanwhile");
        bench.Start(leader);
        await bench.Machine(leader).UntilAsync(lines => lines.Contains("meanwhile"), bench.Limit);
    }

    [Fact]
    public async Task A_member_that_is_far_behind_is_brought_up_by_a_snapshot()
    {
        await using var bench = new HostBench(
            3, o => o with { SnapshotEntries = 20, TrailingEntries = 5, CatchUpBytes = 0 });
        await bench.WriteAsync(1, "before");
        var leader = await bench.LeaderAsync();
        var behind = (leader % 3) + 1;
        await bench.StopAsync(behind);
        for (var i = 0; i < 100; i++)
        {
            await bench.WriteAsync(leader, $"line {i}");
        }

        bench.Start(behind);
        await bench.Machine(behind).UntilAsync(lines => lines.Contains("line 99"), bench.Limit);
        Assert.InRange(bench.Machine(behind).Restores, 1, int.MaxValue);
        Assert.InRange(bench[leader].Status.First, 50ul, ulong.MaxValue);
    }

    [Fact]
    public async Task A_leader_that_is_one_no_longer_ends_the_snapshot_it_was_sending()
    {
        await using var bench = new HostBench(
            3, o => o with { SnapshotEntries = 20, TrailingEntries = 5, CatchUpBytes = 0 });
        await bench.WriteAsync(1, "before");
        var leader = await bench.LeaderAsync();
        var behind = (leader % 3) + 1;
        await bench.StopAsync(behind);
        for (var i = 0; i < 60; i++)
        {
            await bench.WriteAsync(leader, $"line {i}");
        }

        bench.Network.Gate = new();
        bench.Start(behind);
        Assert.Equal(new MemberId((ulong)leader), await bench.Network.Held.Reader.ReadAsync(bench.Limit));

        // The next leader's will end by itself, and bring the member up.
        bench.Network.Gate = null;
        Assert.Equal(TransferOutcome.Moved, (await bench[leader].TransferLeadershipAsync(null, bench.Limit)).Outcome);
        Assert.Equal(new MemberId((ulong)leader), await bench.Network.Ended.Reader.ReadAsync(bench.Limit));
        var next = await NextLeaderAsync(bench, leader);
        await bench.WriteAsync(next, "after");
        await bench.Machine(behind).UntilAsync(lines => lines.Contains("after"), bench.Limit);
    }

    [Fact]
    public async Task What_a_member_needs_after_its_snapshot_is_kept_until_it_has_arrived()
    {
        await using var bench = new HostBench(3, o => o with { SnapshotEntries = 20, TrailingEntries = 5 });
        await bench.WriteAsync(1, "before");
        var leader = await bench.LeaderAsync();
        var behind = (leader % 3) + 1;
        await bench.StopAsync(behind);
        while (bench[leader].Status.First < 10)
        {
            // Until it is no longer taken for live, and the log is cut behind it.
            await bench.WriteAsync(leader, "meanwhile");
        }

        var gate = bench.Network.Gate = new();
        bench.Start(behind);
        await bench.Network.Held.Reader.ReadAsync(bench.Limit);
        for (var i = 0; i < 200; i++)
        {
            await bench.WriteAsync(leader, $"line {i}");
        }

        gate.SetResult();
        await bench.Machine(behind).UntilAsync(lines => lines.Contains("line 199"), bench.Limit);
        Assert.Equal(1, bench.Machine(behind).Restores);
    }

    [Fact]
    public async Task A_damaged_snapshot_is_taken_anew_before_it_is_sent()
    {
        await using var bench = new HostBench(
            3,
            o => o with
            {
                SnapshotEntries = 40,
                TrailingEntries = 5,
                CatchUpBytes = 0,
                SnapshotRetry = TimeSpan.FromMilliseconds(20),
            });
        await bench.WriteAsync(1, "before");
        var leader = await bench.LeaderAsync();
        var behind = (leader % 3) + 1;
        await bench.StopAsync(behind);
        for (var i = 0; i < 70; i++)
        {
            await bench.WriteAsync(leader, $"line {i}");
        }

        foreach (var path in Directory.GetFiles(Path.Combine(bench.DirectoryOf(leader), "snapshots")))
        {
            var bytes = await File.ReadAllBytesAsync(path, bench.Limit);
            bytes[3] ^= 1;
            await File.WriteAllBytesAsync(path, bytes, bench.Limit);
        }

        bench.Start(behind);
        await bench.Machine(behind).UntilAsync(lines => lines.Contains("line 69"), bench.Limit);
        Assert.Equal(bench.Machine(leader).Lines, bench.Machine(behind).Lines);
        Assert.Equal(1, bench.Machine(behind).Restores);
    }

    [Fact]
    public async Task A_restart_begins_at_the_newest_snapshot_and_applies_what_follows_once()
    {
        await using var bench = new HostBench(1, o => o with { SnapshotEntries = 10, TrailingEntries = 3 });
        for (var i = 0; i < 35; i++)
        {
            await bench.WriteAsync(1, $"line {i}");
        }

        await bench.StopAsync(1);
        bench.Start(1);
        await bench.Machine(1).UntilAsync(lines => lines.Contains("line 34"), bench.Limit);
        Assert.Equal(Enumerable.Range(0, 35).Select(i => $"line {i}"), bench.Machine(1).Lines);
        Assert.Equal(1, bench.Machine(1).Restores);
    }

    [Fact]
    public async Task An_orderly_stop_hands_leadership_over()
    {
        await using var bench = new HostBench(3);
        var leader = await bench.LeaderAsync();
        Assert.Equal(TransferOutcome.Moved, (await bench[leader].TransferLeadershipAsync(null, bench.Limit)).Outcome);
        var next = await NextLeaderAsync(bench, leader);
        Assert.NotEqual(leader, next);
    }

    [Fact]
    public async Task A_state_machine_that_can_not_apply_stops_the_member()
    {
        await using var bench = new HostBench(1);
        await bench.WriteAsync(1, "fine");
        var stopped = bench[1].Completion;
        bench.Machine(1).RefuseFrom("poison");
        await bench[1].ProposeAsync("poison"u8.ToArray(), bench.Limit);
        await Assert.ThrowsAsync<InvalidOperationException>(() => stopped.WaitAsync(bench.Limit));
        Assert.Equal(
            ProposeStatus.NoLeader, (await bench[1].ProposeAsync("after"u8.ToArray(), bench.Limit)).Status);
        await Assert.ThrowsAsync<NoLeaderException>(() => bench[1].ReadIndexAsync(bench.Limit));
    }

    [Fact]
    public async Task A_damaged_log_is_refused_with_its_file_and_offset()
    {
        await using var bench = new HostBench(1);
        for (var i = 0; i < 20; i++)
        {
            await bench.WriteAsync(1, $"line {i}");
        }

        await bench.StopAsync(1);
        var segment = Directory.GetFiles(Path.Combine(bench.DirectoryOf(1), "wal"), "*.wal").Order().Last();
        var bytes = await File.ReadAllBytesAsync(segment, bench.Limit);
        bytes[bytes.AsSpan().LastIndexOfAnyExcept((byte)0) / 2] ^= 1;
        await File.WriteAllBytesAsync(segment, bytes, bench.Limit);
        var damage = Assert.Throws<WalCorruptException>(() => bench.Start(1));
        Assert.Equal(segment, damage.File);
        Assert.Contains("offset", damage.Message, StringComparison.Ordinal);
        Assert.Equal(bytes, await File.ReadAllBytesAsync(segment, bench.Limit));
    }

    private static async Task<int> NextLeaderAsync(HostBench bench, int old)
    {
        while (true)
        {
            var leader = await bench.LeaderAsync();
            if (leader != old)
            {
                return leader;
            }

            await Task.Delay(5, bench.Limit);
        }
    }
}
