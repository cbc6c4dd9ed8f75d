using Blixard.Node.Agent;
using Blixard.StateMachine.Commands;
using Blixard.Systemd.Cgroups;
using Blixard.Systemd.MicroVms;
using Blixard.Systemd.Network;

namespace Blixard.Node.Tests.Agent;

/// <summary>Which figures are told to the cluster, and when they have moved enough to be told again.</summary>
public sealed class UsageReportTests
{
    private const long Mebi = 1 << 20;

    private static readonly DeadBand Band = new(CpuPercent: 10, Bytes: 16 * Mebi);

    private static readonly VmSample Full = new(
        DateTimeOffset.UnixEpoch.AddDays(1),
        new CgroupSample(
            Timestamp: 0,
            new CpuUsage(30, 20, 10),
            MemoryCurrent: 100,
            MemoryMax: 200,
            MemorySwapCurrent: 0,
            new IoUsage(1000, 2000, 10, 20),
            PidsCurrent: 5,
            PidsMax: 50,
            new Pressure(new(1.25, 0, 0, 0), null),
            new Pressure(new(2, 0, 0, 0), new PressureLine(1, 0, 0, 0)),
            new Pressure(new(100, 0, 0, 0), new PressureLine(99.99, 0, 0, 0))),
        12.3456,
        new NetworkCounters(1, 2, 3, 4, 5, 6, 7, 8))
    {
        IoRates = new(1.4, 1.6, 0, 2),
        NetworkRates = new(10, 1, 20, 2),
    };

    [Fact]
    public void Every_figure_is_told_in_whole_numbers()
    {
        var usage = UsageReport.Of(Full, full: true);

        Assert.Equal(
            (12_346ul, 20ul, 10ul, 0ul), (usage.CpuMillipercent, usage.CpuUserUsec, usage.CpuSystemUsec, usage.SwapBytes));
        Assert.Equal(
            (1ul, 2ul, 0ul, 2ul),
            (usage.DiskReadBytesPerSecond, usage.DiskWriteBytesPerSecond, usage.DiskReadsPerSecond, usage.DiskWritesPerSecond));
        Assert.Equal(
            (10ul, 20ul, 1ul, 2ul),
            (usage.NetworkRxBytesPerSecond, usage.NetworkTxBytesPerSecond, usage.NetworkRxPacketsPerSecond,
                usage.NetworkTxPacketsPerSecond));
        Assert.Equal(
            (3ul, 7ul, 4ul, 8ul),
            (usage.NetworkRxErrors, usage.NetworkTxErrors, usage.NetworkRxDropped, usage.NetworkTxDropped));
        Assert.Equal((1250ul, false), (usage.CpuPressureSomeMillipercent, usage.HasCpuPressureFullMillipercent));
        Assert.Equal((2000ul, 1000ul), (usage.MemoryPressureSomeMillipercent, usage.MemoryPressureFullMillipercent));
        Assert.Equal((100_000ul, 99_990ul), (usage.IoPressureSomeMillipercent, usage.IoPressureFullMillipercent));
        Assert.Equal(50ul, usage.PidsLimit);

        // What tells the limit is not the cgroup alone: ObservationReport adds it.
        Assert.Equal(
            ["memory_limit_bytes", "cpu_pressure_full_millipercent"],
            ResourceUsage.Descriptor.Fields.InFieldNumberOrder()
                .Where(field => field.HasPresence && !field.Accessor.HasValue(usage))
                .Select(field => field.Name));
    }

    [Fact]
    public void A_cluster_of_before_is_told_what_it_knows()
    {
        var usage = UsageReport.Of(Full, full: false);

        Assert.Equal(100ul, usage.MemoryBytes);
        Assert.Equal(
            CommandVersions.Oldest,
            CommandVersions.Needed(Command.Of(new UpdateState { Vms = { new VmObservation { Resources = usage } } })));
    }

