using System.Globalization;
using Blixard.Raft.Host;
using Blixard.Tests;

namespace Blixard.Raft.Tests.Host;

public sealed class TickClockTests
{
    private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(50);

    [Theory]
    [InlineData(50, 0)]
    [InlineData(99, 0)]
    [InlineData(100, 0)]
    [InlineData(101, 1)]
    [InlineData(1_000, 19)]
    public void A_tick_that_is_more_than_twice_as_late_says_how_many_are_missing(int milliseconds, int missed)
    {
        var time = new FakeTime();
        var clock = new TickClock(time, s_tick);
        time.Advance(s_tick);
        Assert.Equal(0, clock.Missed());
        time.Advance(TimeSpan.FromMilliseconds(milliseconds));
        Assert.Equal(missed, clock.Missed());
        time.Advance(s_tick);
        Assert.Equal(0, clock.Missed());
    }

    [Fact]
    public void A_machine_that_was_suspended_for_years_is_no_overflow()
    {
        var time = new FakeTime();
        var clock = new TickClock(time, TimeSpan.FromMilliseconds(1));
        time.Advance(TimeSpan.FromDays(3_650));
        Assert.Equal(int.MaxValue - 1, clock.Missed());
    }

    [Fact]
    public void Timestamps_are_those_of_the_machines_uptime()
    {
        var before = Uptime();
        var seconds = BootTime.Instance.GetTimestamp() / (double)BootTime.Instance.TimestampFrequency;
        var after = Uptime();

        // The file has two decimals, cut off.
        Assert.InRange(seconds, before, after + 0.01);
    }

    /// <summary>proc_uptime(5): CLOCK_BOOTTIME.</summary>
    private static double Uptime() =>
        double.Parse(File.ReadAllText("/proc/uptime").Split(' ')[0], CultureInfo.InvariantCulture);
}
