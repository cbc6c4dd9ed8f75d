using Blixard.Node.Fencing;
using Blixard.Tests;

namespace Blixard.Node.Tests.Fencing;

public sealed class TestFenceTests : IDisposable
{
    private const string Canary = "blixard-canary.service";
    private const string Timer = "blixard-fence@canary.timer";

    private readonly FenceRoom _room = new();
    private readonly FakeTime _time = new();
    private readonly TestFence _test;

    public TestFenceTests()
    {
        _test = new(
            _room.DeadMan, _room.Pid1, _room.Pid1, _room.Clocks, _room.Paths, _room.Tried, _room.Metrics, _time);
        _room.Pid1.Define(new() { Name = Canary, LoadState = "loaded", ActiveState = "inactive" });
        _room.DefineFence("0");
        _room.DefineFence("canary");
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _room.Dispose();

    [Fact]
    public async Task A_canary_that_dies_after_its_deadline_tells_how_long_a_fence_may_take()
    {
        var running = _test.RunAsync(Token);
        await UntilItLooksAsync();
        Assert.Equal("active", (await _room.Pid1.GetLaunchAsync(Canary, Token)).ActiveState);
        _room.Clocks.Advance(TimeSpan.FromSeconds(1.05));
        Fence();
        _time.Advance(TimeSpan.FromMilliseconds(50));

        Assert.Equal(TimeSpan.FromSeconds(5), (await running).KillBudget);
    }

    [Fact]
    public async Task A_process_that_is_started_again_in_the_same_boot_kills_no_second_one()
    {
        _room.Tried.Note();

        Assert.Equal(TimeSpan.FromSeconds(5), (await _test.RunAsync(Token)).KillBudget);

        Assert.DoesNotContain($"start {Canary}", _room.Pid1.Calls);
        Assert.False(new FenceTried(_room.Paths, "another boot").IsOfThisBoot);
    }

    [Fact]
    public async Task One_that_lives_on_is_told_when_the_time_for_it_is_over()
    {
        var running = _test.RunAsync(Token);
        await UntilItLooksAsync();
        _room.Clocks.Advance(TimeSpan.FromSeconds(6.1));
        _time.Advance(TimeSpan.FromMilliseconds(50));

        await BrokenAsync(running, "still lives 5 s after its deadline");
    }

    [Fact]
    public async Task One_that_dies_otherwise_proves_nothing()
    {
        var running = _test.RunAsync(Token);
        await UntilItLooksAsync();
        Fence();
        _time.Advance(TimeSpan.FromMilliseconds(50));

        await BrokenAsync(running, "not by the fence");
    }

    [Fact]
    public async Task A_fence_without_its_limit_or_its_reset_is_none()
    {
        var fence = DeadMan.ServiceOf("0");
        _room.Pid1.Change(fence, f => f with { FailureAction = "none" });
        await BrokenAsync(_test.RunAsync(Token), "FailureAction=none");
        _room.DefineFence("0");
        _room.Pid1.Change(fence, f => f with { JobRunningTimeoutMicroseconds = null });
        await BrokenAsync(_test.RunAsync(Token), "no limit of time");
        _room.DefineFence("0", "bad-setting");
        await BrokenAsync(_test.RunAsync(Token), "is bad-setting");
        Assert.DoesNotContain($"start {Canary}", _room.Pid1.Calls);
    }

    [Fact]
    public async Task A_systemd_that_is_out_of_reach_is_a_fence_that_does_not_work()
    {
        _room.Pid1.Unavailable = true;
        await BrokenAsync(_test.RunAsync(Token), "the bus is gone");
    }

    private static async Task BrokenAsync(Task running, string why)
    {
        var broken = await Assert.ThrowsAsync<FenceBrokenException>(() => running);
        Assert.Contains(why, broken.Message, StringComparison.Ordinal);
    }

    private async Task UntilItLooksAsync()
    {
        while (_time.Armed == 0)
        {
            await Task.Yield();
        }
    }

    private void Fence()
    {
        File.Delete(_room.Paths.Canary);
        _room.Pid1.Timers.Remove(Timer);
        _room.Pid1.Change(Canary, canary => canary with { ActiveState = "inactive", SubState = "dead" });
    }
}
