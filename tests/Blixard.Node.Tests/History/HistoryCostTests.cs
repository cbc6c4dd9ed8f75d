using System.Diagnostics;
using System.Globalization;
using Blixard.Node.History;
using Microsoft.Extensions.Logging.Abstractions;

namespace Blixard.Node.Tests.History;

/// <summary>What 1,000 VMs cost, with figures as hosts have them: most at rest, some busy.</summary>
public sealed class HistoryCostTests(ITestOutputHelper output)
{
    private const int Vms = 1000;

    /// <summary>Half an hour; BLIXARD_HISTORY_SWEEPS=17280 is a day.</summary>
    private static readonly int Count = int.Parse(
        Environment.GetEnvironmentVariable("BLIXARD_HISTORY_SWEEPS") ?? "360", CultureInfo.InvariantCulture);

    [Fact]
    public async Task A_sample_of_a_vm_takes_a_few_bytes_and_a_question_reads_a_fraction_of_them()
    {
        using var directory = new TemporaryDirectory();
        using var meter = new HistoryMeter();
        var time = new FakeTime(new DateTimeOffset(2026, 5, 31, 0, 0, 0, TimeSpan.Zero));
        using var store = new HistoryStore(
            new() { Directory = directory.Path, MaxBytes = 1L << 40, ReserveBytes = 0 },
            FasterHistoryLog.Open,
            _ => long.MaxValue,
            meter,
            time,
            NullLogger<HistoryStore>.Instance);
        await store.OpenAsync(default);
        var hosts = new Load(new Random(1));
        var begin = time.GetUtcNow();
        var recording = TimeSpan.Zero;
        for (var i = 0; i < Count; i++)
        {
            var sweep = hosts.Next(time.GetUtcNow());
            var started = Process.GetCurrentProcess().TotalProcessorTime;
            await store.RecordAsync(sweep, default);
            recording += Process.GetCurrentProcess().TotalProcessorTime - started;
            time.Advance(TimeSpan.FromSeconds(5));
        }

        var perSample = store.Status.Bytes / (double)(Count * Vms);
        Say($"{Count} sweeps of {Vms} VMs: {store.Status.Bytes} bytes, {perSample:0.00} per VM and sample, "
            + $"{perSample * Vms * 17_280 / (1 << 20):0} MiB a day; {recording.TotalMilliseconds / Count:0.0} ms of CPU a sweep");
        await AskAsync(store, new("vm500", HistoryMetric.NetTx, begin, time.GetUtcNow(), TimeSpan.FromMinutes(1)));
        var twoHours = Min(begin + HistoryQuery.LongestOfSweeps, time.GetUtcNow());
        await AskAsync(store, new("vm500", HistoryMetric.NetTx, begin, twoHours, TimeSpan.FromSeconds(5)));
        await store.CloseAsync(default);
        var opening = Process.GetCurrentProcess().TotalProcessorTime;
        await store.OpenAsync(default);
        Say($"opened again: {(Process.GetCurrentProcess().TotalProcessorTime - opening).TotalMilliseconds:0} ms of CPU");

        Assert.InRange(perSample, 1, 16);
    }

    private async Task AskAsync(HistoryStore store, HistoryQuery query)
    {
        var started = Process.GetCurrentProcess().TotalProcessorTime;
        var steps = (await store.ReadAsync(query, default)).All;
        var took = Process.GetCurrentProcess().TotalProcessorTime - started;
        Say($"{query.Points} steps of {query.Step}: {took.TotalMilliseconds:0} ms of CPU");
        Assert.All(steps, step => Assert.True(step.Count > 0));
    }

    private void Say(string text) => output.WriteLine(text);

    private static DateTimeOffset Min(DateTimeOffset left, DateTimeOffset right) => left < right ? left : right;

    /// <summary>A fifth of the VMs works, the others tick.</summary>
    private sealed class Load(Random random)
    {
        private readonly double[] _cpu = new double[Vms];
        private readonly long[] _pages = [.. Enumerable.Range(0, Vms).Select(vm => 50_000L + vm)];

        public Sweep Next(DateTimeOffset at)
        {
            var vms = new SortedDictionary<string, VmFigures>(StringComparer.Ordinal);
            for (var vm = 0; vm < Vms; vm++)
            {
                vms.Add($"vm{vm}", Figures(vm));
            }

            return new(at, vms);
        }

        private VmFigures Figures(int vm)
        {
            var busy = vm % 5 == 0;
            _cpu[vm] = Math.Clamp(_cpu[vm] + ((random.NextDouble() - 0.5) * (busy ? 20 : 0.2)), 0, 400);
            _pages[vm] += random.Next(busy ? 2 : 10) == 0 ? random.Next(-64, 65) : 0;
            var figures = new VmFigures();
            figures.Set(HistoryMetric.Cpu, _cpu[vm]);
            figures.Set(HistoryMetric.Memory, _pages[vm] * 4096);
            figures.Set(HistoryMetric.DiskRead, busy ? random.Next(3) * 4096 : 0);
            figures.Set(HistoryMetric.DiskWrite, random.Next(busy ? 1 : 6) == 0 ? random.Next(20) * 4096 / 5 : 0);
            figures.Set(HistoryMetric.NetRx, busy ? random.Next(100_000) : random.Next(4) == 0 ? random.Next(60, 400) : 0);
            figures.Set(HistoryMetric.NetTx, busy ? random.Next(100_000) : random.Next(4) == 0 ? random.Next(60, 400) : 0);
            figures.Set(HistoryMetric.Pids, 12);
            figures.Set(HistoryMetric.PressureCpu, busy && random.Next(3) == 0 ? random.NextDouble() * 5 : 0);
            figures.Set(HistoryMetric.PressureMemory, 0);
            figures.Set(HistoryMetric.PressureIo, busy && random.Next(5) == 0 ? random.NextDouble() : 0);
            return figures;
        }
    }
}
