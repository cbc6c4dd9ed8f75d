using Blixard.Systemd.Tests.Fakes;
using Blixard.Systemd.Units;

namespace Blixard.Systemd.Tests.Units;

public sealed class UnitManagerTests : IAsyncDisposable
{
    private const string Web = "microvm@web1.service";
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(20);

    private readonly FakeSystemd _systemd = new();
    private readonly SystemdConnection _connection;

    public UnitManagerTests()
    {
        _connection = Connect(TimeSpan.FromSeconds(10));
        _systemd.Define(Web, "microvm@a-b.service", "sshd.service");
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private IUnitManager Units => _connection.Units;

    public async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync();
        await _systemd.DisposeAsync();
    }

    [Fact]
    public async Task Units_are_listed_by_pattern()
    {
        var units = await Units.ListUnitsByPatternsAsync(["microvm@*"], Token);

        Assert.Equal(
            [
                new("microvm@a-b.service", "A unit", "loaded", "inactive", "dead", null),
                new UnitStatus(Web, "A unit", "loaded", "inactive", "dead", null),
            ],
            units.OrderBy(unit => unit.Name, StringComparer.Ordinal));
    }

    [Fact]
    public async Task Unit_files_are_listed()
    {
        var file = Assert.Single(await Units.ListUnitFilesByPatternsAsync(["microvm@*"], Token));
        Assert.Equal(new UnitFile("microvm@.service", "/etc/systemd/system/microvm@.service", "static"), file);
    }

    [Theory]
    [InlineData("/var/lib/microvms/web1", "/var/lib/microvms/web1")]
    [InlineData("!/var/lib/microvms/web1", "/var/lib/microvms/web1")]
    [InlineData("~", null)]
    [InlineData("", null)]
    public async Task The_directory_that_a_unit_works_in_is_a_path_or_nothing(string said, string? directory)
    {
        _systemd.Properties["WorkingDirectory"] = said;

        Assert.Equal(directory, (await Units.GetUnitAsync(Web, Token)).WorkingDirectory);
    }

