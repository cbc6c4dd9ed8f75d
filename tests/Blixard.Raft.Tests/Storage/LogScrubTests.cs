using Blixard.Raft.Core;
using Blixard.Raft.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Blixard.Raft.Tests.Storage;

public sealed class LogScrubTests
{
    private static readonly Configuration s_members = Configuration.Of(new(1), new(2), new(7));

    private readonly SimulatedFileSystem _disk = new();

    [Fact]
    public void A_sound_disk_is_read_whole_and_found_sound()
    {
        using var log = Filled();

        var steps = new LogScrub(log, Snapshots()).Run().ToList();

        Assert.All(steps, step => Assert.Null(step.File));
        Assert.True(steps.Sum(step => step.Bytes) >= log.SealedSegments.Sum(segment => segment.Length));
    }

    [Fact]
    public void A_flipped_bit_in_a_full_segment_is_found_and_the_segment_not_used_again()
    {
        using var log = Filled();
        var segment = log.SealedSegments[1];
        _disk.Content(segment.Path)[1700] ^= 1;

        var found = Assert.Single(new LogScrub(log, Snapshots()).Run(), step => step.File is not null);

        Assert.Equal((segment.Path, 1536L), (found.File, found.Offset));
        log.Append(new() { Snapshot = new(100, 1, s_members) });
        log.Sync();
        log.Compact(100);
        Assert.Contains(segment.Path + ".damaged", _disk.Files);
        Assert.DoesNotContain(new LogScrub(log, Snapshots()).Run(), step => step.File is not null);
    }

    [Fact]
    public void A_damaged_snapshot_is_set_aside()
    {
        using var log = Filled();
        var snapshots = Snapshots();
        snapshots.Save(new(50, 1, s_members), stream => stream.Write(new byte[3000]));
        snapshots.Save(new(60, 1, s_members), stream => stream.Write(new byte[3000]));
        var newest = _disk.Files.Last(file => file.EndsWith(".snap", StringComparison.Ordinal));
        _disk.Content(newest)[1234] ^= 1;

        var found = Assert.Single(new LogScrub(log, snapshots).Run(), step => step.File is not null);

        Assert.Equal(newest, found.File);
        Assert.Contains(newest + ".damaged", _disk.Files);
        Assert.Null(snapshots.OpenForSending(60));
    }

    [Fact]
    public void A_snapshot_that_cannot_be_read_is_set_aside_like_a_damaged_one()
    {
        using var log = Filled();
        var snapshots = Snapshots();
        snapshots.Save(new(50, 1, s_members), stream => stream.Write(new byte[3000]));
        var path = _disk.Files.Last(file => file.EndsWith(".snap", StringComparison.Ordinal));
        _disk.Unreadable.Add((path, 2));

        var found = Assert.Single(new LogScrub(log, snapshots).Run(), step => step.File is not null);

        Assert.Equal(path, found.File);
        Assert.Contains(path + ".damaged", _disk.Files);
    }

    [Fact]
    public void A_sector_that_cannot_be_read_is_found_where_it_is()
    {
        using var log = Filled();
        var segment = log.SealedSegments[1];
        _disk.Unreadable.Add((segment.Path, 3));

        var found = Assert.Single(new LogScrub(log, Snapshots()).Run(), step => step.File is not null);

        Assert.Equal((segment.Path, 1536L), (found.File, found.Offset));
    }

    [Fact]
    public void A_directory_that_cannot_be_synced_is_no_damage_but_a_failure()
    {
        using var log = Filled();
        var snapshots = Snapshots();
        snapshots.Save(new(50, 1, s_members), stream => stream.Write(new byte[3000]));
        _disk.Content(_disk.Files.Last(file => file.EndsWith(".snap", StringComparison.Ordinal)))[1234] ^= 1;
        _disk.FailNextDirectorySync = true;

        Assert.Throws<StorageFailedException>(() => new LogScrub(log, snapshots).Run().ToList());
    }

    [Fact]
    public void Segments_that_are_recycled_meanwhile_are_no_damage()
    {
        using var log = Filled();
        var steps = new LogScrub(log, Snapshots()).Run().GetEnumerator();
        Assert.True(steps.MoveNext());
        log.Append(new() { Snapshot = new(100, 1, s_members) });
        log.Sync();
        log.Compact(100);
        for (ulong i = 101; i < 160; i++)
        {
            log.Append(new() { Entries = [Entry(i)] });
            log.Sync();
        }

        while (steps.MoveNext())
        {
            Assert.Null(steps.Current.File);
        }

        steps.Dispose();
    }

    private WriteAheadLog Filled()
    {
        var log = WriteAheadLog.Open(_disk, WalScript.Directory, WalScript.Options, out _);
        for (ulong i = 1; i <= 100; i++)
        {
            log.Append(new() { Entries = [Entry(i)] });
            log.Sync();
        }

        Assert.True(log.SealedSegments.Length > 3);
        return log;
    }

    private SnapshotStore Snapshots() => new(_disk, "snapshots", NullLogger<SnapshotStore>.Instance);

    private static LogEntry Entry(ulong index) => new(index, 1, EntryKind.Command, new byte[100]);
}
