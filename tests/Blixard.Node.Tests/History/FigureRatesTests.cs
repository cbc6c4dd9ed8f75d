using Blixard.Node.Agent;
using Blixard.Node.History;
using Blixard.Systemd.Cgroups;
using Blixard.Systemd.MicroVms;
using Blixard.Systemd.Network;

namespace Blixard.Node.Tests.History;

public class FigureRatesTests
{
    private readonly FakeTime _time = new();

    [Fact]
    public void Counters_become_rates_in_the_guests_view_and_figures_stay_figures()
    {
        var rates = Rates();
        rates.Take(View(Sample(io: new(1000, 0, 1, 1), network: Net(0, 100))));
        _time.Advance(TimeSpan.FromSeconds(5));

        var sweep = rates.Take(View(Sample(io: new(6000, 0, 1, 1), network: Net(2500, 100))))!;

        var web1 = sweep.Vms["web1"];
        Assert.Equal(_time.GetUtcNow(), sweep.At);
        Assert.Equal((1000, 0, 500, 0), (
            web1.Get(HistoryMetric.DiskRead), web1.Get(HistoryMetric.DiskWrite),
            web1.Get(HistoryMetric.NetRx), web1.Get(HistoryMetric.NetTx)));
        Assert.Equal(12.34, web1.Get(HistoryMetric.Cpu));
        Assert.Equal(1 << 20, web1.Get(HistoryMetric.Memory));
        Assert.Equal(1.5, web1.Get(HistoryMetric.PressureCpu));
        Assert.Null(web1.Get(HistoryMetric.PressureIo));
        Assert.Null(web1.Get(HistoryMetric.Pids));
    }

    [Fact]
    public void The_first_sample_a_counter_that_went_back_and_a_long_pause_have_no_rate()
    {
        var rates = Rates();
        Assert.Null(Read(rates.Take(View(Sample(io: new(1000, 0, 0, 0))))));
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Null(Read(rates.Take(View(Sample(io: new(10, 0, 0, 0))))));
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(2, Read(rates.Take(View(Sample(io: new(20, 0, 0, 0))))));
        _time.Advance(TimeSpan.FromMinutes(10));
        Assert.Null(Read(rates.Take(View(Sample(io: new(60_000, 0, 0, 0))))));
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Null(Read(rates.Take(View(Sample(io: null)))));
    }

    [Fact]
    public void A_view_without_a_new_sample_is_no_sweep_and_a_vm_without_one_is_not_in_it()
    {
        var rates = Rates();
        var sample = Sample();
        Assert.Null(rates.Take(View(null)));
        Assert.NotNull(rates.Take(View(sample)));
        Assert.Null(rates.Take(View(sample)));
    }

    private FigureRates Rates() => new(TimeSpan.FromSeconds(15), _time);

    private static double? Read(Sweep? sweep) => sweep!.Vms["web1"].Get(HistoryMetric.DiskRead);

    private VmSample Sample(IoUsage? io = null, NetworkCounters? network = null) => new(
        _time.GetUtcNow(),
        new CgroupSample(
            _time.GetTimestamp(), null, 1 << 20, null, null, io, null, null,
            new Pressure(new PressureLine(1.5, 0, 0, 0), null), null, null),
        12.34,
        network);

    private static NetworkCounters Net(ulong received, ulong sent) => new(received, 0, 0, 0, sent, 0, 0, 0);

    private static AgentView View(VmSample? sample) => AgentView.Empty with
    {
        Vms = AgentView.Empty.Vms.Add("web1", new AgentVm
        {
            Name = "web1",
            Unit = "microvm@web1.service",
            Scope = UnitScope.System,
            Sample = sample,
        }),
    };
}
