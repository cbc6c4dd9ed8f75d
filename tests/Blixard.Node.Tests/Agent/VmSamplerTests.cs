using Blixard.Node.Agent;
using Blixard.Systemd.Cgroups;
using Blixard.Systemd.MicroVms;

namespace Blixard.Node.Tests.Agent;

/// <summary>From the kernel's files to the figures of a view.</summary>
public sealed class VmSamplerTests : IDisposable
{
    private const string Group = "/microvm.slice/microvm@web1.service";

    private readonly TemporaryDirectory _root = new();
    private readonly FakeTime _time = new();
    private readonly ReadErrors _errors = new();
    private readonly VmSampler _sampler;

    public VmSamplerTests() => _sampler = new(new(_root.Path), _errors, _time);

    public void Dispose()
    {
        _sampler.Dispose();
        _root.Dispose();
    }

    [Fact]
    public void Rates_are_those_between_two_samples()
    {
        Write("cpu.stat", "usage_usec 1000000\nuser_usec 600000\nsystem_usec 400000\n");
        Write("io.stat", "259:0 rbytes=1000 wbytes=2000 rios=10 wios=20 dbytes=0 dios=0\n");
        var first = _sampler.Sample(View(At("web1")));
        Assert.Null(SampleOf(first)!.CpuPercent);
        Assert.Null(SampleOf(first)!.IoRates);

        Write("cpu.stat", "usage_usec 2000000\nuser_usec 1100000\nsystem_usec 900000\n");
        Write("io.stat", "259:0 rbytes=6000 wbytes=2000 rios=15 wios=20 dbytes=0 dios=0\n");
        _time.Advance(TimeSpan.FromSeconds(5));
        var second = SampleOf(_sampler.Sample(first))!;

        Assert.Equal((20.0, new IoRates(1000, 0, 1, 0)), (second.CpuPercent, second.IoRates));
        Assert.Null(second.NetworkRates);
        Assert.Null(second.Cgroup.MemoryCurrent);
    }

    [Fact]
    public void A_cgroup_that_vanishes_before_it_is_read_takes_its_figures_and_no_others()
    {
        Write("cpu.stat", "usage_usec 1000000\nuser_usec 600000\nsystem_usec 400000\n");
        WriteFile("microvm.slice/microvm@web2.service/cpu.stat", "usage_usec 1\nuser_usec 1\nsystem_usec 0\n");
        var view = View(At("web1"), At("web2"));

        Directory.Delete(_root[Group[1..]], recursive: true);
        view = _sampler.Sample(view);

        Assert.Null(SampleOf(view));
        Assert.NotNull(view.Vms["web2"].Sample);
        Assert.Equal((true, false), (view.Vms["web1"].FiguresMissing, view.Vms["web2"].FiguresMissing));
        Assert.Equal(0, _errors.Malformed);
    }

    [Fact]
    public void Another_run_of_the_unit_begins_its_rates_anew()
    {
        Write("cpu.stat", "usage_usec 1000000\nuser_usec 600000\nsystem_usec 400000\n");
        var view = _sampler.Sample(View(At("web1")));
        _time.Advance(TimeSpan.FromSeconds(5));
        Write("cpu.stat", "usage_usec 9000000\nuser_usec 600000\nsystem_usec 400000\n");
        view = _sampler.Sample(view with
        {
            Vms = view.Vms.SetItem("web1", view.Vms["web1"] with { MainPid = 4712 }),
        });
        Assert.Null(SampleOf(view)!.CpuPercent);
    }

    private static VmSample? SampleOf(AgentView view) => view.Vms["web1"].Sample;

    private static AgentView View(params IEnumerable<AgentVm> vms) => AgentView.Empty with
    {
        Vms = AgentView.Empty.Vms.AddRange(vms.Select(vm => KeyValuePair.Create(vm.Name, vm))),
    };

    private static AgentVm At(string name) => new()
    {
        Name = name,
        Unit = $"microvm@{name}.service",
        Scope = UnitScope.System,
        State = VmState.Running,
        ControlGroup = $"/microvm.slice/microvm@{name}.service",
    };

    private void Write(string file, string content) => WriteFile(Path.Combine(Group[1..], file), content);

    private void WriteFile(string file, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_root[file])!);
        File.WriteAllText(_root[file], content);
    }
}
