using Blixard.Raft.Core;
using Blixard.Raft.Host;
using Blixard.Raft.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Blixard.Raft.Tests.Host;

/// <summary>One member of three goes on alone, with everything that it has.</summary>
public sealed class LogRewriteTests
{
    private const ulong NewCluster = 9;

    private static readonly MemberId s_self = new(1);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_survivor_elects_itself_and_has_all_of_its_log_the_uncommitted_tail_too(bool compacted)
    {
        await using var bench = new HostBench(
            3, o => compacted ? o with { SnapshotEntries = 20, TrailingEntries = 5 } : o);
        var before = await FillAndStopAsync(bench);
        AppendTail(bench, "of the tail");

        var log = Read(bench);
        Assert.Null(log.Loss);
        Assert.Equal(compacted, log.Snapshot.Index > 0);
        Assert.Equal(Configuration.Of(bench.Ids), log.Configuration);
        Assert.Equal("of the tail"u8.ToArray(), log.Entries[^1].Data.ToArray());
        Assert.Equal(log.LastIndex + 1, Rewrite(bench, log));

        // Neither side takes the other's.
        Assert.Throws<StorageIdentityException>(() => bench.Start(1));
        bench.Start(1, cluster: NewCluster);
        await bench.Machine(1).UntilAsync(lines => lines.Contains("of the tail"), bench.Limit);
        Assert.Equal([.. before, "of the tail"], bench.Machine(1).Lines);
        Assert.Equal(1, await bench.LeaderAsync());
        Assert.Equal(Configuration.Of(s_self), bench[1].Status.Configuration);
        Assert.InRange(bench[1].Status.Term, log.Term + 2, ulong.MaxValue);
        await bench.WriteAsync(1, "after");
        await bench.StopAsync(1);
        bench.Start(1, cluster: NewCluster);
        await bench.Machine(1).UntilAsync(lines => lines.Contains("after"), bench.Limit);
    }

    [Fact]
    public async Task Of_a_damaged_log_the_intact_beginning_goes_on_and_what_is_lost_is_said()
    {
        await using var bench = new HostBench(3);
        var before = await FillAndStopAsync(bench);
        var whole = Read(bench);
        var segment = Directory.GetFiles(LogOf(bench), "*.wal").Order().Last();
        Flip(segment);

        var content = Content(bench);
        var log = Read(bench);
        Assert.Equal(content, Content(bench));
        Assert.Contains($"{segment}, offset ", log.Loss!.What, StringComparison.Ordinal);
        Assert.Equal(whole.LastIndex, log.Loss.Through);
        Assert.InRange(log.LastIndex, 0ul, whole.LastIndex - 1);
        Assert.Equal(whole.Term, log.Term);
        Assert.Equal(
            whole.Entries.Take(log.Entries.Count).Select(entry => (entry.Index, entry.Term)),
            log.Entries.Select(entry => (entry.Index, entry.Term)));

        Rewrite(bench, log);
        bench.Start(1, cluster: NewCluster);
        await bench.WriteAsync(1, "after");
        var lines = bench.Machine(1).Lines;
        Assert.Equal(before.Take(lines.Count - 1), lines.SkipLast(1));
    }

    [Fact]
    public async Task A_log_whose_snapshots_are_all_damaged_is_refused()
    {
        await using var bench = new HostBench(3, o => o with { SnapshotEntries = 20, TrailingEntries = 5 });
        await FillAndStopAsync(bench);
        foreach (var snapshot in Directory.GetFiles(SnapshotsOf(bench), "*.snap"))
        {
            Flip(snapshot);
        }

        var content = Content(bench);
        Assert.Throws<SnapshotCorruptException>(() => Read(bench));
        Assert.Equal(content, Content(bench));
    }

    [Fact]
    public async Task A_member_that_was_not_repaired_says_what_it_lacks()
    {
        await using var bench = new HostBench(3);
        await FillAndStopAsync(bench);
        var last = Read(bench).LastIndex;
        Flip(Directory.GetFiles(LogOf(bench), "*.wal").Order().Last());
        WriteAheadLog.Open(PosixFileSystem.Instance, LogOf(bench), Options(7), out _).Dispose();

        var loss = Read(bench).Loss!;
        Assert.Contains("not repaired yet", loss.What, StringComparison.Ordinal);
        Assert.Equal(last, loss.Through);
    }

