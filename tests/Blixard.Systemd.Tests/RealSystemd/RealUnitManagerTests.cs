using Blixard.Systemd.Units;

namespace Blixard.Systemd.Tests.RealSystemd;

[Collection(nameof(RealHost))]
public sealed class RealUnitManagerTests : IAsyncDisposable
{
    private readonly SystemdConnection _connection;

    public RealUnitManagerTests()
    {
        RealHost.Require();
        _connection = RealHost.Connect();
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync() => await _connection.DisposeAsync();

    [Fact]
    public async Task The_units_of_running_vms_are_listed()
    {
        var units = await _connection.Units.ListUnitsByPatternsAsync(["microvm@*.service"], Token);

        foreach (var name in (string[])[RealHost.Idle, RealHost.Busy, RealHost.WithDash, RealHost.WithDot])
        {
            var unit = Assert.Single(units, unit => unit.Name == name);
            Assert.Equal(("loaded", "active", "running"), (unit.LoadState, unit.ActiveState, unit.SubState));
        }

        Assert.DoesNotContain(units, unit => !unit.Name.StartsWith("microvm@", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_template_is_on_disk()
    {
        var files = await _connection.Units.ListUnitFilesByPatternsAsync(["microvm@*.service"], Token);
        var template = Assert.Single(files, file => file.Name == "microvm@.service");
        Assert.EndsWith("/microvm@.service", template.Path, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(RealHost.Idle)]
    [InlineData(RealHost.WithDash)]
    [InlineData(RealHost.WithDot)]
    public async Task A_running_unit_has_a_process_a_cgroup_and_a_time(string name)
    {
        var unit = await _connection.Units.GetUnitAsync(name, Token);

        Assert.Equal((name, "active", "running", "success"), (unit.Name, unit.ActiveState, unit.SubState, unit.Result));
        Assert.True(unit.MainPid > 1);
        Assert.EndsWith("/" + name, unit.ControlGroup, StringComparison.Ordinal);
        Assert.NotEqual(0ul, unit.StateChangeMonotonic);
        Assert.InRange(DateTimeOffset.UtcNow - unit.StateChangedAt!.Value, TimeSpan.Zero, TimeSpan.FromHours(1));
        Assert.Matches("^[0-9a-f]{32}$", unit.InvocationId);
        Assert.EndsWith("/microvm@.service", unit.FragmentPath, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_unit_that_failed_says_how()
    {
        var unit = await _connection.Units.GetUnitAsync(RealHost.Failing, Token);

        Assert.Equal(("failed", "exit-code"), (unit.ActiveState, unit.Result));
        Assert.Equal((1, 3), (unit.ExecMainCode, unit.ExecMainStatus));
        Assert.Null(unit.MainPid);
    }

    [Fact]
    public async Task A_service_that_notifies_shows_its_status() =>
        Assert.Equal("guest is up", (await _connection.Units.GetUnitAsync(RealHost.Notifying, Token)).StatusText);

    [Fact]
    public async Task A_vm_that_is_only_defined_is_inactive()
    {
        var unit = await _connection.Units.GetUnitAsync(RealHost.Spare, Token);
        Assert.Equal(("loaded", "inactive"), (unit.LoadState, unit.ActiveState));
        Assert.Null(unit.ControlGroup);
        Assert.Null(unit.InvocationId);
    }

    [Fact]
    public async Task A_unit_that_does_not_exist_is_not_found()
    {
        const string Unknown = "nosuch.service";
        var units = _connection.Units;
        await Assert.ThrowsAsync<UnitNotFoundException>(() => units.GetUnitAsync(Unknown, Token));
        await Assert.ThrowsAsync<UnitNotFoundException>(() => units.StartAsync(Unknown, RealHost.Patience, Token));
        await Assert.ThrowsAsync<UnitNotFoundException>(() => units.ResetFailedAsync(Unknown, Token));
    }

    [Fact]
    public async Task A_stop_and_a_start_of_a_vm_return_when_they_are_done()
    {
        Assert.Equal("done", await _connection.Units.StopAsync(RealHost.WithDot, RealHost.Patience, Token));
        Assert.Equal("inactive", (await _connection.Units.GetUnitAsync(RealHost.WithDot, Token)).ActiveState);
        Assert.Equal("done", await _connection.Units.StartAsync(RealHost.WithDot, RealHost.Patience, Token));
        Assert.Equal("running", (await _connection.Units.GetUnitAsync(RealHost.WithDot, Token)).SubState);
    }

    [Fact]
    public async Task A_restart_is_another_run()
    {
        var unit = RealHost.Trial("restart");
        await _connection.Units.StartAsync(unit, RealHost.Patience, Token);
        var first = await _connection.Units.GetUnitAsync(unit, Token);

        Assert.Equal("done", await _connection.Units.RestartAsync(unit, RealHost.Patience, Token));

        var second = await _connection.Units.GetUnitAsync(unit, Token);
        Assert.NotEqual(first.InvocationId, second.InvocationId);
        Assert.NotEqual(first.MainPid, second.MainPid);
        Assert.True(second.StateChangeMonotonic > first.StateChangeMonotonic);
        var version = Assert.Single(await _connection.Units.GetVersionsAsync([unit], Token));
        Assert.Equal(new UnitVersion(second.StateChangeMonotonic, second.MainPid, second.Restarts), version);
    }

    [Fact]
    public async Task A_vm_that_only_is_defined_has_a_version_too()
    {
        var unit = await _connection.Units.GetUnitAsync(RealHost.Spare, Token);
        var version = Assert.Single(await _connection.Units.GetVersionsAsync([RealHost.Spare], Token));
        Assert.Equal(new UnitVersion(unit.StateChangeMonotonic, null, 0), version);
    }

    [Fact]
    public async Task A_start_waits_for_readiness_and_the_waiting_can_be_given_up()
    {
        await _connection.Units.StopAsync(RealHost.Notifying, RealHost.Patience, Token);

        await Assert.ThrowsAsync<TimeoutException>(
            () => _connection.Units.StartAsync(RealHost.Notifying, TimeSpan.FromMilliseconds(50), Token));

        Assert.Equal("done", await _connection.Units.StartAsync(RealHost.Notifying, RealHost.Patience, Token));
        Assert.Equal("running", (await _connection.Units.GetUnitAsync(RealHost.Notifying, Token)).SubState);
    }

    [Fact]
    public async Task A_job_that_fails_says_so()
    {
        var failed = await Assert.ThrowsAsync<UnitOperationException>(
            () => _connection.Units.StartAsync(RealHost.Oneshot, RealHost.Patience, Token));

        Assert.Equal("failed", failed.JobResult);
        var unit = await _connection.Units.GetUnitAsync(RealHost.Oneshot, Token);
        Assert.Equal(("failed", 7), (unit.ActiveState, unit.ExecMainStatus));
        await _connection.Units.ResetFailedAsync(RealHost.Oneshot, Token);
        Assert.Equal("inactive", (await _connection.Units.GetUnitAsync(RealHost.Oneshot, Token)).ActiveState);
    }
}
