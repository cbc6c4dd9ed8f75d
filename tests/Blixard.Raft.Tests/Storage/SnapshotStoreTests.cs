using Blixard.Raft.Core;
using Blixard.Raft.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Blixard.Raft.Tests.Storage;

public sealed class SnapshotStoreTests
{
    private const string Directory = "snapshots";

    private static readonly Configuration s_members = Configuration.Of(new(1), new(2), new(3));

    private readonly SimulatedFileSystem _disk = new();

    [Fact]
    public void A_member_that_never_had_one_starts_without()
    {
        Assert.Null(Store().OpenLatest(Log(0, 0, 1, 10)));
    }

    [Fact]
    public void What_was_saved_comes_back_with_its_description()
    {
        Save(100, 3, 300_000);

        using var file = Store().OpenLatest(Log(100, 3, 90, 120))!;

        Assert.Equal(Meta(100, 3), file.Meta);
        Assert.Equal(300_000, file.Length);
        Assert.Equal(Content(100, 300_000), ReadAll(file));
    }

    [Fact]
    public void Two_are_kept_and_an_open_one_stays_readable()
    {
        Save(100, 3, 5000);
        using var open = Store().OpenForSending(100)!;
        Save(200, 3, 10);
        Save(300, 3, 10);

        Assert.Equal(2, _disk.Files.Count());
        Assert.Equal(Content(100, 5000), ReadAll(open));
        Assert.Null(Store().OpenForSending(301));
        using var newest = Store().OpenForSending(250);
        Assert.Equal(300ul, newest!.Meta.Index);
    }

    [Fact]
    public void The_older_is_taken_if_the_newest_is_damaged_and_the_log_reaches_back_to_it()
    {
        Save(100, 3, 5000);
        Save(200, 3, 5000);
        Newest()[1234] ^= 1;

        using (var file = Store().OpenLatest(Log(200, 3, 101, 250))!)
        {
            Assert.Equal(100ul, file.Meta.Index);
        }

        using var toSend = Store().OpenForSending(0);
        Assert.Equal(100ul, toSend!.Meta.Index);
    }

    [Fact]
    public void Damage_is_refused_with_file_and_offset_if_the_log_does_not_reach_back()
    {
        Save(100, 3, 5000);
        Save(200, 3, 5000);
        Newest()[1234] ^= 1;
        var before = _disk.Files.ToArray();

        var refused = Assert.Throws<SnapshotCorruptException>(() => Store().OpenLatest(Log(200, 3, 102, 250)));

        Assert.Equal($"{Directory}/00000000000000c8-0000000000000003.snap", refused.File);
        Assert.Contains("checksum", refused.Message, StringComparison.Ordinal);
        Assert.Equal(before, _disk.Files);
    }

    [Fact]
    public void A_flipped_bit_anywhere_is_refused()
    {
        Save(100, 3, 700);
        var length = Newest().Length;
        for (var at = 0; at < length; at++)
        {
            for (var bit = 0; bit < 8; bit++)
            {
                Newest()[at] ^= (byte)(1 << bit);
                Assert.Throws<SnapshotCorruptException>(() => Store().OpenLatest(Log(100, 3, 101, 110)));
                Newest()[at] ^= (byte)(1 << bit);
            }
        }

        Store().OpenLatest(Log(100, 3, 101, 110))!.Dispose();
    }

    [Fact]
    public void A_snapshot_cut_short_at_any_length_is_refused()
    {
        Save(100, 3, 200);
        var path = _disk.Files.Last();
        for (var length = Newest().Length - 1; length >= 0; length--)
        {
            using (var file = _disk.Open(path, writable: true))
            {
                file.SetLength(length);
            }

            Assert.Throws<SnapshotCorruptException>(() => Store().OpenLatest(Log(100, 3, 101, 110)));
        }
    }

