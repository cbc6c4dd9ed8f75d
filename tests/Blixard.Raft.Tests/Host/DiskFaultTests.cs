using System.Text;
using Blixard.Raft.Core;
using Blixard.Raft.Storage;

namespace Blixard.Raft.Tests.Host;

/// <summary>Whole members whose disks fail, hang, run full or are damaged.</summary>
public sealed class DiskFaultTests
{
    [Theory]
    [InlineData(FileOperation.Write)]
    [InlineData(FileOperation.Sync)]
    [InlineData(FileOperation.SyncDirectory)]
    [InlineData(FileOperation.Rename)]
    [InlineData(FileOperation.Preallocate)]
    public async Task An_error_of_the_disk_ends_the_member_and_a_new_start_has_all_that_was_acknowledged(
        object operation)
    {
        var files = new FaultyFiles();
        await using var bench = new HostBench(1, files: _ => files);
        await bench.WriteAsync(1, "kept");
        var ended = bench[1].Completion;

        // Until a segment is full, names and preallocation are not touched.
        files.Failing = (FileOperation)operation;
        var line = new byte[64 << 10];
        for (var i = 0; i < 100 && !ended.IsCompleted; i++)
        {
            await bench[1].ProposeAsync(line, bench.Limit);
        }

        var error = await Assert.ThrowsAsync<StorageFailedException>(() => ended.WaitAsync(bench.Limit));
        Assert.Contains("Input/output error", error.Message, StringComparison.Ordinal);

        await bench.StopAsync(1);
        files.Failing = null;
        bench.Start(1);
        await bench.Machine(1).UntilAsync(lines => lines.Contains("kept"), bench.Limit);
    }

    [Fact]
    public async Task A_leader_whose_disk_hangs_gives_way_and_catches_up_when_it_goes_on()
    {
        var files = Enumerable.Range(0, 4).Select(_ => new FaultyFiles()).ToArray();
        await using var bench = new HostBench(3, files: id => files[id]);
        await bench.WriteAsync(1, "before");
        var leader = await bench.LeaderAsync();
        files[leader].Stall();
        var stalled = bench[leader].ProposeAsync(Encoding.UTF8.GetBytes("while it hangs"), bench.Limit);

        var next = leader;
        while (next == leader)
        {
            await Task.Delay(5, bench.Limit);
            next = await bench.LeaderAsync();
        }

        Assert.False(bench[leader].Status.IsLeader);
        await bench.WriteAsync(next, "meanwhile");
        await stalled;
        files[leader].GoOn();
        await bench.Machine(leader).UntilAsync(lines => lines.Contains("meanwhile"), bench.Limit);
    }