    [Fact]
    public void What_the_kernel_does_not_tell_is_left_out()
    {
        var sample = new VmSample(DateTimeOffset.UnixEpoch.AddDays(1), new CgroupSample(), null, null);

        Assert.Equal(
            new ResourceUsage { SampledAtUnixMs = sample.At.ToUnixTimeMilliseconds() }, UsageReport.Of(sample, full: true));
    }

    [Fact]
    public void Within_its_band_a_figure_is_not_told_again()
    {
        Assert.False(IsLeft(cpu: 22));
        Assert.True(IsLeft(cpu: 23));
        Assert.False(IsLeft(cgroup => cgroup with { MemoryCurrent = 100 + (16 * Mebi) }));
        Assert.True(IsLeft(cgroup => cgroup with { MemoryCurrent = 101 + (16 * Mebi) }));
        Assert.True(IsLeft(cgroup => cgroup with { MemorySwapCurrent = 17 * Mebi }));
        Assert.False(IsLeft(cgroup => cgroup with { PidsCurrent = 13 }));
        Assert.True(IsLeft(cgroup => cgroup with { PidsCurrent = 14 }));
        Assert.True(IsLeft(cgroup => cgroup with { PidsMax = 51 }));
        Assert.False(IsLeft(cgroup => cgroup with { MemoryPressure = new(new(12, 0, 0, 9), new(1, 0, 0, 9)) }));
        Assert.True(IsLeft(cgroup => cgroup with { MemoryPressure = new(new(2, 0, 0, 0), new(12, 0, 0, 0)) }));
    }

    [Fact]
    public void A_figure_that_appears_or_vanishes_is_told()
    {
        Assert.True(IsLeft(cgroup => cgroup with { MemorySwapCurrent = null }));
        Assert.True(IsLeft(cgroup => cgroup with { Io = null }));
        Assert.True(Band.IsLeft(Of(Full), Of(null)));
        Assert.True(Band.IsLeft(Of(Full with { IoRates = null }), Of(Full)));
    }

    [Fact]
    public void A_rate_is_told_when_it_is_another_order_than_it_was()
    {
        Assert.False(Band.IsLeft(Of(Full), Of(Full with { IoRates = new(Mebi, 0, 1000, 0) })));
        Assert.True(Band.IsLeft(Of(Full), Of(Full with { IoRates = new(2 * Mebi, 0, 0, 0) })));
        var busy = Full with { IoRates = new(100 * Mebi, 0, 0, 0), NetworkRates = new(0, 9000, 0, 0) };
        Assert.False(Band.IsLeft(Of(busy), Of(busy with { IoRates = new(60 * Mebi, 0, 0, 0) })));
        Assert.True(Band.IsLeft(Of(busy), Of(busy with { IoRates = new(0, 0, 0, 0) })));
        Assert.False(Band.IsLeft(Of(busy), Of(busy with { NetworkRates = new(0, 12_000, 0, 0) })));
        Assert.True(Band.IsLeft(Of(busy), Of(busy with { NetworkRates = new(0, 100, 0, 0) })));
    }

    [Fact]
    public void The_first_error_is_told_and_of_many_not_each()
    {
        var none = Full with { Network = new NetworkCounters() };
        Assert.True(Band.IsLeft(Of(none), Of(none with { Network = new NetworkCounters { ReceiveErrors = 1 } })));
        var many = Full with { Network = new NetworkCounters { SendDropped = 1000 } };
        Assert.False(Band.IsLeft(Of(many), Of(many with { Network = new NetworkCounters { SendDropped = 1100 } })));
        Assert.True(Band.IsLeft(Of(many), Of(many with { Network = new NetworkCounters { SendDropped = 1101 } })));
    }

    private static bool IsLeft(Func<CgroupSample, CgroupSample> change) =>
        Band.IsLeft(Of(Full), Of(Full with { Cgroup = change(Full.Cgroup) }));

    private static bool IsLeft(double cpu) => Band.IsLeft(Of(Full), Of(Full with { CpuPercent = cpu }));

    private static AgentVm Of(VmSample? sample) => new()
    {
        Name = "web1",
        Unit = "microvm@web1.service",
        Scope = UnitScope.System,
        Sample = sample,
    };
}
