using Blixard.Raft.Core;
using Blixard.Raft.Storage;

namespace Blixard.Raft.Tests.Storage;

public sealed class WriteAheadLogTests
{
    private static readonly Configuration s_members = Configuration.Of(new(1), new(2), new(3));

    private readonly SimulatedFileSystem _disk = new();

    [Fact]
    public void A_new_log_is_empty()
    {
        using var log = Open(out var restored);

        Assert.Equal(default, restored.HardState);
        Assert.Equal(SnapshotMeta.Empty, restored.Snapshot);
        Assert.Empty(restored.Entries);
    }

    [Fact]
    public void What_was_synced_is_there_after_two_opens_in_a_row()
    {
        using (var log = Open(out _))
        {
            log.Append(new() { Snapshot = new(0, 0, s_members) });
            log.Append(new() { HardState = new(3, new(2)), Entries = [Entry(1, 3), Entry(2, 3)] });
            log.Sync();
        }

        Open(out _).Dispose();
        using var reopened = Open(out var restored);

        Assert.Equal(new HardState(3, new(2)), restored.HardState);
        Assert.Equal(s_members, restored.Snapshot.Configuration);
        Assert.Equal([1ul, 2ul], restored.Entries.Select(entry => entry.Index));
        Assert.Equal(Entry(2, 3).Data.ToArray(), restored.Entries[1].Data.ToArray());
    }

    [Fact]
    public void What_was_not_synced_is_not_there()
    {
        using (var log = Open(out _))
        {
            log.Append(new() { Entries = [Entry(1, 1)] });
        }

        using var reopened = Open(out var restored);

        Assert.Empty(restored.Entries);
    }

    [Fact]
    public void All_batches_since_the_last_sync_share_one_write_and_one_sync()
    {
        using var log = Open(out _);
        for (ulong i = 1; i <= 30; i++)
        {
            log.Append(new() { Entries = [Entry(i, 1)] });
        }

        var (writes, syncs) = (_disk.Writes, _disk.Syncs);
        log.Sync();
        log.Sync();

        Assert.Equal((writes + 1, syncs + 1), (_disk.Writes, _disk.Syncs));
    }

    [Fact]
    public void Entries_at_a_stored_index_replace_all_from_there_on()
    {
        using (var log = Open(out _))
        {
            log.Append(new() { Entries = [Entry(1, 1), Entry(2, 1), Entry(3, 1), Entry(4, 1)] });
            log.Sync();
            log.Append(new() { Entries = [Entry(3, 2)] });
            log.Sync();
        }

        using var reopened = Open(out var restored);

        Assert.Equal([(1ul, 1ul), (2ul, 1ul), (3ul, 2ul)], restored.Entries.Select(entry => (entry.Index, entry.Term)));
    }

    [Fact]
    public void A_snapshot_of_the_leader_replaces_the_log()
    {
        using (var log = Open(out _))
        {
            log.Append(new() { Entries = [Entry(1, 1), Entry(2, 1)] });
            log.Append(new() { Snapshot = new(100, 4, s_members), ReplacesLog = true, Entries = [Entry(101, 4)] });
            log.Sync();
        }

        using var reopened = Open(out var restored);

        Assert.Equal(new SnapshotMeta(100, 4, s_members), restored.Snapshot);
        Assert.Equal(101ul, Assert.Single(restored.Entries).Index);
    }

    [Fact]
    public void Compaction_drops_segments_and_keeps_hard_state_marker_and_what_follows()
    {
        using (var log = Open(out _))
        {
            log.Append(new() { HardState = new(1, new(3)) });
            AppendMany(log, 1, 200);
            var before = Segments().Count;
            log.Append(new() { Snapshot = new(150, 1, s_members) });
            log.Sync();
            log.Compact(140);
            Assert.True(Segments().Count < before / 2, $"{before} segments before, {Segments().Count} after");
        }

        using var reopened = Open(out var restored);

        Assert.Equal(new HardState(1, new(3)), restored.HardState);
        Assert.Equal(150ul, restored.Snapshot.Index);
        Assert.InRange(restored.Entries[0].Index, 2ul, 141ul);
        Assert.Equal(200ul, restored.Entries[^1].Index);
    }

