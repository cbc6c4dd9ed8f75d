using Blixard.Systemd.Cgroups;
using Blixard.Systemd.Network;

namespace Blixard.Systemd.Tests.Cgroups;

/// <summary>Block IO and traffic as rates.</summary>
public sealed class IoRateTests
{
    private readonly FakeTime _time = new();
    private readonly IoRate _io;
    private readonly NetworkRate _network;

    public IoRateTests() => (_io, _network) = (new(_time), new(_time));

    [Fact]
    public void A_rate_is_what_was_counted_by_the_time()
    {
        Assert.Null(Io(0, new(1000, 2000, 10, 20)));
        Assert.Equal(new IoRates(500, 1000, 5, 0.5), Io(2, new(2000, 4000, 20, 21)));
        Assert.Equal(new IoRates(0, 0, 0, 0), Io(1, new(2000, 4000, 20, 21)));
        Assert.Null(Network(0, Counted(100, 1, 200, 2)));
        Assert.Equal(new NetworkRates(50, 1, 100, 2), Network(2, Counted(200, 3, 400, 6)));
    }

    [Fact]
    public void One_counter_that_went_back_takes_all_rates_of_that_reading()
    {
        Io(0, new(1000, 1000, 10, 10));
        Assert.Null(Io(1, new(2000, 2000, 20, 9)));
        Assert.Equal(new IoRates(0, 0, 0, 1), Io(1, new(2000, 2000, 20, 10)));
        Network(0, Counted(100, 1, 200, 2));
        Assert.Null(Network(1, Counted(0, 1, 200, 2)));
    }

    [Fact]
    public void A_reading_without_counters_gives_none_before_and_after()
    {
        Io(0, new(1, 1, 1, 1));
        Assert.Null(Io(1, null));
        Assert.Null(Io(1, new(2, 2, 2, 2)));
        Network(0, Counted(1, 1, 1, 1));
        Assert.Null(Network(1, null));
        Assert.Null(Network(1, Counted(2, 2, 2, 2)));
    }

    [Fact]
    public void Two_readings_at_the_same_time_give_none()
    {
        Io(0, new(1, 1, 1, 1));
        Assert.Null(Io(0, new(2, 2, 2, 2)));
    }

    private static NetworkCounters Counted(ulong rx, ulong rxPackets, ulong tx, ulong txPackets) =>
        new(rx, rxPackets, 0, 0, tx, txPackets, 0, 0);

    private IoRates? Io(int secondsLater, IoUsage? usage)
    {
        _time.Advance(TimeSpan.FromSeconds(secondsLater));
        return _io.Update(new CgroupSample { Timestamp = _time.GetTimestamp(), Io = usage });
    }

    private NetworkRates? Network(int secondsLater, NetworkCounters? counters)
    {
        _time.Advance(TimeSpan.FromSeconds(secondsLater));
        return _network.Update(_time.GetTimestamp(), counters);
    }
}