    [Fact]
    public async Task Details_hold_what_systemd_says()
    {
        _systemd.Properties["MainPID"] = 4711u;
        _systemd.Properties["ControlGroup"] = "/system.slice/" + Web;
        _systemd.Properties["NRestarts"] = 3u;
        _systemd.Properties["ExecMainStatus"] = 15;
        _systemd.Properties["MemoryCurrent"] = 4096ul;
        _systemd.Properties["StateChangeTimestamp"] = 1_700_000_000_000_000ul;

        var details = await Units.GetUnitAsync(Web, Token);

        Assert.Equal(4711, details.MainPid);
        Assert.Equal("/system.slice/" + Web, details.ControlGroup);
        Assert.Equal(3u, details.Restarts);
        Assert.Equal(15, details.ExecMainStatus);
        Assert.Equal(4096ul, details.MemoryCurrentBytes);
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1_700_000_000), details.StateChangedAt);
    }

    [Fact]
    public async Task A_counter_that_is_not_kept_is_null_and_not_a_number()
    {
        _systemd.Properties["MemoryCurrent"] = ulong.MaxValue;
        _systemd.Properties["TasksMax"] = ulong.MaxValue;
        _systemd.Properties["MainPID"] = 0u;
        _systemd.Properties["ControlGroup"] = "";

        var details = await Units.GetUnitAsync(Web, Token);

        Assert.Null(details.MemoryCurrentBytes);
        Assert.Null(details.TasksMax);
        Assert.Null(details.MainPid);
        Assert.Null(details.ControlGroup);
        Assert.Null(details.StateChangedAt);
    }

    [Fact]
    public async Task The_versions_of_units_are_those_of_their_details()
    {
        _systemd.Properties["MainPID"] = 4711u;
        _systemd.Properties["NRestarts"] = 3u;
        string[] units = [Web, .. Enumerable.Range(0, 100).Select(i => $"microvm@many{i}.service")];
        _systemd.Define(units);
        _systemd.Change(Web, "active", "running");

        var versions = await Units.GetVersionsAsync(units, Token);

        var details = await Units.GetUnitAsync(Web, Token);
        Assert.Equal(units.Length, versions.Count);
        Assert.Equal(new UnitVersion(details.StateChangeMonotonic, 4711, 3), versions[0]);
        Assert.All(versions.Skip(1), version => Assert.Equal(new UnitVersion(0, 4711, 3), version));
        await Assert.ThrowsAsync<ArgumentException>(() => Units.GetVersionsAsync(["no unit"], Token));
    }

    [Fact]
    public async Task A_unit_that_systemd_does_not_have_has_no_version()
    {
        _systemd.Error = "org.freedesktop.systemd1.NoSuchUnit";

        Assert.Null(Assert.Single(await Units.GetVersionsAsync([Web], Token)));
    }

    [Fact]
    public async Task An_unknown_unit_is_not_found()
    {
        const string Unknown = "nosuch.service";
        var details = await Assert.ThrowsAsync<UnitNotFoundException>(() => Units.GetUnitAsync(Unknown, Token));
        Assert.Equal(Unknown, details.Unit);
        await Assert.ThrowsAsync<UnitNotFoundException>(() => Units.StartAsync(Unknown, Long, Token));
        await Assert.ThrowsAsync<UnitNotFoundException>(() => Units.ResetFailedAsync(Unknown, Token));
    }

    [Fact]
    public async Task A_start_returns_when_its_job_is_done()
    {
        Assert.Equal("done", await Units.StartAsync(Web, Long, Token));
        Assert.Equal("active", (await Units.GetUnitAsync(Web, Token)).ActiveState);
        Assert.Equal("done", await Units.RestartAsync(Web, Long, Token));
        Assert.Equal("done", await Units.StopAsync(Web, Long, Token));
        Assert.Equal("inactive", (await Units.GetUnitAsync(Web, Token)).ActiveState);
    }

    [Fact]
    public async Task A_hundred_starts_at_once_all_end()
    {
        var names = Enumerable.Range(0, 100).Select(i => $"microvm@s{i}.service").ToArray();
        _systemd.Define(names);

        var results = await Task.WhenAll(names.Select(name => Units.StartAsync(name, Long, Token)));

        Assert.All(results, result => Assert.Equal("done", result));
    }

    [Fact]
    public async Task A_job_that_fails_says_how()
    {
        _systemd.JobResult = "dependency";

        var failed = await Assert.ThrowsAsync<UnitOperationException>(() => Units.StartAsync(Web, Long, Token));

        Assert.Equal("dependency", failed.JobResult);
        Assert.Equal("StartUnit", failed.Operation);
        Assert.Equal(Web, failed.Unit);
        Assert.Null(failed.ErrorName);
    }

    [Fact]
    public async Task A_job_that_does_not_end_in_time_is_a_timeout()
    {
        _systemd.HoldJobs = true;

        var timeout = await Assert.ThrowsAsync<TimeoutException>(
            () => Units.StopAsync(Web, TimeSpan.FromMilliseconds(50), Token));

        Assert.Contains($"StopUnit {Web}: the job is still running", timeout.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancelling_ends_the_waiting_but_not_the_job()
    {
        using var cancel = new CancellationTokenSource();
        _systemd.HoldJobs = true;
        var start = Units.StartAsync(Web, Long, cancel.Token);
        while (!_systemd.Calls.Contains("StartUnit"))
        {
            await Task.Yield();
        }

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => start);
    }

    [Fact]
    public async Task A_connection_that_breaks_during_a_job_leaves_its_outcome_unknown()
    {
        _systemd.HoldJobs = true;
        var start = Units.StartAsync(Web, Long, Token);
        while (!_systemd.Calls.Contains("StartUnit"))
        {
            await Task.Yield();
        }

        await _systemd.StopListeningAsync();

        await Assert.ThrowsAsync<SystemdUnavailableException>(() => start);
    }

    [Fact]
    public async Task A_refusal_carries_the_name_of_the_error()
    {
        _systemd.Error = "org.freedesktop.systemd1.UnitMasked";

        var refused = await Assert.ThrowsAsync<UnitOperationException>(() => Units.StartAsync(Web, Long, Token));

        Assert.Equal("org.freedesktop.systemd1.UnitMasked", refused.ErrorName);
        Assert.Null(refused.JobResult);
    }

    [Fact]
    public async Task A_systemd_that_does_not_answer_is_unavailable_after_the_call_timeout()
    {
        await using var impatient = Connect(TimeSpan.FromMilliseconds(100));
        _systemd.Silent = true;

        var silent = await Assert.ThrowsAsync<SystemdUnavailableException>(
            () => impatient.Units.ListUnitsByPatternsAsync(["*"], Token));

        Assert.Contains("no answer within 0.1 s", silent.Message, StringComparison.Ordinal);
        _systemd.Silent = false;
        Assert.Equal(3, (await impatient.Units.ListUnitsByPatternsAsync(["*"], Token)).Count);
    }

    [Fact]
    public async Task An_answer_of_another_form_is_refused()
    {
        _systemd.Garbled = true;
        await Assert.ThrowsAsync<SystemdUnavailableException>(() => Units.ListUnitsByPatternsAsync(["*"], Token));
        await Assert.ThrowsAsync<SystemdUnavailableException>(() => Units.GetUnitAsync(Web, Token));
    }

    [Fact]
    public async Task A_connection_that_broke_between_two_calls_is_made_anew_and_nothing_is_sent_twice()
    {
        await Units.ListUnitsByPatternsAsync(["*"], Token);
        await _systemd.StopListeningAsync();
        await Assert.ThrowsAsync<SystemdUnavailableException>(() => Units.ResetFailedAsync(Web, Token));
        _systemd.ListenAgain();

        await Units.ResetFailedAsync(Web, Token);

        Assert.Equal(["ListUnitsByPatterns", "ResetFailedUnit"], _systemd.Calls);
    }

    [Fact]
    public async Task A_name_that_is_no_units_is_refused_before_anything_is_sent()
    {
        await Assert.ThrowsAsync<ArgumentException>(() => Units.StartAsync("a b", Long, Token));
        await Assert.ThrowsAsync<ArgumentException>(() => Units.GetUnitAsync("../x.service", Token));
        await Assert.ThrowsAsync<ArgumentException>(() => Units.ListUnitsByPatternsAsync([], Token));
        Assert.Empty(_systemd.Calls);
    }

    [Fact]
    public async Task Nobody_listening_is_said_with_the_address()
    {
        await using var nowhere = new SystemdConnection(
            new() { Address = new("unix:path=/nonexistent/bus", HasBusDaemon: true) }, TimeProvider.System);

        var unavailable = await Assert.ThrowsAsync<SystemdUnavailableException>(
            () => nowhere.Units.ListUnitsByPatternsAsync(["*"], Token));

        Assert.Contains("unix:path=/nonexistent/bus", unavailable.Message, StringComparison.Ordinal);
        Assert.Contains("ENOENT", unavailable.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_disposal_nothing_is_called()
    {
        await _connection.DisposeAsync();
        await Assert.ThrowsAsync<SystemdUnavailableException>(() => Units.ListUnitsByPatternsAsync(["*"], Token));
    }

    private SystemdConnection Connect(TimeSpan timeout) =>
        new(new() { Address = _systemd.Address, CallTimeout = timeout }, TimeProvider.System);
}