    [Fact]
    public void Compaction_beyond_the_durable_snapshot_is_refused()
    {
        using var log = Open(out _);
        AppendMany(log, 1, 20);
        log.Append(new() { Snapshot = new(10, 1, s_members) });

        Assert.Throws<ArgumentOutOfRangeException>(() => log.Compact(10));
        log.Sync();
        log.Compact(10);
        Assert.Throws<ArgumentOutOfRangeException>(() => log.Compact(11));
    }

    [Fact]
    public void Recycled_segments_never_show_what_they_held_before()
    {
        ulong last = 0;
        for (var round = 0; round < 20; round++)
        {
            using (var log = Open(out var restored))
            {
                Assert.Equal(last, restored.Entries.Count > 0 ? restored.Entries[^1].Index : 0);
                AppendMany(log, last + 1, 60);
                last += 60;
                log.Append(new() { Snapshot = new(last - 5, 1, s_members) });
                log.Sync();
                log.Compact(last - 5);
            }
        }

        Assert.Contains(_disk.Files, file => file.EndsWith(".spare", StringComparison.Ordinal));
        Assert.True(Segments().Count < 10, $"{Segments().Count} segments");
    }

    [Fact]
    public void Restarts_do_not_fill_the_disk()
    {
        Open(out _).Dispose();
        var before = _disk.Files.Count();
        for (var i = 0; i < 50; i++)
        {
            Open(out _).Dispose();
        }

        Assert.InRange(_disk.Files.Count(), 1, before + 2);
    }

    [Fact]
    public void A_batch_larger_than_a_segment_gets_a_segment_of_its_own()
    {
        var large = new LogEntry(1, 1, EntryKind.Command, new byte[1 << 20]);
        using (var log = Open(out _))
        {
            log.Append(new() { Entries = [large, Entry(2, 1)] });
            log.Sync();
            log.Append(new() { Entries = [Entry(3, 1)] });
            log.Sync();
        }

        using var reopened = Open(out var restored);

        Assert.Equal(3, restored.Entries.Count);
        Assert.Equal(large.Size, restored.Entries[0].Size);
    }

    [Fact]
    public void A_failed_sync_is_never_tried_again()
    {
        using var log = Open(out _);
        log.Append(new() { Entries = [Entry(1, 1)] });
        _disk.FailNextSync = true;

        Assert.Throws<StorageFailedException>(log.Sync);
        Assert.Throws<StorageFailedException>(log.Sync);
        Assert.Throws<StorageFailedException>(() => log.Append(new() { Entries = [Entry(2, 1)] }));
        Assert.Throws<StorageFailedException>(log.MarkDurable);
        Assert.Throws<StorageFailedException>(() => log.Compact(0));
    }

    [Fact]
    public void A_failed_directory_sync_stops_the_log()
    {
        using var log = Open(out _);
        _disk.FailNextDirectorySync = true;

        Assert.Throws<StorageFailedException>(() => AppendMany(log, 1, 100));
        Assert.Throws<StorageFailedException>(log.Sync);
    }

    [Fact]
    public void A_full_disk_refuses_the_batch_and_takes_it_when_there_is_space()
    {
        using (var log = Open(out _))
        {
            _disk.Capacity = WalScript.Options.SegmentBytes + 1000;
            Assert.Throws<NoSpaceException>(() => AppendMany(log, 1, 100));
            Assert.Throws<NoSpaceException>(log.Sync);
            _disk.Capacity = long.MaxValue;
            log.Sync();
        }

        Assert.DoesNotContain(_disk.Files, file => file.EndsWith(".tmp", StringComparison.Ordinal));
        using var reopened = Open(out var restored);
        Assert.True(restored.Entries.Count > 5);
    }

