using Blixard.Systemd.Signals;

namespace Blixard.Systemd.Tests.Signals;

public class RetryDelayTests
{
    private static readonly TimeSpan Min = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Max = TimeSpan.FromSeconds(30);

    [Fact]
    public void Each_wait_lies_between_half_and_all_of_a_doubling_time()
    {
        var delay = new RetryDelay(Min, Max, new Random(7));
        for (var n = 0; n < 100; n++)
        {
            var full = n < 9 ? Min * Math.Pow(2, n) : Max;
            Assert.InRange(delay.Next(), full / 2, full);
        }
    }

    [Fact]
    public void After_a_success_it_begins_anew()
    {
        var delay = new RetryDelay(Min, Max, new Random(7));
        for (var n = 0; n < 20; n++)
        {
            delay.Next();
        }

        delay.Reset();

        Assert.InRange(delay.Next(), Min / 2, Min);
    }

    [Fact]
    public void Two_nodes_do_not_wait_equally_long() =>
        Assert.NotEqual(new RetryDelay(Min, Max, new Random(1)).Next(), new RetryDelay(Min, Max, new Random(2)).Next());
}
