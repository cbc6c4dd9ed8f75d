using Blixard.Node.Fencing;
using Blixard.Systemd;

namespace Blixard.Node.Tests.Fencing;

public sealed class DeadManTests : IDisposable
{
    private static readonly TimeSpan Term = TimeSpan.FromSeconds(30);

    private readonly FenceRoom _room = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _room.Dispose();

    [Fact]
    public async Task A_renewal_arms_the_deadline_from_when_it_was_sent_and_then_writes_the_lease()
    {
        var lease = _room.Granted(Term);
        _room.Clocks.Advance(TimeSpan.FromSeconds(2));

        await _room.DeadMan.RenewAsync(lease, Token);

        // In CLOCK_MONOTONIC, which a suspend of 90 s has left behind.
        Assert.Equal((ulong)(lease.Deadline - _room.Clocks.Suspended), _room.Pid1.ElapsesAt(TimerOf(lease)));
        Assert.Equal((3ul, lease.Deadline), _room.File.Read());
        Assert.Equal(lease, _room.DeadMan.Current);
    }

    [Fact]
    public async Task The_deadline_is_absolute_where_systemd_counts_from_its_own_start()
    {
        _room.Pid1.Base = _room.Pid1.UserspaceStart;
        var lease = _room.Granted(Term);

        await _room.DeadMan.RenewAsync(lease, Token);

        Assert.Equal((ulong)(lease.Deadline - _room.Clocks.Suspended), _room.Pid1.ElapsesAt(TimerOf(lease)));
    }

    [Fact]
    public async Task A_systemd_that_counts_from_anywhere_else_is_not_relied_on()
    {
        _room.Pid1.Base = _room.Pid1.UserspaceStart + 1;

        await LostAsync(_room.Granted(Term), "can't be relied on");
    }

    [Fact]
    public async Task The_new_timer_is_confirmed_before_the_lease_is_written_and_the_others_go_only_then()
    {
        var first = _room.Granted(Term);
        await _room.DeadMan.RenewAsync(first, Token);
        _room.Clocks.Advance(TimeSpan.FromSeconds(5));
        var second = _room.Granted(Term);
        var leaseAtEachCall = new List<(string Call, long Deadline)>();
        _room.Pid1.Before = call => leaseAtEachCall.Add((call, _room.File.Read()!.Value.Deadline));

        await _room.DeadMan.RenewAsync(second, Token);

        Assert.Equal(
            [
                ($"arm {TimerOf(second)}", first.Deadline),
                ($"ask {TimerOf(second)}", first.Deadline),
                ($"ask {DeadMan.ServiceOf($"{second.SentAt}")}", first.Deadline),
                ("list", second.Deadline),
                ($"stop {TimerOf(first)}", second.Deadline),
            ],
            leaseAtEachCall);
        Assert.Equal([TimerOf(second)], _room.Pid1.Timers.Keys);
    }

