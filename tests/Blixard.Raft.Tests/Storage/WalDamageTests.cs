using System.Globalization;
using Blixard.Raft.Core;
using Blixard.Raft.Storage;

namespace Blixard.Raft.Tests.Storage;

/// <summary>
/// A damaged log comes back in one of three ways and in no other: as it was; as an earlier state of itself, with what is
/// lost known exactly; or not at all, with file and offset, and nothing changed.
/// </summary>
public sealed class WalDamageTests(ITestOutputHelper output)
{
    private static readonly WalOptions s_options = WalScript.Options with { SegmentBytes = 4096 };
    private static readonly Configuration s_members = Configuration.Of(new(7), new(8), new(9));

    private enum Outcome
    {
        Same,
        Repairing,
        Refused,
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_flipped_bit_anywhere_costs_nothing_that_is_not_known_exactly(bool marked)
    {
        var log = SmallLog(marked);
        var outcomes = new int[3];
        foreach (var path in log.Disk.Files)
        {
            for (var at = 0; at < log.Disk.Content(path).Length; at++)
            {
                var damaged = log.Disk.Clone();
                damaged.Content(path)[at] ^= (byte)(1 << (at * 5 % 8));
                outcomes[(int)Check(damaged, log, path, at)]++;
            }
        }

        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{outcomes[0]} the same, {outcomes[1]} repairing, {outcomes[2]} refused"));
        Assert.True(outcomes[(int)Outcome.Repairing] > 10_000);

        // Only where the next batch would begin: whether one stood there can't be told.
        Assert.InRange(outcomes[(int)Outcome.Refused], 0, WalSector.Size);
    }

    [Fact]
    public void Every_bit_of_the_last_batch_is_told_from_a_torn_one()
    {
        var log = SmallLog(marked: false);
        var path = log.Disk.Files.Last(file => file.EndsWith(".wal", StringComparison.Ordinal));
        var end = log.Disk.Content(path).AsSpan().LastIndexOfAnyExcept((byte)0) / WalSector.Size * WalSector.Size;
        for (var bit = 0; bit < WalSector.Size * 8; bit++)
        {
            var damaged = log.Disk.Clone();
            damaged.Content(path)[end + (bit / 8)] ^= (byte)(1 << (bit % 8));
            Assert.Equal(Outcome.Repairing, Check(damaged, log, path, end + (bit / 8)));
        }
    }

    [Fact]
    public void Two_sectors_damaged_anywhere_cost_nothing_that_is_not_known_exactly()
    {
        var log = SmallLog(marked: true);
        var sectors = log.Disk.Files
            .SelectMany(path => Enumerable
                .Range(0, log.Disk.Content(path).Length / WalSector.Size)
                .Select(sector => (Path: path, At: (sector * WalSector.Size) + (sector * 37 % WalSector.Size))))
            .ToList();
        var refused = 0;
        for (var i = 0; i < sectors.Count; i++)
        {
            for (var j = i + 1; j < sectors.Count; j++)
            {
                var damaged = log.Disk.Clone();
                damaged.Content(sectors[i].Path)[sectors[i].At] ^= 4;
                damaged.Content(sectors[j].Path)[sectors[j].At] ^= 4;
                refused += Check(damaged, log, path: null, at: 0) == Outcome.Refused ? 1 : 0;
            }
        }

        // Both sectors of the last batch, or the place after it: little more.
        Assert.InRange(refused, 1, 2 * sectors.Count);
    }

