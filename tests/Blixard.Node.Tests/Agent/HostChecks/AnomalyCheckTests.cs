using Blixard.Node.Agent;
using Blixard.Node.Agent.HostChecks;
using Blixard.Systemd.Cgroups;
using Blixard.Systemd.MicroVms;

namespace Blixard.Node.Tests.Agent.HostChecks;

/// <summary>A VM that is sampled twice a minute.</summary>
public sealed class AnomalyCheckTests
{
    private readonly FakeTime _time = new();
    private readonly AnomalyCheck _check;
    private int _pid = 100;
    private uint _restarts;
    private long _errors;

    public AnomalyCheckTests()
    {
        _check = new(HealthSettings.Usual, _time);
        Take(10, 300);
    }

    [Fact]
    public void For_half_an_hour_nothing_is_known()
    {
        Assert.Equal((true, "watched for less than half an hour"), Minutes(28, cpu: 10));
        Assert.Equal((true, "watched for less than half an hour"), Minutes(1, cpu: 99));
        Assert.Equal((true, "nothing unusual"), Minutes(1, cpu: 10));
    }

    [Fact]
    public void An_outlier_is_told_with_its_figures_and_is_over_when_it_is()
    {
        Minutes(40, cpu: 10);
        Assert.Equal((false, "CPU 90.0%, usual is 10.0 within 30.0"), Minutes(2, cpu: 90));
        Assert.Equal((true, "nothing unusual"), Minutes(3, cpu: 10));
    }

    [Fact]
    public void Memory_restarts_and_errors_are_looked_at_too()
    {
        Minutes(40, cpu: 10, memory: 300);
        for (var minute = 0; minute < 2; minute++)
        {
            _restarts += 6;
            _errors += 60;
            Minutes(1, cpu: 10, memory: 900);
        }

        Assert.Equal(
            (false, "memory 900.0 MiB, usual is 300.0 within 96.0; restarts 6.0 a minute, usual is 0.0 within 1.2; "
                + "errors 60.0 a minute, usual is 0.0 within 3.0"),
            Take(10, 900));
    }

    [Fact]
    public void Another_run_of_the_vm_is_not_judged_by_the_one_before()
    {
        Minutes(40, cpu: 10);
        Minutes(1, cpu: 95);
        _pid++;
        Assert.Equal((true, "nothing unusual"), Minutes(5, cpu: 95));
    }

    [Fact]
    public void Counts_that_begin_anew_are_no_outliers()
    {
        (_restarts, _errors) = (500, 5000);
        Minutes(40, cpu: 10);
        (_restarts, _errors) = (0, 0);
        Assert.Equal((true, "nothing unusual"), Minutes(5, cpu: 10));
    }

    [Fact]
    public void Within_a_minute_it_is_the_same_check() => Assert.Same(Sample(10, 100), Sample(95, 900));

    private (bool, string) Minutes(int minutes, double cpu, ulong memory = 300)
    {
        for (var half = 0; half < 2 * minutes; half++)
        {
            _time.Advance(TimeSpan.FromSeconds(30));
            Take(cpu, memory);
        }

        return Take(cpu, memory);
    }

    private (bool, string) Take(double cpu, ulong memory) =>
        Sample(cpu, memory) is var check ? (check.Passed, check.Message) : default;

    private HostCheck Sample(double cpu, ulong memory) => _check.Take(
        new()
        {
            Name = "web1",
            Unit = "microvm@web1.service",
            Scope = UnitScope.System,
            State = VmState.Running,
            MainPid = _pid,
            Restarts = _restarts,
            Sample = new(
                _time.GetUtcNow(),
                new CgroupSample(0, null, memory << 20, null, null, null, null, null, null, null, null),
                cpu,
                null),
        },
        _errors);
}
