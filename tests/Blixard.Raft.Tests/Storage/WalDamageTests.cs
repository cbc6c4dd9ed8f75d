using Blixard.Raft.Core;
using Blixard.Raft.Storage;

namespace Blixard.Raft.Tests.Storage;

/// <summary>
/// Damage is refused with file and offset, or changes nothing that was stored: it never silently loses or alters
/// what was acknowledged, and a refusal never changes the disk.
/// </summary>
public sealed class WalDamageTests
{
    private static readonly WalOptions s_options = WalScript.Options with { SegmentBytes = 4096 };

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_flipped_bit_anywhere_is_refused_or_harmless(bool marked)
    {
        var (disk, model) = SmallLog(marked);
        var refusals = 0;
        foreach (var path in disk.Files)
        {
            for (var at = 0; at < disk.Content(path).Length; at++)
            {
                var damaged = disk.Clone();
                damaged.Content(path)[at] ^= (byte)(1 << (at * 5 % 8));
                refusals += CheckRefusedOrHarmless(damaged, model, path, at) ? 1 : 0;
            }
        }

        Assert.True(refusals > 5000, $"{refusals} refusals");
    }

    [Fact]
    public void Every_bit_of_the_last_batch_is_told_from_a_torn_one()
    {
        var (disk, model) = SmallLog(marked: false);
        var path = disk.Files.Last(file => file.EndsWith(".wal", StringComparison.Ordinal));
        var content = disk.Content(path);
        var end = content.AsSpan().LastIndexOfAnyExcept((byte)0) / 512 * 512;
        for (var bit = 0; bit < 512 * 8; bit++)
        {
            var damaged = disk.Clone();
            damaged.Content(path)[end + (bit / 8)] ^= (byte)(1 << (bit % 8));
            Assert.True(CheckRefusedOrHarmless(damaged, model, path, end + (bit / 8)), $"bit {bit}");
        }
    }

    [Fact]
    public void A_sector_that_vanished_is_refused_once_its_batch_was_marked()
    {
        var (disk, model) = SmallLog(marked: true);
        var refusals = 0;
        foreach (var path in disk.Files)
        {
            for (var at = 0; at < disk.Content(path).Length; at += 512)
            {
                var damaged = disk.Clone();
                damaged.Content(path).AsSpan(at, 512).Clear();
                refusals += CheckRefusedOrHarmless(damaged, model, path, at) ? 1 : 0;
            }
        }

        Assert.True(refusals > 10, $"{refusals} refusals");
    }

    [Fact]
    public void A_missing_segment_in_the_middle_is_refused()
    {
        var (disk, _) = SmallLog(marked: true);
        var segments = disk.Files.Where(file => file.EndsWith(".wal", StringComparison.Ordinal)).ToArray();
        Assert.True(segments.Length >= 3);
        disk.Delete(segments[1]);

        var refused = Assert.Throws<WalCorruptException>(() => Open(disk, out _));

        Assert.Equal(segments[0], refused.File);
        Assert.Contains("durable when batch", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_first_segment_is_refused()
    {
        var (disk, _) = SmallLog(marked: true);
        disk.Delete(disk.Files.First(file => file.EndsWith(".wal", StringComparison.Ordinal)));

        var refused = Assert.Throws<WalCorruptException>(() => Open(disk, out _));

        Assert.Contains("between snapshot and log", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_segment_cut_short_is_refused()
    {
        var (disk, _) = SmallLog(marked: true);
        var path = disk.Files.First(file => file.EndsWith(".wal", StringComparison.Ordinal));
        using (var file = disk.Open(path, writable: true))
        {
            file.SetLength(700);
        }

        Assert.Equal(path, Assert.Throws<WalCorruptException>(() => Open(disk, out _)).File);
    }

    [Fact]
    public void Another_members_log_is_refused()
    {
        var (disk, _) = SmallLog(marked: true);

        var refused = Assert.Throws<StorageIdentityException>(
            () => WriteAheadLog.Open(disk, WalScript.Directory, s_options with { Member = new(8) }, out _));

        Assert.Contains("0000000000000007", refused.Message, StringComparison.Ordinal);
        Assert.Throws<StorageIdentityException>(
            () => WriteAheadLog.Open(disk, WalScript.Directory, s_options with { ClusterId = 9 }, out _));
    }

    private static bool CheckRefusedOrHarmless(SimulatedFileSystem damaged, ModelLog model, string path, int at)
    {
        var before = damaged.Files.ToDictionary(file => file, file => damaged.Content(file).ToArray());
        try
        {
            using var log = Open(damaged, out var restored);
            Assert.True(model.Differs(restored) is null, $"{path} at {at}: {model.Differs(restored)}");
            return false;
        }
        catch (WalCorruptException e)
        {
            Assert.Equal(path, e.File);
            Assert.True(e.Offset <= at, $"{path} at {at}: said to be at {e.Offset}");
            Assert.Equal(before.Keys.Order(StringComparer.Ordinal), damaged.Files);
            Assert.All(before, file => Assert.Equal(file.Value, damaged.Content(file.Key)));
            return true;
        }
    }

    /// <summary>Three segments, with a suffix replaced and a marker, and nothing compacted.</summary>
    private static (SimulatedFileSystem Disk, ModelLog Model) SmallLog(bool marked)
    {
        var disk = new SimulatedFileSystem();
        var model = new ModelLog();
        using var log = Open(disk, out _);
        var random = new Random(1);
        Append(new() { Snapshot = new(0, 0, Configuration.Of(new(7), new(8), new(9))) });
        Append(new() { HardState = new(1, new(7)), Entries = Entries(random, 1, 6, 1) });
        Append(new() { Entries = Entries(random, 7, 4, 1) });
        Append(new() { HardState = new(2, new(8)), Entries = Entries(random, 9, 6, 2) });
        Append(new() { Snapshot = new(5, 1, Configuration.Of(new(7), new(8), new(9))) });
        Append(new() { Entries = Entries(random, 15, 3, 2) });
        Append(new() { Entries = Entries(random, 18, 3, 2) });
        Append(new() { HardState = new(3, default) });
        if (marked)
        {
            log.MarkDurable();
        }

        return (disk, model);

        void Append(WalBatch batch)
        {
            log.Append(batch);
            model.Append(batch);
            log.Sync();
        }
    }

    private static LogEntry[] Entries(Random random, ulong first, int count, ulong term) =>
        [.. Enumerable.Range(0, count).Select(i =>
        {
            var data = new byte[256];
            random.NextBytes(data);
            return new LogEntry(first + (ulong)i, term, EntryKind.Command, data);
        })];

    private static WriteAheadLog Open(SimulatedFileSystem disk, out RestoredState restored) =>
        WriteAheadLog.Open(disk, WalScript.Directory, s_options, out restored);
}
