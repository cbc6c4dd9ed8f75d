using System.Diagnostics;
using System.Globalization;
using Blixard.Systemd.Cgroups;

namespace Blixard.Systemd.Tests.RealSystemd;

[Collection(nameof(RealHost))]
public sealed class RealCgroupTests : IAsyncDisposable
{
    private readonly SystemdConnection _connection;
    private readonly ReadErrors _errors = new();

    public RealCgroupTests()
    {
        RealHost.Require();
        _connection = RealHost.Connect();
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync() => await _connection.DisposeAsync();

    [Fact]
    public async Task A_busy_vm_uses_a_part_of_a_processor_and_an_idle_one_none()
    {
        using var busy = await ReaderAsync(RealHost.Busy);
        using var idle = await ReaderAsync(RealHost.Idle);
        var busyRate = new CpuRate(TimeProvider.System);
        var idleRate = new CpuRate(TimeProvider.System);
        Assert.Null(busyRate.Update(busy.Read()!.Value));
        Assert.Null(idleRate.Update(idle.Read()!.Value));
        await Task.Delay(TimeSpan.FromSeconds(1), Token);

        Assert.InRange(busyRate.Update(busy.Read()!.Value)!.Value, 1, 110);
        Assert.InRange(idleRate.Update(idle.Read()!.Value)!.Value, 0, 1);
        Assert.Equal(0, _errors.Malformed);
    }

    [Fact]
    public async Task The_percent_of_a_duty_cycle_agrees_with_the_kernels_count_of_the_same_window()
    {
        // Busy for 30 of 100 ms, more or less: what it really used is read off cpu.stat by other means.
        var unit = RealHost.Duty("percent");
        await _connection.Units.StartAsync(unit, RealHost.Patience, Token);
        using var reader = await ReaderAsync(unit);
        var file = Path.Combine(RealHost.CgroupRoot.DirectoryOf(reader.ControlGroup), "cpu.stat");
        var rate = new CpuRate(TimeProvider.System);
        for (var window = 0; window < 3; window++)
        {
            var (before, from) = (Usage(file), Stopwatch.GetTimestamp());
            rate.Update(reader.Read()!.Value);
            await Task.Delay(TimeSpan.FromSeconds(2), Token);
            var percent = rate.Update(reader.Read()!.Value)!.Value;
            var expected = (Usage(file) - before) * 100.0 / Stopwatch.GetElapsedTime(from).TotalMicroseconds;

            Assert.InRange(percent, expected - 3, expected + 3);
            Assert.True(percent > 3, $"{percent} %: the unit did nothing");
        }

        await _connection.Units.StopAsync(unit, RealHost.Patience, Token);
    }

    private static double Usage(string file) => double.Parse(
        File.ReadLines(file).First(line => line.StartsWith("usage_usec ", StringComparison.Ordinal)).Split(' ')[1],
        CultureInfo.InvariantCulture);

    [Fact]
    public async Task Figures_are_there_exactly_if_the_kernel_offers_them()
    {
        using var reader = await ReaderAsync(RealHost.Idle);
        var sample = reader.Read()!.Value;
        var directory = RealHost.CgroupRoot.DirectoryOf(reader.ControlGroup);

        Assert.Equal(File.Exists(Path.Combine(directory, "memory.current")), sample.MemoryCurrent is not null);
        Assert.Equal(File.Exists(Path.Combine(directory, "io.stat")), sample.Io is not null);
        Assert.Equal(File.Exists(Path.Combine(directory, "pids.current")), sample.PidsCurrent is not null);
        Assert.NotNull(sample.Cpu);
    }

    [Fact]
    public async Task A_cgroup_goes_and_comes_with_its_unit()
    {
        var unit = RealHost.Trial("cgroup");
        await _connection.Units.StartAsync(unit, RealHost.Patience, Token);
        using var reader = await ReaderAsync(unit);
        Assert.NotNull(reader.Read());

        await _connection.Units.StopAsync(unit, RealHost.Patience, Token);
        Assert.Null(reader.Read());

        await _connection.Units.StartAsync(unit, RealHost.Patience, Token);
        Assert.NotNull(reader.Read()!.Value.Cpu);
        Assert.Equal(0, _errors.Malformed);
    }

    [Fact]
    public void The_root_of_this_machine_is_found_where_it_has_one()
    {
        var root = CgroupRoot.Discover();
        Assert.NotNull(root);
        Assert.True(File.Exists(Path.Combine(root.Path, "cgroup.controllers")));
    }

    private async Task<CgroupReader> ReaderAsync(string unit)
    {
        var details = await _connection.Units.GetUnitAsync(unit, Token);
        return new(RealHost.CgroupRoot, details.ControlGroup!, TimeProvider.System, _errors);
    }
}
