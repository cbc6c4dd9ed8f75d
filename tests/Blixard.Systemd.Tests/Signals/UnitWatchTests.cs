using Blixard.Systemd.Signals;
using Blixard.Systemd.Units;

namespace Blixard.Systemd.Tests.Signals;

public class UnitWatchTests
{
    private const string Web = "microvm@web1.service";

    private readonly UnitWatch _watch = new(["microvm@*.service"], capacity: 100);

    [Fact]
    public async Task The_signals_of_one_start_are_its_changes()
    {
        Signal("inactive", "dead", 0);
        Signal("activating", "start", 100);
        Signal("activating", "start", 100);
        Signal("active", "running", 200);
        Signal("active", "running", 200);
        Signal("active", "running", 200);

        Assert.Equal(["activating/start", "active/running"], await ChangesAsync());
    }

    [Fact]
    public async Task A_change_that_is_older_than_the_last_is_left_out()
    {
        Signal("active", "running", 200);
        Signal("activating", "start", 100);

        Assert.Equal(["active/running"], await ChangesAsync());
    }

    [Fact]
    public async Task Two_states_within_one_microsecond_are_both_told()
    {
        Signal("deactivating", "stop", 200);
        Signal("inactive", "dead", 200);

        Assert.Equal(["deactivating/stop", "inactive/dead"], await ChangesAsync());
    }

    [Fact]
    public async Task Units_of_other_patterns_are_left_out()
    {
        _watch.OnSignal(new UnitPropertiesSignal(new("sshd.service", "active", "running", null, 5)));
        Assert.Empty(await EventsAsync());
    }

    [Fact]
    public async Task A_unit_that_was_only_looked_at_is_not_gone()
    {
        _watch.OnSignal(new UnitRemovedSignal(Web));
        Assert.Empty(await EventsAsync());
    }

    [Fact]
    public async Task Removals_during_a_reload_mean_nothing()
    {
        Signal("active", "running", 200);
        _watch.OnSignal(new ReloadingSignal(Begins: true));
        _watch.OnSignal(new UnitRemovedSignal(Web));
        _watch.OnSignal(new ReloadingSignal(Begins: false));
        Signal("active", "running", 200);
        _watch.OnSignal(new UnitRemovedSignal(Web));

        Assert.Collection(
            await EventsAsync(),
            first => Assert.IsType<UnitChanged>(first),
            second => Assert.IsType<Reloaded>(second),
            third => Assert.Equal(new UnitGone(Web), third));
    }

    [Fact]
    public async Task A_connection_lost_in_the_middle_of_a_reload_ends_it()
    {
        _watch.OnSignal(new ReloadingSignal(Begins: true));
        _watch.OnDisconnected("bus restarted", TimeSpan.FromSeconds(1));
        _watch.OnConnected(again: true);
        Signal("active", "running", 200);
        _watch.OnSignal(new UnitRemovedSignal(Web));

        Assert.Collection(
            await EventsAsync(),
            first => Assert.Equal(new Disconnected("bus restarted", TimeSpan.FromSeconds(1)), first),
            second => Assert.IsType<Reconnected>(second),
            third => Assert.IsType<UnitChanged>(third),
            fourth => Assert.IsType<UnitGone>(fourth));
    }

    [Fact]
    public async Task A_manager_that_was_executed_anew_asks_for_a_new_list()
    {
        _watch.OnSignal(new ReloadingSignal(Begins: true));
        _watch.OnSignal(new ManagerReturnedSignal());

        Assert.IsType<Reloaded>(Assert.Single(await EventsAsync()));
    }

    [Fact]
    public async Task A_reader_that_is_too_slow_is_told_so_after_what_it_still_gets()
    {
        var watch = new UnitWatch(["*"], capacity: 2);
        for (var i = 1ul; i <= 5; i++)
        {
            watch.OnSignal(new UnitPropertiesSignal(new(Web, "active", "running", null, i)));
        }

        watch.OnClosed(null);

        Assert.Collection(
            await ReadAsync(watch),
            first => Assert.IsType<UnitChanged>(first),
            second => Assert.IsType<UnitChanged>(second),
            third => Assert.True(Assert.IsType<EventsLost>(third).ListAgain));
    }

    [Fact]
    public async Task A_bug_behind_the_watch_reaches_its_reader()
    {
        _watch.OnClosed(new InvalidOperationException("a bug"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => ReadAsync(_watch));
    }

    private static async Task<List<UnitEvent>> ReadAsync(UnitWatch watch)
    {
        var events = new List<UnitEvent>();
        await foreach (var next in watch.ReadAsync(TestContext.Current.CancellationToken))
        {
            events.Add(next);
        }

        return events;
    }

    private void Signal(string active, string sub, ulong at) =>
        _watch.OnSignal(new UnitPropertiesSignal(new(Web, active, sub, null, at)));

    private async Task<List<UnitEvent>> EventsAsync()
    {
        _watch.OnClosed(null);
        return await ReadAsync(_watch);
    }

    private async Task<IEnumerable<string>> ChangesAsync() =>
        (await EventsAsync()).Cast<UnitChanged>().Select(e => $"{e.Change.ActiveState}/{e.Change.SubState}");
}
