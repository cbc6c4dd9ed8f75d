using Blixard.Raft.Host;

namespace Blixard.Raft.Tests.Host;

public sealed class StorageWatchTests
{
    private readonly StorageWatch _watch = new(100);

    [Fact]
    public void Storage_is_low_below_the_reserve_and_not_again_before_twice_as_much_is_free()
    {
        Assert.False(_watch.Observe(100, reserveIsWhole: true));
        Assert.True(_watch.Observe(99, reserveIsWhole: true));
        Assert.True(_watch.IsLow);
        Assert.False(_watch.Observe(199, reserveIsWhole: true));
        Assert.True(_watch.IsLow);
        Assert.True(_watch.Observe(200, reserveIsWhole: true));
        Assert.False(_watch.IsLow);
        Assert.False(_watch.Observe(150, reserveIsWhole: true));
    }

    [Fact]
    public void Storage_is_low_as_long_as_the_reserve_is_not_whole()
    {
        Assert.True(_watch.Observe(1000, reserveIsWhole: false));
        Assert.False(_watch.Observe(1000, reserveIsWhole: false));
        Assert.True(_watch.Observe(1000, reserveIsWhole: true));
    }
}
