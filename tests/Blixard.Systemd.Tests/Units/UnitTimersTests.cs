using Blixard.Systemd.Tests.Fakes;
using Blixard.Systemd.Units;

namespace Blixard.Systemd.Tests.Units;

public sealed class UnitTimersTests : IAsyncDisposable
{
    private const string Timer = "blixard-fence@7.timer";
    private const string Service = "blixard-fence@7.service";

    private readonly FakeSystemd _systemd = new();
    private readonly SystemdConnection _connection;

    public UnitTimersTests() => _connection = new(
        new() { Address = _systemd.Address, CallTimeout = TimeSpan.FromSeconds(10) }, TimeProvider.System);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private IUnitTimers Timers => _connection.Timers;

    public async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync();
        await _systemd.DisposeAsync();
    }

    [Fact]
    public async Task A_timer_is_made_with_its_absolute_deadline_and_without_dependencies()
    {
        await Timers.StartTimerAsync(new(Timer, 123_456_789, 50_000), Token);

        var (name, mode, properties) = Assert.Single(_systemd.Transient);
        Assert.Equal((Timer, "fail"), (name, mode));
        Assert.Equal(
            new Dictionary<string, object>
            {
                ["TimersMonotonic"] = ("OnBootSec", 123_456_789ul),
                ["AccuracyUSec"] = 50_000ul,
                ["CollectMode"] = "inactive-or-failed",
                ["DefaultDependencies"] = false,
                ["IgnoreOnIsolate"] = true,
            },
            properties);
    }

    [Fact]
    public async Task It_returns_only_when_the_timers_job_has_ended()
    {
        _systemd.HoldJobs = true;
        var start = Timers.StartTimerAsync(new(Timer, 1, 1), Token);
        while (!_systemd.Calls.Contains("StartTransientUnit"))
        {
            await Task.Yield();
        }

        Assert.False(start.IsCompleted);
        _systemd.EndJobs();
        await start;
    }

    [Fact]
    public async Task A_timer_whose_job_fails_is_not_there()
    {
        _systemd.JobResult = "failed";
        await Assert.ThrowsAsync<UnitOperationException>(() => Timers.StartTimerAsync(new(Timer, 1, 1), Token));
    }

    [Fact]
    public async Task A_timer_tells_when_it_elapses_and_one_that_will_not_tells_nothing()
    {
        _systemd.Define(Timer);
        _systemd.Properties["Unit"] = Service;
        _systemd.Properties["NextElapseUSecMonotonic"] = 99_000_000ul;
        var timer = await Timers.GetTimerAsync(Timer, Token);
        Assert.Equal((Timer, "loaded", Service, 99_000_000ul), (timer.Name, timer.LoadState, timer.Unit, timer.NextElapseMonotonic));

        foreach (var never in (ulong[])[0, ulong.MaxValue])
        {
            _systemd.Properties["NextElapseUSecMonotonic"] = never;
            Assert.Null((await Timers.GetTimerAsync(Timer, Token)).NextElapseMonotonic);
        }
    }

    [Fact]
    public async Task A_unit_tells_how_it_is_started_and_what_happens_when_it_fails()
    {
        _systemd.Define("microvm@web1.service");
        _systemd.Properties["Slice"] = "blixard-strict.slice";
        _systemd.Properties["ControlGroup"] = "";
        _systemd.Properties["NeedDaemonReload"] = true;
        _systemd.Properties["JobRunningTimeoutUSec"] = 4_000_000ul;
        _systemd.Properties["JobTimeoutAction"] = "reboot-immediate";
        _systemd.Properties["FailureAction"] = "none";
        _systemd.Commands = [["/bin/sh", "/opt/gate", "web1"], ["/bin/true"]];
        _systemd.Job = 4711;

        var launch = await Timers.GetLaunchAsync("microvm@web1.service", Token);

        Assert.Equal("blixard-strict.slice", launch.Slice);
        Assert.Null(launch.ControlGroup);
        Assert.True(launch.NeedsDaemonReload);
        Assert.True(launch.HasJob);
        Assert.Equal(4_000_000ul, launch.JobRunningTimeoutMicroseconds);
        Assert.Equal(("reboot-immediate", "none"), (launch.JobTimeoutAction, launch.FailureAction));
        Assert.Equal([["/bin/sh", "/opt/gate", "web1"], ["/bin/true"]], launch.ExecStart);

        _systemd.Job = 0;
        _systemd.Properties["JobRunningTimeoutUSec"] = ulong.MaxValue;
        launch = await Timers.GetLaunchAsync("microvm@web1.service", Token);
        Assert.False(launch.HasJob);
        Assert.Null(launch.JobRunningTimeoutMicroseconds);
    }

    [Fact]
    public async Task The_managers_start_is_told() =>
        Assert.Equal(77_000_000ul, await Timers.GetUserspaceStartAsync(Token));

    [Fact]
    public async Task What_does_not_exist_is_not_found()
    {
        await Assert.ThrowsAsync<UnitNotFoundException>(() => Timers.GetTimerAsync(Timer, Token));
        await Assert.ThrowsAsync<UnitNotFoundException>(() => Timers.GetLaunchAsync(Service, Token));
    }

    [Fact]
    public async Task Names_that_are_none_are_refused_before_anything_is_sent()
    {
        await Assert.ThrowsAsync<ArgumentException>(() => Timers.StartTimerAsync(new(Service, 1, 1), Token));
        await Assert.ThrowsAsync<ArgumentException>(() => Timers.StartTimerAsync(new("a b.timer", 1, 1), Token));
        await Assert.ThrowsAsync<ArgumentException>(() => Timers.GetTimerAsync("", Token));
        Assert.Empty(_systemd.Calls);
    }

    [Fact]
    public async Task An_answer_of_another_form_is_refused()
    {
        _systemd.Garbled = true;
        await Assert.ThrowsAsync<SystemdUnavailableException>(() => Timers.GetTimerAsync(Timer, Token));
        await Assert.ThrowsAsync<SystemdUnavailableException>(() => Timers.GetLaunchAsync(Service, Token));
        await Assert.ThrowsAsync<SystemdUnavailableException>(() => Timers.GetUserspaceStartAsync(Token));
    }
}