    [Fact]
    public void The_reserve_is_written_into_when_nothing_else_is_left_and_is_whole_again_when_there_is_space()
    {
        var options = WalScript.Options with { ReserveBytes = 16 << 10 };
        using (var log = WriteAheadLog.Open(_disk, WalScript.Directory, options, out _))
        {
            Assert.True(log.ReserveIsWhole);
            Assert.Contains($"{WalScript.Directory}/ballast", _disk.Files);
            _disk.Capacity = _disk.Used;
            AppendMany(log, 1, 12);
            Assert.False(log.ReserveIsWhole);
            Assert.DoesNotContain($"{WalScript.Directory}/ballast", _disk.Files);

            // Now the reserve is used up as well; nothing is lost by that.
            Assert.Throws<NoSpaceException>(() => AppendMany(log, 13, 100));
            log.RestoreReserve();
            Assert.False(log.ReserveIsWhole);

            _disk.Capacity = long.MaxValue;
            log.Sync();
            log.RestoreReserve();
            Assert.True(log.ReserveIsWhole);
        }

        using var reopened = WriteAheadLog.Open(_disk, WalScript.Directory, options, out var restored);
        Assert.True(reopened.ReserveIsWhole);
        Assert.True(restored.Entries.Count > 12);
        Assert.DoesNotContain(_disk.Files, file => file.EndsWith(".tmp", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Nonsense))]
    public void A_batch_that_breaks_the_rules_is_refused(WalBatch batch, string reason)
    {
        using var log = Open(out _);
        log.Append(new() { HardState = new(5, new(1)), Entries = [Entry(1, 5), Entry(2, 5)] });
        log.Append(new() { Snapshot = new(1, 5, s_members) });
        log.Sync();

        var refused = Assert.Throws<ArgumentException>(() => log.Append(batch));

        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
        Assert.Throws<StorageFailedException>(log.Sync);
    }

    public static TheoryData<WalBatch, string> Nonsense => new()
    {
        { new() { HardState = new(4, new(1)) }, "does not go back" },
        { new() { HardState = new(5, new(2)) }, "one vote in term 5" },
        { new() { HardState = new(5, default) }, "one vote in term 5" },
        { new() { Entries = [Entry(4, 5)] }, "entry 3, not 4" },
        { new() { Entries = [Entry(3, 5), Entry(3, 5)] }, "entry 4, not 3" },
        { new() { Entries = [Entry(3, 4)] }, "term 4 follows term 5" },
        { new() { Entries = [Entry(1, 5)] }, "after snapshot 1" },
        { new() { Snapshot = new(3, 5, s_members) }, "3 is after 2" },
        { new() { Snapshot = new(2, 4, s_members) }, "of term 5" },
        { new() { Entries = [Entry(3, 5) with { Data = new byte[WalScript.Options.MaxEntryBytes + 1] }] }, "at most" },
    };

    [Fact]
    public void A_second_process_is_kept_out()
    {
        using var log = Open(out _);

        Assert.Throws<IOException>(() => Open(out _));
    }

    private static LogEntry Entry(ulong index, ulong term) =>
        new(index, term, EntryKind.Command, BitConverter.GetBytes((index << 32) + term));

    private static void AppendMany(WriteAheadLog log, ulong first, int count)
    {
        for (var i = first; i < first + (ulong)count; i++)
        {
            log.Append(new() { Entries = [Entry(i, 1)] });
            log.Sync();
        }
    }

    private List<string> Segments() => [.. _disk.Files.Where(file => file.EndsWith(".wal", StringComparison.Ordinal))];

    private WriteAheadLog Open(out RestoredState restored) =>
        WriteAheadLog.Open(_disk, WalScript.Directory, WalScript.Options, out restored);
}