    [Theory]
    [InlineData(5ul)]
    [InlineData(10ul)]
    public async Task A_snapshot_that_the_log_does_not_reach_or_contradicts_stands_in_its_place(ulong index)
    {
        await using var bench = new HostBench(1);
        await bench.StopAsync(1);
        Directory.Delete(LogOf(bench), recursive: true);
        using (var log = WriteAheadLog.Open(PosixFileSystem.Instance, LogOf(bench), Options(7), out _))
        {
            log.Append(new()
            {
                HardState = new(2, s_self),
                Snapshot = new(0, 0, Configuration.Of(s_self, new(2))),
                Entries = [.. Enumerable.Range(1, 7).Select(i => Line((ulong)i, 2, $"line {i}"))],
            });
            log.MarkDurable();
        }

        var meta = new SnapshotMeta(index, 3, Configuration.Of(s_self, new(2), new(3)));
        new SnapshotStore(PosixFileSystem.Instance, SnapshotsOf(bench), NullLogger<SnapshotStore>.Instance)
            .Save(meta, stream => stream.Write("from the leader"u8));

        var read = Read(bench);
        Assert.Null(read.Loss);
        Assert.Equal((3ul, meta, index), (read.Term, read.Snapshot, read.LastIndex));
        Rewrite(bench, read);
        bench.Start(1, cluster: NewCluster);
        await bench.WriteAsync(1, "after");
        Assert.Equal(["from the leader", "after"], bench.Machine(1).Lines);
    }

    [Fact]
    public async Task Nothing_is_written_over_another_log()
    {
        await using var bench = new HostBench(1);
        await bench.WriteAsync(1, "kept");
        await bench.StopAsync(1);
        var log = Read(bench);
        var content = Read(bench).LastIndex;

        Assert.Throws<InvalidOperationException>(
            () => LogRewrite.Write(PosixFileSystem.Instance, LogOf(bench), log, Options(7)));
        Assert.Equal(content, Read(bench).LastIndex);
    }

    private static async Task<IReadOnlyList<string>> FillAndStopAsync(HostBench bench)
    {
        for (var i = 0; i < 60; i++)
        {
            await bench.WriteAsync(1, $"line {i}");
        }

        var lines = bench.Machine(1).Lines;
        foreach (var id in (int[])[2, 3, 1])
        {
            await bench.StopAsync(id);
        }

        return lines;
    }

    /// <summary>As of a leader whose majority was lost before it could commit.</summary>
    private static void AppendTail(HostBench bench, string line)
    {
        using var log = WriteAheadLog.Open(PosixFileSystem.Instance, LogOf(bench), Options(7), out var restored);
        var last = restored.Entries[^1];
        log.Append(new() { Entries = [Line(last.Index + 1, last.Term, line)] });
        log.MarkDurable();
    }

    private static LogEntry Line(ulong index, ulong term, string text) =>
        new(index, term, EntryKind.Command, System.Text.Encoding.UTF8.GetBytes(text));

    private static SurvivingLog Read(HostBench bench) =>
        LogRewrite.Read(PosixFileSystem.Instance, LogOf(bench), SnapshotsOf(bench), Options(7));

    private static ulong Rewrite(HostBench bench, SurvivingLog log)
    {
        var beside = LogOf(bench) + ".recovered";
        var last = LogRewrite.Write(PosixFileSystem.Instance, beside, log, Options(NewCluster));
        Directory.Delete(LogOf(bench), recursive: true);
        Directory.Move(beside, LogOf(bench));
        return last;
    }

    private static string Content(HostBench bench) => string.Join('\n', Directory
        .GetFiles(bench.DirectoryOf(1), "*", SearchOption.AllDirectories)
        .Order(StringComparer.Ordinal)
        .Select(file => $"{file} {Crc32C.Of(File.ReadAllBytes(file)):x8}"));

    private static void Flip(string path)
    {
        var bytes = File.ReadAllBytes(path);
        bytes[bytes.AsSpan().LastIndexOfAnyExcept((byte)0) / 2] ^= 1;
        File.WriteAllBytes(path, bytes);
    }

    private static string LogOf(HostBench bench) => Path.Combine(bench.DirectoryOf(1), "wal");

    private static string SnapshotsOf(HostBench bench) => Path.Combine(bench.DirectoryOf(1), "snapshots");

    private static WalOptions Options(ulong cluster) => new()
    {
        ClusterId = cluster,
        Member = s_self,
        SegmentBytes = 1 << 20,
        FirstSegmentBytes = 1 << 16,
    };
}