    [Fact]
    public async Task The_timers_of_a_predecessor_are_swept_and_the_canarys_is_not()
    {
        foreach (var instance in (string[])["1", "22", "canary"])
        {
            var name = DeadMan.TimerOf(instance);
            await _room.Pid1.StartTimerAsync(new(name, 900_000_000, 1), Token);
        }

        var lease = _room.Granted(Term);
        await _room.DeadMan.RenewAsync(lease, Token);

        Assert.Equal(
            new[] { TimerOf(lease), DeadMan.TimerOf("canary") }.Order(StringComparer.Ordinal),
            _room.Pid1.Timers.Keys.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(100_001)]
    [InlineData(-100_001)]
    public async Task A_timer_that_elapses_at_another_time_than_asked_is_no_lease(long off)
    {
        var first = _room.Granted(Term);
        await _room.DeadMan.RenewAsync(first, Token);
        _room.Clocks.Advance(TimeSpan.FromSeconds(5));
        _room.Pid1.Off = off;

        await LostAsync(_room.Granted(Term), "instead of");

        // The lease before goes on, to its own deadline, and its timer is there.
        Assert.Equal(first, _room.DeadMan.Current);
        Assert.Equal(first.Deadline, _room.File.Read()!.Value.Deadline);
        Assert.Contains(TimerOf(first), _room.Pid1.Timers.Keys);
    }

    [Fact]
    public async Task Within_a_tenth_of_a_second_it_is()
    {
        await _room.DeadMan.RenewAsync(_room.Granted(Term), Token);
        _room.Clocks.Advance(TimeSpan.FromSeconds(5));
        _room.Pid1.Off = -100_000;
        var lease = _room.Granted(Term);

        await _room.DeadMan.RenewAsync(lease, Token);

        Assert.Equal(lease, _room.DeadMan.Current);
    }

    [Fact]
    public async Task A_fence_that_is_not_loaded_is_no_lease()
    {
        var lease = _room.Granted(Term);
        _room.DefineFence($"{lease.SentAt}", "error");

        await LostAsync(lease, "is error");
    }

    [Fact]
    public async Task An_answer_after_its_own_deadline_is_dropped_before_anything_is_armed()
    {
        var lease = _room.Granted(Term);
        _room.DefineFence($"{lease.SentAt - 1}");
        await _room.DeadMan.RenewAsync(_room.Granted(TimeSpan.FromHours(1)) with { SentAt = lease.SentAt - 1 }, Token);
        _room.Clocks.Advance(Term);
        _room.Pid1.Calls.Clear();

        await LostAsync(lease, "after its own deadline");

        Assert.Empty(_room.Pid1.Calls);
    }

    [Fact]
    public async Task Answers_that_come_twice_or_in_another_order_change_nothing()
    {
        var first = _room.Granted(Term);
        _room.Clocks.Advance(TimeSpan.FromSeconds(5));
        var second = _room.Granted(Term);
        await _room.DeadMan.RenewAsync(second, Token);

        await LostAsync(first, "not newer");
        await LostAsync(second, "not newer");

        Assert.Equal(second, _room.DeadMan.Current);
        Assert.Equal([TimerOf(second)], _room.Pid1.Timers.Keys);
    }

    [Fact]
    public async Task A_process_that_was_stopped_until_the_deadline_leaves_the_lease_as_it_was()
    {
        var first = _room.Granted(Term);
        await _room.DeadMan.RenewAsync(first, Token);
        _room.Clocks.Advance(TimeSpan.FromSeconds(5));
        var second = _room.Granted(Term);

        // Between the two clocks and the timer: what is armed is past, elapses at once, and is not confirmed.
        _room.Pid1.Before = call =>
        {
            if (call == $"arm {TimerOf(second)}")
            {
                _room.Clocks.Advance(TimeSpan.FromSeconds(31));
            }
        };

        await LostAsync(second, "does not elapse");

        Assert.Equal(first, _room.DeadMan.Current);
    }

    [Fact]
    public async Task A_bus_that_is_gone_costs_the_renewal_and_not_the_lease_before_it()
    {
        var first = _room.Granted(Term);
        await _room.DeadMan.RenewAsync(first, Token);
        _room.Clocks.Advance(TimeSpan.FromSeconds(5));
        _room.Pid1.Unavailable = true;
        await LostAsync(_room.Granted(Term), "the bus is gone");
        _room.Pid1.Unavailable = false;

        _room.Clocks.Advance(TimeSpan.FromSeconds(5));
        var third = _room.Granted(Term);
        await _room.DeadMan.RenewAsync(third, Token);

        Assert.Equal(third, _room.DeadMan.Current);
    }

    [Fact]
    public async Task A_timer_that_could_not_be_swept_is_swept_by_the_next_renewal()
    {
        var first = _room.Granted(Term);
        await _room.DeadMan.RenewAsync(first, Token);
        _room.Clocks.Advance(TimeSpan.FromSeconds(5));
        var second = _room.Granted(Term);
        _room.Pid1.Before = call =>
        {
            if (call.StartsWith("stop", StringComparison.Ordinal))
            {
                throw new SystemdUnavailableException("gone for a moment");
            }
        };
        await _room.DeadMan.RenewAsync(second, Token);
        Assert.Equal(second, _room.DeadMan.Current);
        Assert.Contains(TimerOf(first), _room.Pid1.Timers.Keys);

        _room.Pid1.Before = null;
        _room.Clocks.Advance(TimeSpan.FromSeconds(5));
        var third = _room.Granted(Term);
        await _room.DeadMan.RenewAsync(third, Token);

        Assert.Equal([TimerOf(third)], _room.Pid1.Timers.Keys);
    }

    [Fact]
    public async Task A_lease_that_cannot_be_written_is_none()
    {
        Directory.Delete(_room.Paths.Run, recursive: true);

        await LostAsync(_room.Granted(Term), "cannot be written");

        Assert.Null(_room.DeadMan.Current);
    }

    private static string TimerOf(Lease lease) => DeadMan.TimerOf($"{lease.SentAt}");

    private async Task LostAsync(Lease lease, string why)
    {
        var lost = await Assert.ThrowsAsync<LeaseNotArmedException>(() => _room.DeadMan.RenewAsync(lease, Token));
        Assert.Contains(why, lost.Message, StringComparison.Ordinal);
    }
}
