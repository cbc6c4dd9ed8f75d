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

    private static string MarkerOf(HostBench bench, int id) => Path.Combine(bench.DirectoryOf(id), "wal", "repair");
}
