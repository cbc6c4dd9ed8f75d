using System.Diagnostics;
using Blixard.Systemd.Tests.Fakes;
using Blixard.Systemd.Units;

namespace Blixard.Systemd.Tests.RealSystemd;

[Collection(nameof(RealHost))]
public sealed class RealUnitWatcherTests : IAsyncDisposable
{
    private readonly SystemdConnection _connection;

    public RealUnitWatcherTests()
    {
        RealHost.Require();
        _connection = RealHost.Connect();
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync() => await _connection.DisposeAsync();

    [Fact]
    public async Task A_start_and_a_stop_are_told_change_by_change_each_once()
    {
        var unit = RealHost.Trial("told");
        await using var events = Watch(RealHost.Trials);
        await events.NextAsync<Connected>();

        await _connection.Units.StartAsync(unit, RealHost.Patience, Token);
        await _connection.Units.StopAsync(unit, RealHost.Patience, Token);

        var changes = new List<UnitStateChange>();
        while (await events.MoveNextAsync() && events.Current is UnitChanged { Change: var change })
        {
            changes.Add(change);
        }

        Assert.Equal(new UnitGone(unit), events.Current);
        Assert.Equal(changes.Count, changes.Select(c => c.Monotonic).Distinct().Count());
        Assert.Equal(changes.OrderBy(c => c.Monotonic), changes);
        Assert.Equal(["active", "deactivating", "inactive"], changes.Select(c => c.ActiveState));
    }

    [Fact]
    public async Task A_change_is_heard_soon_after_it_happened()
    {
        await using var events = Watch(RealHost.Trials);
        await events.NextAsync<Connected>();
        var latencies = new List<double>();
        for (var i = 0; i < 20; i++)
        {
            await _connection.Units.StartAsync(RealHost.Trial($"soon{i}"), RealHost.Patience, Token);
            var change = (await events.NextAsync<UnitChanged>()).Change;

            // Both clocks are CLOCK_MONOTONIC.
            latencies.Add(Stopwatch.GetElapsedTime(0).TotalMicroseconds - change.Monotonic);
        }

        latencies.Sort();
        TestContext.Current.SendDiagnosticMessage(
            $"From change to event: median {latencies[10]:0} us, worst {latencies[^1]:0} us");
        Assert.InRange(latencies[10], 0, 500_000);
    }

    [Fact]
    public async Task A_daemon_reload_is_one_event_and_removes_nothing()
    {
        var unit = RealHost.Trial("reload");
        await using var events = Watch("*");
        await events.NextAsync<Connected>();
        await _connection.Units.StartAsync(unit, RealHost.Patience, Token);
        await events.NextAsync<UnitChanged>();

        await _connection.Units.ReloadAsync(Token);
        await _connection.Units.StopAsync(unit, RealHost.Patience, Token);

        var told = new List<UnitEvent>();
        while (told.LastOrDefault() is not UnitGone && await events.MoveNextAsync())
        {
            told.Add(events.Current);
        }

        Assert.Single(told.OfType<Reloaded>());
        Assert.Equal([new UnitGone(unit)], told.OfType<UnitGone>());
    }

    [Fact]
    public async Task A_bus_that_is_restarted_is_found_again()
    {
        await using var events = Watch(RealHost.Trials);
        await events.NextAsync<Connected>();

        // How that job ends nobody can tell: the bus that would is gone.
        await Assert.ThrowsAsync<SystemdUnavailableException>(
            () => _connection.Units.RestartAsync("dbus.service", RealHost.Patience, Token));

        Assert.NotEmpty((await events.NextAsync<Disconnected>()).Reason);
        Assert.True((await events.NextAsync<Reconnected>()).ListAgain);
        Assert.NotEmpty(await _connection.Units.ListUnitsByPatternsAsync(["microvm@*.service"], Token));
        Assert.Equal("done", await _connection.Units.StartAsync(RealHost.Trial("bus"), RealHost.Patience, Token));
        Assert.Equal(RealHost.Trial("bus"), (await events.NextAsync<UnitChanged>()).Change.Unit);
    }

    [Fact]
    public async Task A_storm_of_a_thousand_starts_loses_no_change_and_no_job()
    {
        var units = Enumerable.Range(0, 1000).Select(i => RealHost.Trial($"storm{i}")).ToArray();
        await using var events = Watch("blixard-trial@storm*.service");
        await events.NextAsync<Connected>();

        // Heard while they start: an event that waits for its reader is not late.
        var heard = AllHeardAsync(events, units, "active");
        var started = await Task.WhenAll(
            units.Select(unit => _connection.Units.StartAsync(unit, RealHost.Patience, Token)));

        Assert.All(started, result => Assert.Equal("done", result));
        var latencies = await heard;
        TestContext.Current.SendDiagnosticMessage(
            $"From change to event in a storm of 1000 starts: median {latencies[500]:0} us, p99 {latencies[990]:0} us, "
                + $"worst {latencies[^1]:0} us");
        Assert.Equal(1000, (await _connection.Units.ListUnitsByPatternsAsync(["blixard-trial@storm*"], Token)).Count);
        await Task.WhenAll(units.Select(unit => _connection.Units.StopAsync(unit, RealHost.Patience, Token)));
        await AllHeardAsync(events, units, "inactive");
    }

    /// <returns>Microseconds from each change to its event, sorted; both clocks are CLOCK_MONOTONIC.</returns>
    private static async Task<List<double>> AllHeardAsync(
        IAsyncEnumerator<UnitEvent> events, string[] units, string activeState)
    {
        var latencies = new List<double>();
        var missing = units.ToHashSet(StringComparer.Ordinal);
        while (missing.Count > 0)
        {
            var change = (await events.NextAsync<UnitChanged>()).Change;
            if (change.ActiveState == activeState && missing.Remove(change.Unit))
            {
                latencies.Add(Stopwatch.GetElapsedTime(0).TotalMicroseconds - change.Monotonic);
            }
        }

        latencies.Sort();
        return latencies;
    }

    private IAsyncEnumerator<UnitEvent> Watch(string pattern) =>
        _connection.Watcher.WatchAsync([pattern], Reading.Patiently(Token)).GetAsyncEnumerator(Token);
}
