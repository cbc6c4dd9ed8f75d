using Blixard.Systemd.Cgroups;
using Blixard.Systemd.Tests.Fakes;

namespace Blixard.Systemd.Tests.Cgroups;

/// <summary>On files as kernels with all v2 controllers write them, and on cgroups that come and go.</summary>
public sealed class CgroupReaderTests : IDisposable
{
    private readonly TemporaryDirectory _root = new();
    private readonly FakeTime _time = new();
    private readonly ReadErrors _errors = new();

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Every_figure_is_read()
    {
        var sample = ReadFixture("busy");

        Assert.Equal(
            new CgroupSample(
                _time.GetTimestamp(),
                new CpuUsage(81945032, 60212990, 21732042),
                MemoryCurrent: 536870912,
                MemoryMax: 1073741824,
                MemorySwapCurrent: 4096,
                new IoUsage(104861696, 52436992, 1601, 802),
                PidsCurrent: 14,
                PidsMax: null,
                new Pressure(new(1.53, 0.87, 0.22, 7134501), new PressureLine(0, 0, 0, 6880120)),
                new Pressure(new(0, 0, 0, 0), new PressureLine(0, 0, 0, 0)),
                new Pressure(new(99.99, 12.5, 3, 123456789), new PressureLine(50, 6.25, 1.5, 61728394))),
            sample);
        Assert.Equal(0, _errors.Malformed);
    }

    [Fact]
    public void What_a_kernel_with_all_controllers_counted_is_what_was_done()
    {
        // Fixtures/cgroup/README.md has the commands.
        var sample = ReadFixture("guest")!.Value;

        Assert.Equal(new IoUsage(64 * 32768, 128 * 65536, 64, 128), sample.Io);
        Assert.InRange(sample.MemoryCurrent!.Value, 24UL << 20, 28UL << 20);
        Assert.Equal((64UL << 20, 0UL), (sample.MemoryMax, sample.MemorySwapCurrent));
        Assert.Equal((3UL, 32UL), (sample.PidsCurrent, sample.PidsMax));

        // Each is rounded by itself.
        var cpu = sample.Cpu!.Value;
        Assert.InRange(cpu.UserMicroseconds + cpu.SystemMicroseconds, cpu.UsageMicroseconds - 1, cpu.UsageMicroseconds + 1);
        Assert.Equal(new Pressure(new(0.44, 0.09, 0.02, 75417), new PressureLine(0.44, 0.09, 0.02, 75417)), sample.IoPressure);
        Assert.Equal(0, _errors.Malformed);
    }

    [Fact]
    public void What_the_kernel_does_not_offer_is_null_and_never_zero()
    {
        var sample = ReadFixture("bare")!.Value;

        Assert.Equal(new CpuUsage(1000, 600, 400), sample.Cpu);
        Assert.Equal(new Pressure(new(0, 0, 0, 5), null), sample.CpuPressure);
        Assert.Equal(sample with { Cpu = null, CpuPressure = null }, new CgroupSample { Timestamp = sample.Timestamp });
        Assert.Equal(0, _errors.Malformed);
    }

    [Fact]
    public void What_is_malformed_is_null_and_counted_and_costs_nothing_else()
    {
        var sample = ReadFixture("broken")!.Value;

        Assert.NotNull(sample.Cpu);
        Assert.Equal(14ul, sample.PidsCurrent);
        Assert.Null(sample.MemoryCurrent);
        Assert.Null(sample.MemoryMax);
        Assert.Null(sample.Io);
        Assert.Null(sample.CpuPressure);
        Assert.Equal(4, _errors.Malformed);
        Assert.EndsWith("cpu.pressure", _errors.LastFile, StringComparison.Ordinal);
    }

    [Fact]
    public void A_cgroup_that_is_not_there_is_null() => Assert.Null(ReadFixture("missing"));

    [Fact]
    public void A_cgroup_that_vanishes_is_null_and_one_that_comes_back_is_read()
    {
        using var reader = new CgroupReader(new(_root.Path), "/a.service", _time, _errors);
        Assert.Null(reader.Read());
        _root.Write("a.service/memory.current", "7\n");
        Assert.Equal(7ul, reader.Read()?.MemoryCurrent);
        _root.Write("a.service/memory.max", "max\n");
        Assert.Equal((7ul, null), (reader.Read()?.MemoryCurrent, reader.Read()?.MemoryMax));

        Directory.Delete(_root.Combine("a.service"), recursive: true);

        Assert.Null(reader.Read());
    }

    [Fact]
    public void A_controller_that_is_enabled_later_is_found()
    {
        _root.Write("a.service/cpu.stat", "usage_usec 3\nuser_usec 2\nsystem_usec 1\n");
        using var reader = new CgroupReader(new(_root.Path), "/a.service", _time, _errors);
        Assert.Null(reader.Read()!.Value.MemoryCurrent);
        _root.Write("a.service/memory.current", "7\n");
        ulong? memory = null;
        for (var i = 0; i < 100 && memory is null; i++)
        {
            memory = reader.Read()!.Value.MemoryCurrent;
        }

        Assert.Equal(7ul, memory);
    }

    [Fact]
    public void What_is_missing_costs_no_allocation_either()
    {
        using var reader = Fixture("bare");
        reader.Read();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 50; i++)
        {
            reader.Read();
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1000);
    }

    [Fact]
    public void A_file_larger_than_any_of_its_kind_is_not_taken_for_half()
    {
        var lines = Enumerable.Repeat("259:0 rbytes=1 wbytes=1 rios=1 wios=1\n", 1000);
        _root.Write("a.service/io.stat", string.Concat(lines));
        using var reader = new CgroupReader(new(_root.Path), "/a.service", _time, _errors);

        Assert.Null(reader.Read()!.Value.Io);
        Assert.Equal(1, _errors.Malformed);
    }

    [Fact]
    public void Reading_again_allocates_nothing()
    {
        using var reader = Fixture("busy");
        reader.Read();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            reader.Read();
        }

        // A hundred readings of ten files; the path of one file alone would be 10 kB.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1000);
    }

    [Theory]
    [InlineData("a.service")]
    [InlineData("/../etc")]
    [InlineData("/a/../../b")]
    public void A_path_that_leaves_the_hierarchy_is_refused(string controlGroup) =>
        Assert.Throws<ArgumentException>(() => new CgroupReader(new(_root.Path), controlGroup, _time, _errors));

    private CgroupReader Fixture(string name) =>
        new(new(Path.Combine(AppContext.BaseDirectory, "Fixtures", "cgroup")), "/" + name, _time, _errors);

    private CgroupSample? ReadFixture(string name)
    {
        using var reader = Fixture(name);
        return reader.Read();
    }
}
