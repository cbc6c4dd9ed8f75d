using Blixard.Systemd.Cgroups;
using Blixard.Systemd.Tests.Fakes;

namespace Blixard.Systemd.Tests.Cgroups;

public class CpuRateTests
{
    private readonly FakeTime _time = new();
    private readonly CpuRate _rate;

    public CpuRateTests() => _rate = new(_time);

    [Fact]
    public void Percent_is_usage_by_time()
    {
        Assert.Null(At(0, 81_000_000));
        Assert.Equal(50.0, At(2, 82_000_000));
        Assert.Equal(0.0, At(1, 82_000_000));
        Assert.Equal(400.0, At(1, 86_000_000));
    }

    [Fact]
    public void A_counter_that_went_back_belongs_to_another_run()
    {
        At(0, 5_000_000);
        Assert.Null(At(1, 1_000));
        Assert.Equal(10.0, At(1, 101_000));
    }

    [Fact]
    public void A_reading_without_a_value_gives_none_before_and_after()
    {
        At(0, 5_000_000);
        Assert.Null(At(1, null));
        Assert.Null(At(1, 5_000_000));
        Assert.Equal(100.0, At(1, 6_000_000));
    }

    [Fact]
    public void Two_readings_at_the_same_time_give_none()
    {
        At(0, 5_000_000);
        Assert.Null(At(0, 6_000_000));
    }

    private double? At(int secondsLater, ulong? usage)
    {
        _time.Advance(TimeSpan.FromSeconds(secondsLater));
        return _rate.Update(new CgroupSample
        {
            Timestamp = _time.GetTimestamp(),
            Cpu = usage is { } value ? new CpuUsage(value, value, 0) : null,
        });
    }
}