    [Fact]
    public async Task A_leader_without_space_gives_way_refuses_proposals_and_comes_back_by_itself()
    {
        var files = Enumerable.Range(0, 4).Select(_ => new FaultyFiles()).ToArray();
        await using var bench = new HostBench(3, files: id => files[id], reserveBytes: 1 << 20);
        await bench.WriteAsync(1, "before");
        var leader = await bench.LeaderAsync();
        files[leader].Free = 1000;

        var next = leader;
        while (next == leader)
        {
            // The space is looked at after writes, at most once per second.
            await bench[leader].ProposeAsync("wakes it"u8.ToArray(), bench.Limit);
            await Task.Delay(50, bench.Limit);
            next = await bench.LeaderAsync();
        }

        Assert.True(bench[leader].Status.StorageLow);
        Assert.Equal(1000, bench[leader].Status.FreeBytes);
        Assert.Equal(
            ProposeStatus.NoSpace, (await bench[leader].ProposeAsync("no"u8.ToArray(), bench.Limit)).Status);
        await bench.WriteAsync(next, "elsewhere");

        files[leader].Free = null;
        await bench.WriteAsync(leader, "here again");
        Assert.False(bench[leader].Status.StorageLow);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_damaged_member_is_repaired_by_its_leader(bool compacted)
    {
        await using var bench = new HostBench(
            3, o => compacted ? o with { SnapshotEntries = 20, TrailingEntries = 5 } : o);
        await bench.WriteAsync(1, "before");
        var leader = await bench.LeaderAsync();
        var damaged = (leader % 3) + 1;
        for (var i = 0; i < 60; i++)
        {
            await bench.WriteAsync(leader, $"line {i}");
        }

        await bench.Machine(damaged).UntilAsync(lines => lines.Contains("line 59"), bench.Limit);
        await bench.StopAsync(damaged);
        var segment = Directory.GetFiles(Path.Combine(bench.DirectoryOf(damaged), "wal"), "*.wal").Order().Last();
        var bytes = await File.ReadAllBytesAsync(segment, bench.Limit);
        bytes[bytes.AsSpan().LastIndexOfAnyExcept((byte)0) / 2] ^= 1;
        await File.WriteAllBytesAsync(segment, bytes, bench.Limit);

        bench.Start(damaged);
        await bench.WriteAsync(leader, "after");
        await bench.Machine(damaged).UntilAsync(lines => lines.Contains("after"), bench.Limit);
        while (bench[damaged].Status.Repair is not null || File.Exists(MarkerOf(bench, damaged)))
        {
            await Task.Delay(5, bench.Limit);
        }

        Assert.Equal(bench.Machine(leader).Lines, bench.Machine(damaged).Lines);
        Assert.Contains(
            Directory.GetFiles(Path.Combine(bench.DirectoryOf(damaged), "wal")),
            file => file == segment + ".damaged");
    }

    [Fact]
    public async Task A_member_whose_snapshots_are_damaged_is_repaired_by_its_leader()
    {
        await using var bench = new HostBench(3, o => o with { SnapshotEntries = 20, TrailingEntries = 5 });
        await bench.WriteAsync(1, "before");
        var leader = await bench.LeaderAsync();
        var damaged = (leader % 3) + 1;
        for (var i = 0; i < 100; i++)
        {
            await bench.WriteAsync(leader, $"line {i}");
        }

        await bench.Machine(damaged).UntilAsync(lines => lines.Contains("line 99"), bench.Limit);
        await bench.StopAsync(damaged);
        var snapshots = Directory.GetFiles(Path.Combine(bench.DirectoryOf(damaged), "snapshots"), "*.snap");
        Assert.NotEmpty(snapshots);
        foreach (var snapshot in snapshots)
        {
            var bytes = await File.ReadAllBytesAsync(snapshot, bench.Limit);
            bytes[bytes.Length / 2] ^= 1;
            await File.WriteAllBytesAsync(snapshot, bytes, bench.Limit);
        }

        bench.Start(damaged);
        await bench.WriteAsync(leader, "after");
        await bench.Machine(damaged).UntilAsync(lines => lines.Contains("after"), bench.Limit);
        while (bench[damaged].Status.Repair is not null)
        {
            await Task.Delay(5, bench.Limit);
        }

        Assert.Equal(bench.Machine(leader).Lines, bench.Machine(damaged).Lines);
    }

    [Theory]
    [InlineData(FileOperation.Read)]
    [InlineData(FileOperation.Open)]
    public async Task A_snapshot_that_cannot_be_read_for_a_while_is_sent_when_it_can(object operation)
    {
        var files = Enumerable.Range(0, 4).Select(_ => new FaultyFiles()).ToArray();
        await using var bench = new HostBench(
            3,
            o => o with
            {
                SnapshotEntries = 20,
                TrailingEntries = 5,
                CatchUpBytes = 0,
                SnapshotRetry = TimeSpan.FromMilliseconds(20),
            },
            tcp: true,
            files: id => files[id]);
        await bench.WriteAsync(1, "before");
        var leader = await bench.LeaderAsync();
        var away = (leader % 3) + 1;
        await bench.StopAsync(away);
        for (var i = 0; i < 100; i++)
        {
            await bench.WriteAsync(leader, $"line {i}");
        }

        await bench.UntilAsync(() => bench[leader].Status.First > 20);
        files[leader].Failing = (FileOperation)operation;
        bench.Start(away);
        await bench.UntilAsync(() => files[leader].Failures > 1);
        files[leader].Failing = null;

        await bench.Machine(away).UntilAsync(lines => lines.Contains("line 99"), bench.Limit);
    }

    [Fact]
    public async Task A_failed_sync_while_the_disk_is_read_again_ends_the_member()
    {
        var files = new FaultyFiles();
        await using var bench = new HostBench(
            1, o => o with { SnapshotEntries = 20, ScrubInterval = TimeSpan.FromMilliseconds(20) }, files: _ => files);
        for (var i = 0; i < 30; i++)
        {
            await bench.WriteAsync(1, $"line {i}");
        }

        await bench.UntilAsync(() => bench[1].Status.SnapshotIndex > 0);
        files.Failing = FileOperation.SyncDirectory;
        var snapshot = Directory.GetFiles(Path.Combine(bench.DirectoryOf(1), "snapshots"), "*.snap").Order().Last();
        var bytes = await File.ReadAllBytesAsync(snapshot, bench.Limit);
        bytes[3] ^= 1;
        await File.WriteAllBytesAsync(snapshot, bytes, bench.Limit);

        var error = await Assert.ThrowsAsync<StorageFailedException>(() => bench[1].Completion.WaitAsync(bench.Limit));
        Assert.Contains("aside", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_snapshot_that_could_not_be_stored_ends_the_member_though_nothing_more_is_applied()
    {
        var files = new FaultyFiles();
        await using var bench = new HostBench(1, o => o with { SnapshotEntries = 20 }, files: _ => files);
        await bench.WriteAsync(1, "before");

        // From now on a write of the log needs no rename; a snapshot does.
        await bench.UntilAsync(
            () => Directory.GetFiles(Path.Combine(bench.DirectoryOf(1), "wal"), "*.spare").Length > 0);
        files.Failing = FileOperation.Rename;
        for (var i = bench[1].Status.Applied; i < 20; i++)
        {
            await bench.WriteAsync(1, $"line {i}");
        }

        var error = await Assert.ThrowsAsync<StorageFailedException>(
            () => bench[1].Completion.WaitAsync(bench.Limit));
        Assert.Contains("storing snapshot", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Snapshots_that_were_received_do_not_pile_up()
    {
        // One that takes none itself.
        var away = new MemberId(3);
        await using var bench = new HostBench(
            3,
            o => o with { SnapshotEntries = o.Core.Self == away ? 10_000 : 20, TrailingEntries = 5, CatchUpBytes = 0 });
        var snapshots = Path.Combine(bench.DirectoryOf(3), "snapshots");
        var received = new HashSet<string>();
        for (var round = 0; round < 4; round++)
        {
            bench.Network.Isolate(away, bench.Ids);
            var last = bench[3].Status.Last;
            for (var i = 0; i < 50; i++)
            {
                await bench.WriteAsync(1, $"line {round} {i}");
            }

            await bench.UntilAsync(() => bench[1].Status.First > last + 1 && bench[2].Status.First > last + 1);
            bench.Network.Heal();
            await bench.Machine(3).UntilAsync(lines => lines.Contains($"line {round} 49"), bench.Limit);
            received.UnionWith(Directory.GetFiles(snapshots));
        }

        Assert.True(received.Count > 2, $"{received.Count} received");
        await bench.UntilAsync(() => Directory.GetFiles(snapshots).Length <= 2);
    }

    [Fact]
    public async Task A_member_whose_log_is_gone_but_for_its_snapshots_does_not_come_back()
    {
        await using var bench = new HostBench(3, o => o with { SnapshotEntries = 20, TrailingEntries = 5 });
        await bench.WriteAsync(1, "before");
        for (var i = 0; i < 60; i++)
        {
            await bench.WriteAsync(1, $"line {i}");
        }

        var snapshots = Path.Combine(bench.DirectoryOf(3), "snapshots");
        await bench.UntilAsync(() => Directory.GetFiles(snapshots, "*.snap").Length > 0);
        await bench.StopAsync(3);
        var left = Directory.GetFiles(snapshots).Order().ToArray();
        Directory.Delete(Path.Combine(bench.DirectoryOf(3), "wal"), recursive: true);

        for (var start = 0; start < 2; start++)
        {
            var refused = Assert.Throws<WalCorruptException>(() => bench.Start(3));
            Assert.Contains("join as a new member", refused.Message, StringComparison.Ordinal);
        }

        Assert.Equal(left, Directory.GetFiles(snapshots).Order());
    }

    private static string MarkerOf(HostBench bench, int id) => Path.Combine(bench.DirectoryOf(id), "wal", "repair");
}