    [Fact]
    public void A_sector_that_vanished_costs_nothing_once_its_batch_was_marked()
    {
        var log = SmallLog(marked: true);
        var repairing = 0;
        foreach (var path in log.Disk.Files)
        {
            for (var at = 0; at < log.Disk.Content(path).Length; at += WalSector.Size)
            {
                var damaged = log.Disk.Clone();
                damaged.Content(path).AsSpan(at, WalSector.Size).Clear();
                repairing += Check(damaged, log, path, at) == Outcome.Repairing ? 1 : 0;
            }
        }

        Assert.True(repairing > 10, $"{repairing} repairing");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void A_log_of_any_history_costs_nothing_that_is_not_known_exactly(int seed)
    {
        var script = new WalScript(seed);
        var disk = new SimulatedFileSystem();
        for (var life = 0; life < 3; life++)
        {
            using var log = WriteAheadLog.Open(disk, WalScript.Directory, WalScript.Options, out var restored);
            script.Recovered(restored);
            script.Run(log, 25);
            log.MarkDurable();
        }

        var written = new Written(disk, script.Durable, script.History);
        for (var i = 0; i < 1500; i++)
        {
            var paths = disk.Files.Where(file => file.EndsWith(".wal", StringComparison.Ordinal)).ToArray();
            var path = paths[script.Random.Next(paths.Length)];
            var at = script.Random.Next(disk.Content(path).Length);
            var damaged = disk.Clone();
            damaged.Content(path)[at] ^= (byte)(1 << script.Random.Next(8));
            Check(damaged, written, path, at);
        }
    }

    [Fact]
    public void The_repair_is_noted_before_anything_is_changed_and_survives_a_power_loss_at_any_operation()
    {
        var log = SmallLog(marked: true);
        foreach (var (path, at) in OnePlaceInEachFile(log.Disk))
        {
            var damaged = log.Disk.Clone();
            damaged.Content(path)[at] ^= 8;
            var undisturbed = damaged.Clone();
            Open(undisturbed, out var expected).Dispose();
            Assert.NotNull(expected.Repair);
            for (var operation = 1; operation <= undisturbed.Operations; operation++)
            {
                for (var seed = 0; seed < 4; seed++)
                {
                    var disk = damaged.Clone();
                    disk.PowerLossAt = operation;
                    Assert.Throws<PowerLossException>(() => Open(disk, out _));
                    var random = new Random(seed);
                    var after = disk.LosePower(
                        () => seed > 0 && random.Next(2) == 0, seed > 0 ? random.Next(disk.UnsyncedNameChanges + 1) : 0);
                    using var again = Open(after, out var restored);
                    Assert.Equal(expected.Repair, restored.Repair);
                    Assert.Equal(expected.HardState, restored.HardState);
                    Assert.Contains(log.History, state => IsState(state, restored));
                }
            }
        }
    }

    [Fact]
    public void Damage_to_a_log_that_is_being_repaired_adds_to_what_is_lost()
    {
        var log = SmallLog(marked: true);
        var (path, at) = OnePlaceInEachFile(log.Disk).First();
        log.Disk.Content(path)[at] ^= 8;
        using (var repairing = Open(log.Disk, out var first))
        {
            Assert.Equal(new Repair(20, 3), first.Repair);
            repairing.Append(new() { HardState = new(9, new(8)) });
            repairing.Sync();
            repairing.MarkDurable();
        }

        var last = log.Disk.Files.Last(file => file.EndsWith(".wal", StringComparison.Ordinal));
        log.Disk.Content(last)[2100] ^= 1;
        using var again = Open(log.Disk, out var second);

        Assert.Equal(new Repair(20, 9), second.Repair);
        Assert.Equal(new HardState(9, new(8)), second.HardState);
    }

    [Fact]
    public void The_only_voter_is_refused_and_told_that_nobody_can_repair_it()
    {
        var disk = new SimulatedFileSystem();
        using (var log = WriteAheadLog.Open(disk, WalScript.Directory, WalScript.Options, out _))
        {
            log.Append(new() { Snapshot = new(0, 0, Configuration.Of(new MemberId(7))) });
            log.Sync();
            log.Append(new() { HardState = new(1, new(7)), Entries = Entries(new(1), 1, 3, 1) });
            log.Sync();
            log.MarkDurable();
        }

        disk.Content(disk.Files.Single())[3200] ^= 1;
        var before = disk.Files.ToDictionary(file => file, file => disk.Content(file).ToArray());
        var refused = Assert.Throws<WalCorruptException>(() => Open(disk, out _));

        Assert.Contains("only voter", refused.Message, StringComparison.Ordinal);
        Assert.Contains("offset 3072", refused.Message, StringComparison.Ordinal);
        Assert.Equal(before.Keys.Order(StringComparer.Ordinal), disk.Files);
        Assert.All(before, file => Assert.Equal(file.Value, disk.Content(file.Key)));
    }

    [Theory]
    [InlineData("log/00000009.spare")]
    [InlineData("log/ballast")]
    [InlineData("log/00000001.wal.damaged")]
    [InlineData("log/repair")]
    [InlineData("snapshots/0000000000000064-0000000000000003.snap")]
    [InlineData("snapshots/0000000000000064-0000000000000003.snap.damaged")]
    public void A_log_that_is_gone_is_not_begun_anew_beside_what_it_left(string trace)
    {
        var disk = new SimulatedFileSystem();
        disk.Create(trace).Dispose();
        var options = s_options with { SnapshotDirectory = "snapshots" };

        for (var start = 0; start < 2; start++)
        {
            var refused = Assert.Throws<WalCorruptException>(() => WriteAheadLog.Open(disk, "log", options, out _));

            Assert.Contains(trace, refused.Message, StringComparison.Ordinal);
            Assert.Contains("join as a new member", refused.Message, StringComparison.Ordinal);
            Assert.Equal([trace], disk.Files);
        }
    }

    [Fact]
    public void A_sector_that_cannot_be_read_counts_as_a_damaged_one()
    {
        var log = SmallLog(marked: true);
        var outcomes = new int[3];
        foreach (var path in log.Disk.Files)
        {
            for (var sector = 0; sector < log.Disk.Content(path).Length / WalSector.Size; sector++)
            {
                var failing = log.Disk.Clone();
                failing.Unreadable.Add((path, sector));
                outcomes[(int)Check(failing, log, path, sector * WalSector.Size)]++;
            }
        }

        Assert.True(outcomes[(int)Outcome.Repairing] > 10, $"{outcomes[(int)Outcome.Repairing]} repairing");
        Assert.InRange(outcomes[(int)Outcome.Refused], 0, 1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_log_that_begins_anew_goes_by_no_configuration_that_may_have_been_rolled_back(bool compacted)
    {
        var later = Configuration.Of(new(7), new(8), new(9), new(10));
        var never = Configuration.Of(new(7), new(10));
        var disk = new SimulatedFileSystem();
        using (var log = Open(disk, out _))
        {
            log.Append(new() { Snapshot = new(0, 0, s_members) });
            log.Sync();
            log.Append(new() { HardState = new(1, new(7)), Entries = Entries(new(1), 1, 3, 1) });
            log.Sync();
            if (compacted)
            {
                log.Append(new() { Snapshot = new(3, 1, later) });
                log.Sync();
            }

            log.Append(new() { Entries = [new(4, 1, EntryKind.Configuration, ConfigurationCodec.Encode(never))] });
            log.Sync();
            log.MarkDurable();
        }

        // The first segment's head: what is behind it hangs in the air.
        disk.Content(disk.Files.First(file => file.EndsWith(".wal", StringComparison.Ordinal)))[130] ^= 2;
        using var opened = Open(disk, out var restored);

        Assert.Equal(new Repair(4, 1), restored.Repair);
        Assert.Empty(restored.Entries);
        Assert.Equal(new SnapshotMeta(0, 0, compacted ? later : s_members), restored.Snapshot);
    }

    [Fact]
    public void Damage_that_hides_the_last_promise_is_refused_with_the_way_out()
    {
        var log = SmallLog(marked: false);
        var path = log.Disk.Files.Last(file => file.EndsWith(".wal", StringComparison.Ordinal));
        var end = log.Disk.Content(path).AsSpan().LastIndexOfAnyExcept((byte)0) / WalSector.Size * WalSector.Size;
        log.Disk.Content(path)[end] ^= 1;
        log.Disk.Content(path)[end - 1] ^= 1;

        var refused = Assert.Throws<WalCorruptException>(() => Open(log.Disk, out _));

        Assert.Contains("let it join as a new member", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Missing_segments_are_noticed()
    {
        var log = SmallLog(marked: true);
        var segments = log.Disk.Files.Where(file => file.EndsWith(".wal", StringComparison.Ordinal)).ToArray();
        Assert.True(segments.Length >= 3);
        for (var i = 0; i < segments.Length - 1; i++)
        {
            var damaged = log.Disk.Clone();
            damaged.Delete(segments[i]);

            // The first holds only what the second one's head repeats.
            Assert.Equal(i == 0 ? Outcome.Same : Outcome.Repairing, Check(damaged, log, path: null, at: 0));
        }
    }

    [Fact]
    public void A_segment_cut_short_is_noticed()
    {
        var log = SmallLog(marked: true);
        foreach (var path in log.Disk.Files.Where(file => file.EndsWith(".wal", StringComparison.Ordinal)))
        {
            foreach (var length in (int[])[0, 700])
            {
                var damaged = log.Disk.Clone();
                using (var file = damaged.Open(path, writable: true))
                {
                    file.SetLength(length);
                }

                Assert.NotEqual(Outcome.Same, Check(damaged, log, path, length));
            }
        }
    }

    [Fact]
    public void Damaged_segments_are_set_aside_but_not_without_end()
    {
        var disk = SmallLog(marked: true).Disk;
        for (var round = 0; round < 6; round++)
        {
            var path = disk.Files.First(file => file.EndsWith(".wal", StringComparison.Ordinal));
            disk.Content(path)[1030] ^= 1;
            using var log = Open(disk, out _);
            Assert.Contains(path + ".damaged", disk.Files);
            log.MarkDurable();
        }

        Assert.InRange(disk.Files.Count(file => file.EndsWith(".damaged", StringComparison.Ordinal)), 1, 2);
        Assert.InRange(disk.Files.Count(), 1, 8);
    }

    [Fact]
    public void A_repair_marker_stands_one_damaged_copy_and_is_refused_without_any()
    {
        var log = SmallLog(marked: true);
        var (path, at) = OnePlaceInEachFile(log.Disk).First();
        log.Disk.Content(path)[at] ^= 8;
        Open(log.Disk, out _).Dispose();
        var marker = log.Disk.Files.Single(file => file.EndsWith("/repair", StringComparison.Ordinal));
        for (var offset = 0; offset < log.Disk.Content(marker).Length; offset++)
        {
            var damaged = log.Disk.Clone();
            damaged.Content(marker)[offset] ^= 16;
            using (Open(damaged, out var restored))
            {
                Assert.Equal(new Repair(20, 3), restored.Repair);
            }

            damaged.Content(marker)[(offset + WalSector.Size) % (2 * WalSector.Size)] ^= 16;
            var refused = Assert.Throws<WalCorruptException>(() => Open(damaged, out _));
            Assert.Equal(marker, refused.File);
        }
    }

    [Fact]
    public void Another_members_log_is_refused()
    {
        var (disk, _, _) = SmallLog(marked: true);

        var refused = Assert.Throws<StorageIdentityException>(
            () => WriteAheadLog.Open(disk, WalScript.Directory, s_options with { Member = new(8) }, out _));

        Assert.Contains("0000000000000007", refused.Message, StringComparison.Ordinal);
        Assert.Throws<StorageIdentityException>(
            () => WriteAheadLog.Open(disk, WalScript.Directory, s_options with { ClusterId = 9 }, out _));
    }

    /// <param name="damaged">What is opened, and changed by it.</param>
    /// <param name="log">What was written.</param>
    /// <param name="path">Where the damage is; null: in several places.</param>
    /// <param name="at">Its offset.</param>
    private static Outcome Check(SimulatedFileSystem damaged, Written log, string? path, int at)
    {
        var before = damaged.Files.ToDictionary(file => file, file => damaged.Content(file).ToArray());
        LogDamage? damage;
        RestoredState restored;
        try
        {
            using var opened = Open(damaged, out restored);
            damage = opened.Recovery.Damage;
        }
        catch (WalCorruptException e)
        {
            Assert.True(path is null || path == e.File, $"{path} at {at}: said to be in {e.File}");
            Assert.True(path is null || e.Offset <= at, $"{path} at {at}: said to be at {e.Offset}");
            Assert.Contains("new member", e.Message, StringComparison.Ordinal);
            Assert.Equal(before.Keys.Order(StringComparer.Ordinal), damaged.Files);
            Assert.All(before, file => Assert.Equal(file.Value, damaged.Content(file.Key)));
            return Outcome.Refused;
        }

        if (restored.Repair is not { } repair)
        {
            Assert.True(log.Model.Differs(restored) is null, $"{path} at {at}: {log.Model.Differs(restored)}");
            return Outcome.Same;
        }

        Assert.Equal(log.Model.HardState, restored.HardState);
        Assert.Equal(new Repair(log.Model.LastIndex, log.Model.HardState.Term), repair);
        Assert.True(
            log.History.Exists(state => IsState(state, restored)) || IsNothing(restored),
            $"{path} at {at}: {restored.Entries.Count} entries after {restored.Snapshot} are no earlier state");
        Assert.True(path is null || path == damage!.File, $"{path} at {at}: said to be in {damage!.File}");
        Assert.True(path is null || damage!.Offset <= at, $"{path} at {at}: said to be at {damage!.Offset}");

        // The next start finds a sound log, and knows of the loss until it is made good.
        using (var again = Open(damaged, out var same))
        {
            Assert.Null(again.Recovery.Damage);
            Assert.Equal(repair, same.Repair);
            Assert.Equal(
                restored.Entries.Select(entry => (entry.Index, entry.Term)),
                same.Entries.Select(entry => (entry.Index, entry.Term)));
            again.EndRepair();
        }

        Open(damaged, out var whole).Dispose();
        Assert.Null(whole.Repair);
        Assert.Equal(restored.HardState, whole.HardState);
        return Outcome.Repairing;
    }

    private static bool IsState(ModelLog state, RestoredState restored) =>
        state.Differs(restored with { HardState = state.HardState }) is null;

    private static bool IsNothing(RestoredState restored) =>
        restored.Entries.Count == 0 && restored.Snapshot.Index == 0;

    /// <summary>In the middle of what each segment holds.</summary>
    private static IEnumerable<(string Path, int At)> OnePlaceInEachFile(SimulatedFileSystem disk) =>
        disk.Files.ToArray()
            .Where(path => path.EndsWith(".wal", StringComparison.Ordinal))
            .Select(path => (path, disk.Content(path).AsSpan().LastIndexOfAnyExcept((byte)0) / 2));

    /// <summary>Some segments, with a suffix replaced and a marker, and nothing compacted.</summary>
    private static Written SmallLog(bool marked)
    {
        var disk = new SimulatedFileSystem();
        var model = new ModelLog();
        List<ModelLog> history = [new()];
        using var log = Open(disk, out _);
        var random = new Random(1);
        Append(new() { Snapshot = new(0, 0, s_members) });
        Append(new() { HardState = new(1, new(7)), Entries = Entries(random, 1, 6, 1) });
        Append(new() { Entries = Entries(random, 7, 4, 1) });
        Append(new() { HardState = new(2, new(8)), Entries = Entries(random, 9, 6, 2) });
        Append(new() { Snapshot = new(5, 1, s_members) });
        Append(new() { Entries = Entries(random, 15, 3, 2) });
        Append(new() { Entries = Entries(random, 18, 3, 2) });
        Append(new() { HardState = new(3, default) });
        if (marked)
        {
            log.MarkDurable();
        }

        return new(disk, model, history);

        void Append(WalBatch batch)
        {
            log.Append(batch);
            model.Append(batch);
            log.Sync();
            history.Add(model.Copy());
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

    /// <param name="Model">What was durable at last.</param>
    /// <param name="History">After each sync.</param>
    private sealed record Written(SimulatedFileSystem Disk, ModelLog Model, List<ModelLog> History);
}