    [Fact]
    public void A_log_whose_snapshot_is_gone_is_refused()
    {
        var refused = Assert.Throws<SnapshotCorruptException>(() => Store().OpenLatest(Log(100, 3, 90, 110)));

        Assert.Contains("a snapshot of 89 or later", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_snapshot_that_the_log_has_not_noted_is_used_only_if_it_lies_within_the_log()
    {
        Save(100, 3, 10);
        Save(150, 3, 10);
        using (var within = Store().OpenLatest(Log(100, 3, 90, 160))!)
        {
            Assert.Equal(150ul, within.Meta.Index);
        }

        using (var beyond = Store().OpenLatest(Log(100, 3, 90, 140))!)
        {
            Assert.Equal(100ul, beyond.Meta.Index);
        }

        Assert.Single(_disk.Files);
    }

    [Fact]
    public void A_snapshot_of_another_term_than_the_logs_entry_is_not_used()
    {
        Save(100, 3, 10);
        Receive(150, 9, 10);

        using var file = Store().OpenLatest(Log(100, 3, 90, 160))!;

        Assert.Equal(100ul, file.Meta.Index);
    }

    [Fact]
    public void Received_snapshots_remove_nothing_that_the_log_may_still_need()
    {
        Save(100, 3, 10);
        Receive(500, 5, 10);
        Receive(600, 5, 10);

        using var file = Store().OpenLatest(Log(100, 3, 90, 160))!;

        Assert.Equal(100ul, file.Meta.Index);
    }

    [Fact]
    public void A_transfer_that_does_not_match_what_was_announced_leaves_no_file()
    {
        var store = Store();
        using (var receiver = store.BeginReceive(Meta(100, 3)))
        {
            receiver.Content.Write(Content(100, 1000));
            Assert.Throws<InvalidDataException>(() => receiver.Commit(1001, Crc32C.Of(Content(100, 1000))));
            Assert.Throws<InvalidDataException>(() => receiver.Commit(1000, 1));
        }

        Assert.Empty(_disk.Files);
    }

    [Fact]
    public void A_writer_that_fails_leaves_no_file()
    {
        Assert.Throws<InvalidOperationException>(
            () => Store().Save(Meta(100, 3), _ => throw new InvalidOperationException()));

        Assert.Empty(_disk.Files);
    }

    [Fact]
    public void A_full_disk_leaves_the_older_snapshot()
    {
        Save(100, 3, 1000);
        _disk.Capacity = 2000;

        Assert.Throws<NoSpaceException>(() => Save(200, 3, 5000));

        using var file = Store().OpenLatest(Log(100, 3, 101, 250));
        Assert.Equal(100ul, file!.Meta.Index);
        Assert.Single(_disk.Files);
    }

    [Fact]
    public void A_power_loss_at_any_operation_leaves_the_older_or_the_newer_whole()
    {
        Save(100, 3, 3000);
        var operations = _disk.Operations;
        Save(200, 3, 3000);
        var all = _disk.Operations - operations;
        Assert.True(all >= 4);
        for (var at = 1; at <= all + 1; at++)
        {
            for (var seed = 0; seed < 20; seed++)
            {
                var disk = new SimulatedFileSystem();
                Save(disk, 100, 3, 3000);
                disk.PowerLossAt = disk.Operations + at;
                var returned = true;
                try
                {
                    Save(disk, 200, 3, 3000);
                }
                catch (PowerLossException)
                {
                    returned = false;
                }

                var random = new Random(seed);
                var after = disk.LosePower(() => random.Next(2) == 0, random.Next(disk.UnsyncedNameChanges + 1));
                using var file = Store(after).OpenLatest(Log(100, 3, 50, 250));
                Assert.Equal(returned ? 200ul : file!.Meta.Index, file!.Meta.Index);
                Assert.Equal(Content(file.Meta.Index, 3000), ReadAll(file));
                Assert.DoesNotContain(after.Files, name => name.EndsWith(".tmp", StringComparison.Ordinal));
            }
        }
    }

    private static SnapshotMeta Meta(ulong index, ulong term) => new(index, term, s_members);

    private static RestoredState Log(ulong index, ulong term, ulong first, ulong last) => new(
        new(term, default),
        index == 0 ? SnapshotMeta.Empty : Meta(index, term),
        [.. Enumerable.Range((int)first, (int)(last - first + 1)).Select(
            i => new LogEntry((ulong)i, term, EntryKind.Command, default))]);

    private static byte[] Content(ulong index, int length)
    {
        var content = new byte[length];
        new Random((int)index).NextBytes(content);
        return content;
    }

    private static byte[] ReadAll(SnapshotFile file)
    {
        using var all = new MemoryStream();
        file.Content.CopyTo(all);
        return all.ToArray();
    }

    private static SnapshotStore Store(SimulatedFileSystem disk) =>
        new(disk, Directory, NullLogger<SnapshotStore>.Instance);

    private static void Save(SimulatedFileSystem disk, ulong index, ulong term, int length) =>
        Store(disk).Save(Meta(index, term), stream => stream.Write(Content(index, length)));

    private SnapshotStore Store() => Store(_disk);

    private void Save(ulong index, ulong term, int length) => Save(_disk, index, term, length);

    private void Receive(ulong index, ulong term, int length)
    {
        using var receiver = Store().BeginReceive(Meta(index, term));
        receiver.Content.Write(Content(index, length));
        receiver.Commit(length, Crc32C.Of(Content(index, length)));
    }

    private byte[] Newest() =>
        _disk.Content(_disk.Files.Last(name => name.EndsWith(".snap", StringComparison.Ordinal)));
}
