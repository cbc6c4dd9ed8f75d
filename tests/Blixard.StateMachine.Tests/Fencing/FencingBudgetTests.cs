using Blixard.StateMachine.Fencing;

namespace Blixard.StateMachine.Tests.Fencing;

public sealed class FencingBudgetTests
{
    private static readonly FencingBudget Standard = new(30_000, 5000, 10_000, 2000);
    private static readonly FencingBudget Fast = new(5000, 3000, 0, 1000);

    [Fact]
    public void The_two_profiles_wait_as_long_as_is_published()
    {
        Assert.Equal(51_500, Standard.WaitMs);
        Assert.Equal(9800, Fast.WaitMs);
        Assert.Equal(56_594, Standard.WaitAtMostMs);
        Assert.True(Standard.CoversHang);
        Assert.False(Fast.CoversHang);
    }

    [Fact]
    public void A_wait_is_rounded_up_never_down()
    {
        // 1 ms by the slowest clock of a node is 1.1 ms by the leader's.
        Assert.Equal(2, new FencingBudget(1, 0, 0, 0).WaitMs);
        Assert.Equal(12, new FencingBudget(10, 0, 0, 1).WaitMs);
        Assert.Equal(13, new FencingBudget(11, 0, 0, 0).WaitMs);
    }

    /// <summary>Counted in fractions of a nanosecond, by the clocks that are as wrong as they may be.</summary>
    [Fact]
    public void No_wait_of_the_smallest_safe_length_overlaps()
    {
        var random = new Random(1);
        for (var i = 0; i < 100_000; i++)
        {
            var budget = new FencingBudget(random.Next(1, 90_000), random.Next(20_000), random.Next(20_000), 0);
            Int128 outstanding = budget.MaxTermMs + budget.KillMs + budget.WatchdogMs;

            // Both in real time, times 910 * 1001: the last moment of the old copy, and the first of the new one.
            var oldEnds = outstanding * 1000 * 1001;
            var newBegins = (Int128)budget.WaitMs * 1000 * 910;
            Assert.True(newBegins >= oldEnds, $"{budget}");
            Assert.True((Int128)(budget.WaitMs - 1) * 1000 * 910 < oldEnds, $"{budget} waits longer than it must");
            Assert.Equal(0, budget.WorstOverlapMs(budget.WaitMs));
        }
    }

    [Fact]
    public void A_shorter_wait_is_refused_with_the_smallest_safe_one()
    {
        Assert.Null(Fast.Refuse(9800));
        Assert.Equal(
            "a wait of 9799 ms is not safe: with a lease term of up to 5000 ms, a kill budget of 3000 ms, a watchdog of 0 "
                + "ms and a slack of 1000 ms the smallest safe one is 9800 ms",
            Fast.Refuse(9799));
    }

    [Fact]
    public void The_overlap_of_a_wait_that_is_too_short_is_told()
    {
        // Old: 8000 / 0.91 = 8791.2; new: 5000 / 1.001 = 4995.004.
        Assert.Equal(3797, Fast.WorstOverlapMs(5000));
        Assert.Equal(0, Fast.WorstOverlapMs(8801));
        Assert.Equal(8792, Fast.WorstOverlapMs(0));
    }

    [Theory]
    [InlineData(0UL, 2000)]
    [InlineData(1UL << 30, 2100)]
    [InlineData((1UL << 30) + 1, 2101)]
    [InlineData(64UL << 30, 8400)]
    [InlineData(ulong.MaxValue, 2000 + (100L << 20))]
    public void The_kill_budget_grows_with_the_memory_of_the_guest(ulong bytes, long expected) =>
        Assert.Equal(expected, FencingBudget.KillNeededMs(bytes));

    [Fact]
    public void The_longest_times_do_not_overflow()
    {
        const long Longest = FencingBudget.LongestMs;
        var budget = new FencingBudget(Longest, Longest, Longest, Longest);

        Assert.Equal((Longest * 33 / 10) + Longest, budget.WaitMs);
        Assert.True(budget.WaitAtMostMs > budget.WaitMs);
    }

    [Fact]
    public void The_longest_outage_that_stops_nothing()
    {
        // Standard stops in good order at 20 s; fast kills at 5 s.
        Assert.True(LeaseProfile.Standard.StopsGracefully);
        Assert.Equal(9174, LeaseProfile.Standard.LongestOutageMs);
        Assert.False(LeaseProfile.Fast.StopsGracefully);
        Assert.Equal(2752, LeaseProfile.Fast.LongestOutageMs);
        Assert.Equal(10_000, LeaseProfile.Standard.SuspectAfterMs);
    }

    [Fact]
    public void A_soft_point_without_time_for_a_graceful_stop_only_ends_new_starts() =>
        Assert.False((LeaseProfile.Standard with { SoftMs = 20_001 }).StopsGracefully);

    [Fact]
    public void Times_that_make_no_lease_are_refused()
    {
        Assert.Null(LeaseProfile.Standard.Refuse());
        Assert.Null(LeaseProfile.Fast.Refuse());
        Assert.Equal(
            "renew_ms 99 is not between 100 and 2592000000", (LeaseProfile.Fast with { RenewMs = 99 }).Refuse());
        Assert.Equal(
            "term_ms 2592000001 is not between 1000 and 2592000000",
            (LeaseProfile.Fast with { TermMs = FencingBudget.LongestMs + 1 }).Refuse());
        Assert.Equal(
            "slack_ms -1 is not between 0 and 2592000000", (LeaseProfile.Fast with { SlackMs = -1 }).Refuse());
        Assert.Equal(
            "a lease term of 3000 ms ends before a third renewal, 1000 ms apart: one lost message would stop VMs",
            (LeaseProfile.Fast with { TermMs = 3000 }).Refuse());
        Assert.Equal(
            "the soft point 2000 ms must lie after two renewals and before the end of the term",
            (LeaseProfile.Fast with { SoftMs = 2000 }).Refuse());
        Assert.Equal(
            "the soft point 5000 ms must lie after two renewals and before the end of the term",
            (LeaseProfile.Fast with { SoftMs = 5000 }).Refuse());
    }
}
