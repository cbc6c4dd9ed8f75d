using Blixard.Node.History;
using Microsoft.Extensions.Logging.Abstractions;

namespace Blixard.Node.Tests.History;

public sealed class HistoryStoreTests : IDisposable
{
    private static readonly DateTimeOffset Minute = new(2026, 5, 31, 16, 30, 0, TimeSpan.Zero);

    private readonly TemporaryDirectory _directory = new();
    private readonly HistoryMeter _meter = new();
    private readonly FakeTime _time = new(Minute);
    private readonly MemoryHistoryLog _memory = new();
    private long _free = long.MaxValue;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _meter.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task Sweeps_become_steps_with_average_maximum_and_gaps()
    {
        using var store = await OpenAsync();
        await RecordAsync(store, 10, 20, null, null, 0, 6);

        var steps = await ReadAsync(store, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30));

        Assert.Equal([new(2, 3000, 2000), default, new(2, 600, 600)], steps);
    }

    [Fact]
    public async Task A_long_range_is_answered_from_minutes_and_the_newest_from_the_sweeps()
    {
        using var store = await OpenAsync();
        await RecordAsync(store, [.. Enumerable.Range(0, 40).Select(i => (double?)i)]);

        var steps = await ReadAsync(store, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(4));

        // 12 sweeps a minute; 4 in the last one.
        Assert.Equal(
            [new(12, 6600, 1100), new(12, 21000, 2300), new(12, 35400, 3500), new(4, 15000, 3900)], steps);
    }

    [Fact]
    public async Task Minutes_and_sweeps_say_the_same()
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var random = new Random(seed);
            using var store = await OpenAsync(new MemoryHistoryLog());
            await RecordAsync(
                store, [.. Enumerable.Range(0, 200).Select(_ => random.Next(5) == 0 ? null : (double?)random.Next(100))]);

            var minutes = await ReadAsync(store, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(30));
            var sweeps = await ReadAsync(store, TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(30));

            for (var i = 0; i < minutes.Count; i++)
            {
                Assert.Equal(minutes[i], sweeps[2 * i].Add(sweeps[(2 * i) + 1]));
            }
        }
    }

    [Fact]
    public async Task Another_vm_an_unknown_one_and_another_figure_have_their_own_answers()
    {
        using var store = await OpenAsync();
        await store.RecordAsync(Sweeps.Of(_time.GetUtcNow(), ("web1", 1), ("web2", 2)), Token);

        Assert.Equal(200, (await ReadAsync(store, vm: "web2"))[0].Max);
        Assert.Equal(default, (await ReadAsync(store, vm: "web"))[0]);
        Assert.Equal(1L << 30, (await ReadAsync(store, metric: HistoryMetric.Memory))[0].Max);
        Assert.Equal(default, (await ReadAsync(store, metric: HistoryMetric.NetRx))[0]);
    }

    [Fact]
    public async Task A_restart_keeps_what_was_committed_and_goes_on_within_the_minute()
    {
        var store = await OpenAsync();
        await RecordAsync(store, 1, 2, 3);
        await store.CloseAsync(Token);
        store.Dispose();

        using var again = await OpenAsync();
        await RecordAsync(again, 4);
        _time.Advance(TimeSpan.FromMinutes(1));
        await again.RecordAsync(Sweeps.Of(_time.GetUtcNow(), ("web1", 9)), Token);

        Assert.Equal(new(4, 1000, 400), (await ReadAsync(again, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1)))[0]);
        Assert.Equal(Minute, again.Status.Oldest);
    }

    [Fact]
    public async Task A_crash_costs_no_more_than_was_not_committed()
    {
        var store = await OpenAsync();
        for (var i = 0; i < 20; i++)
        {
            await RecordAsync(store, i);
        }

        store.Dispose();

        Assert.True(_memory.Commits >= 2);
        using var again = await OpenAsync();
        var steps = await ReadAsync(again, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(100));
        Assert.InRange(steps.Count(step => step.Count > 0), 20 - 7, 19);
    }

    [Fact]
    public async Task A_damaged_history_is_set_aside_said_and_begun_anew()
    {
        using (var store = await OpenAsync(faster: true))
        {
            await RecordAsync(store, 1, 2, 3);
            await store.CloseAsync(Token);
        }

        Flip(Directory.EnumerateFiles(_directory["log"], "samples.log*").Single(), at: 100);
        using var again = await OpenAsync(faster: true);
        await RecordAsync(again, 7);

        var status = again.Status;
        Assert.StartsWith(_directory["damaged-"], status.SetAside, StringComparison.Ordinal);
        Assert.NotNull(status.SetAsideBecause);
        Assert.Null(status.PausedBecause);
        Assert.NotEmpty(Directory.EnumerateFiles(status.SetAside!));
        var steps = await ReadAsync(again, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(20));
        Assert.Equal([700L], steps.Where(step => step.Count > 0).Select(step => step.Max));
    }

    [Fact]
    public async Task Only_the_newest_damaged_history_is_kept()
    {
        for (var i = 0; i < 3; i++)
        {
            using var store = await OpenAsync(faster: true);
            await RecordAsync(store, 1, 2, 3);
            await store.CloseAsync(Token);
            Flip(Directory.EnumerateFiles(_directory["log"], "samples.log*").Single(), at: 100);
        }

        using var last = await OpenAsync(faster: true);
        Assert.Single(Directory.EnumerateDirectories(_directory.Path, "damaged-*"));
    }

    [Fact]
    public async Task Damage_that_shows_when_something_is_appended_is_set_aside_too()
    {
        Directory.CreateDirectory(_directory["log"]);
        using var store = await OpenAsync();
        await RecordAsync(store, 1);
        _memory.Broken = true;
        await RecordAsync(store, 2);

        Assert.Equal((null, "it can't be gone on with"), (store.Status.PausedBecause, store.Status.SetAsideBecause));
        var steps = await ReadAsync(store, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(20));
        Assert.Equal([200L], steps.Where(step => step.Count > 0).Select(step => step.Max));
    }

    [Fact]
    public async Task A_log_in_which_nothing_is_found_again_is_set_aside_with_the_first_record()
    {
        Directory.CreateDirectory(_directory["log"]);
        _memory.Forgetful = true;
        using var store = await OpenAsync();
        await RecordAsync(store, 1);

        Assert.Equal((null, 2), (store.Status.PausedBecause, _memory.Opened));
        Assert.EndsWith("is not found there", store.Status.SetAsideBecause);
        var steps = await ReadAsync(store, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(20));
        Assert.Equal([100L], steps.Where(step => step.Count > 0).Select(step => step.Max));
    }

    [Fact]
    public async Task Whatever_happens_to_the_files_it_opens_answers_and_records()
    {
        using (var store = await OpenAsync(faster: true))
        {
            await RecordAsync(store, [.. Enumerable.Range(0, 300).Select(i => (double?)(i % 100))]);
            await store.CloseAsync(Token);
        }

        var files = Directory.EnumerateFiles(_directory["log"], "*", SearchOption.AllDirectories)
            .ToDictionary(path => path, File.ReadAllBytes);
        for (var seed = 0; seed < 60; seed++)
        {
            var random = new Random(seed);
            Directory.Delete(_directory["log"], recursive: true);
            foreach (var (path, bytes) in files)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                File.WriteAllBytes(path, bytes);
            }

            Harm(files.Keys.Order(StringComparer.Ordinal).ElementAt(random.Next(files.Count)), random);
            using var store = await OpenAsync(faster: true);
            await store.RecordAsync(Sweeps.Of(_time.GetUtcNow(), ("web1", 77)), Token);

            Assert.True(store.Status.PausedBecause is null, $"seed {seed}: {store.Status.PausedBecause}");
            var newest = await store.ReadAsync(
                new("web1", HistoryMetric.Cpu, _time.GetUtcNow(), _time.GetUtcNow().AddSeconds(5), TimeSpan.FromSeconds(5)), Token);
            Assert.True(newest.All[0].Max == 7700, $"seed {seed}");
        }
    }

    [Fact]
    public async Task Too_little_space_pauses_and_room_goes_on()
    {
        using var store = await OpenAsync();
        await RecordAsync(store, 1);
        _free = 99;
        await RecordAsync(store, 2);

        Assert.Contains("99 bytes are free", store.Status.PausedBecause);
        Assert.Equal(_time.GetUtcNow() - TimeSpan.FromSeconds(5), store.Status.PausedSince);
        _free = long.MaxValue;
        await RecordAsync(store, 3);

        Assert.Null(store.Status.PausedBecause);
        var steps = await ReadAsync(store, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(15));
        Assert.Equal([100, 0, 300], steps.Select(step => step.Max));
    }

    [Fact]
    public async Task A_disk_that_fails_pauses_is_tried_again_after_a_while_and_loses_nothing_committed()
    {
        using var store = await OpenAsync();
        await RecordAsync(store, 1);
        await store.CloseAsync(Token);
        await store.OpenAsync(Token);
        _memory.Full = true;
        await RecordAsync(store, 2);
        Assert.Contains("No space left", store.Status.PausedBecause);
        var opened = _memory.Opened;
        await RecordAsync(store, 3);
        Assert.Equal(opened, _memory.Opened);

        _time.Advance(HistoryStore.RetryAfter);
        await RecordAsync(store, 4);
        Assert.Equal(opened + 1, _memory.Opened);
        Assert.NotNull(store.Status.PausedBecause);

        _memory.Full = false;
        _time.Advance(HistoryStore.RetryAfter);
        await RecordAsync(store, 5);
        Assert.Null(store.Status.PausedBecause);
        var steps = await ReadAsync(store, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(120));
        Assert.Equal([100L, 500L], steps.Where(step => step.Count > 0).Select(step => step.Max));
    }

    [Fact]
    public async Task A_directory_that_cannot_be_made_pauses_and_never_throws()
    {
        File.WriteAllText(_directory["file"], "");
        using var store = new HistoryStore(
            new() { Directory = _directory["file"] }, FasterHistoryLog.Open, _ => long.MaxValue, _meter, _time,
            NullLogger<HistoryStore>.Instance);

        await store.OpenAsync(Token);
        await RecordAsync(store, 1);

        Assert.NotNull(store.Status.PausedBecause);
        Assert.Equal(default, (await ReadAsync(store))[0]);
        await store.CloseAsync(Token);
    }

    [Fact]
    public async Task What_is_too_old_goes_and_what_is_young_enough_stays()
    {
        using var store = await OpenAsync(settings => settings with { Keep = TimeSpan.FromHours(1) });
        for (var i = 0; i < 3 * 60; i++)
        {
            await store.RecordAsync(Sweeps.Of(_time.GetUtcNow(), ("web1", 1)), Token);
            _time.Advance(TimeSpan.FromMinutes(1));
        }

        var now = _time.GetUtcNow();
        Assert.InRange(store.Status.Oldest!.Value, now.AddHours(-1).AddMinutes(-SweepEncoder.RunLength), now.AddMinutes(-50));
        Assert.True(_memory.Count < 200);
    }

    [Fact]
    public async Task The_files_stay_below_their_bound()
    {
        const long Most = 16L << 20;
        using var store = await OpenAsync(settings => settings with { MaxBytes = Most }, faster: true);
        var random = new Random(1);
        for (var i = 0; i < 1200; i++)
        {
            await store.RecordAsync(Sweeps.Random(random, _time.GetUtcNow(), vms: 400), Token);
            _time.Advance(TimeSpan.FromSeconds(5));
            if (i % 100 == 99)
            {
                await store.CloseAsync(Token);
                await store.OpenAsync(Token);
                Assert.InRange(SizeOnDisk(), 1, Most);
            }
        }

        Assert.True(store.Status.Oldest > Minute);
        Assert.Null(store.Status.SetAside);
    }

    [Fact]
    public async Task A_clock_that_steps_back_loses_nothing_and_a_time_that_was_ahead_is_given_up_with_its_neighbours()
    {
        using var store = await OpenAsync(settings => settings with { Keep = TimeSpan.FromHours(1) });
        await store.RecordAsync(Sweeps.Of(Minute.AddDays(400), ("web1", 50)), Token);
        await RecordAsync(store, 1, 2, 3);

        var steps = await ReadAsync(store, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(15));
        Assert.Equal([100, 200, 300], steps.Select(step => step.Max));
        _time.Advance(TimeSpan.FromHours(3));
        for (var i = 0; i < 2 * SweepEncoder.RunLength; i++)
        {
            await RecordAsync(store, 4);
        }

        Assert.InRange(store.Status.Oldest!.Value, Minute.AddHours(3), Minute.AddHours(4));
    }

    [Fact]
    public async Task Damage_that_shows_later_is_told_and_does_not_stop_the_recording()
    {
        using var store = await OpenAsync();
        await RecordAsync(store, 1, 2, 3);
        _memory.Damage(1);

        await Assert.ThrowsAsync<HistoryDamagedException>(() => ReadAsync(store));
        await RecordAsync(store, 4);
        Assert.Null(store.Status.PausedBecause);
    }

    [Fact]
    public async Task Switched_off_it_keeps_nothing_and_touches_nothing()
    {
        using var store = await OpenAsync(settings => settings with { Enabled = false });
        await RecordAsync(store, 1);
        Assert.Equal((0, false), (_memory.Opened, store.Status.Enabled));
    }

    private Task<HistoryStore> OpenAsync(bool faster) => OpenAsync(settings => settings, faster);

    private async Task<HistoryStore> OpenAsync(MemoryHistoryLog log)
    {
        var store = new HistoryStore(
            new() { Directory = _directory.Path }, _ => log.Open(), _ => _free, _meter, _time, NullLogger<HistoryStore>.Instance);
        await store.OpenAsync(Token);
        return store;
    }

    private async Task<HistoryStore> OpenAsync(
        Func<HistorySettings, HistorySettings>? change = null, bool faster = false)
    {
        var settings = new HistorySettings { Directory = _directory.Path, ReserveBytes = 1000 };
        var store = new HistoryStore(
            change?.Invoke(settings) ?? settings,
            faster ? FasterHistoryLog.Open : _ => _memory.Open(),
            _ => _free,
            _meter,
            _time,
            NullLogger<HistoryStore>.Instance);
        await store.OpenAsync(Token);
        return store;
    }

    /// <summary>A sweep of web1 every 5 s.</summary>
    private async Task RecordAsync(HistoryStore store, params double?[] cpu)
    {
        foreach (var percent in cpu)
        {
            await store.RecordAsync(Sweeps.Of(_time.GetUtcNow(), ("web1", percent)), Token);
            _time.Advance(TimeSpan.FromSeconds(5));
        }
    }

    private static async Task<IReadOnlyList<Summary>> ReadAsync(
        HistoryStore store,
        TimeSpan? step = null,
        TimeSpan? range = null,
        string vm = "web1",
        HistoryMetric metric = HistoryMetric.Cpu) =>
        (await store.ReadAsync(
            new(vm, metric, Minute, Minute + (range ?? TimeSpan.FromMinutes(1)), step ?? TimeSpan.FromSeconds(30)), Token)).All;

    private static void Flip(string path, int at)
    {
        var bytes = File.ReadAllBytes(path);
        bytes[at] ^= 0x10;
        File.WriteAllBytes(path, bytes);
    }

    /// <summary>Bits flipped, a part zeroed, the file cut, or gone.</summary>
    private static void Harm(string path, Random random)
    {
        var bytes = File.ReadAllBytes(path);
        switch (random.Next(5))
        {
            case 0:
                File.Delete(path);
                return;
            case 1:
                File.WriteAllBytes(path, bytes[..random.Next(bytes.Length)]);
                return;
            case 2:
                bytes.AsSpan(random.Next(bytes.Length)).Clear();
                break;
            default:
                for (var flips = random.Next(1, 50); flips > 0; flips--)
                {
                    bytes[random.Next(Math.Min(bytes.Length, 20_000))] ^= (byte)(1 << random.Next(8));
                }

                break;
        }

        File.WriteAllBytes(path, bytes);
    }

    private long SizeOnDisk() => Directory
        .EnumerateFiles(_directory["log"], "*", SearchOption.AllDirectories)
        .Sum(path => new FileInfo(path).Length);
}
