using Blixard.Systemd.Tests.Fakes;
using Blixard.Systemd.Units;

namespace Blixard.Systemd.Tests.Units;

public sealed class UnitWatcherTests : IAsyncDisposable
{
    private const string Web = "microvm@web1.service";

    private readonly FakeSystemd _systemd = new();
    private readonly SystemdConnection _connection;

    public UnitWatcherTests()
    {
        _connection = new(
            new() { Address = _systemd.Address, MinRetryDelay = TimeSpan.FromMilliseconds(1) }, TimeProvider.System);
        _systemd.Define(Web, "sshd.service");
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync();
        await _systemd.DisposeAsync();
    }

    [Fact]
    public async Task A_watch_begins_with_connected_and_tells_each_change_once()
    {
        await using var events = Watch("microvm@*");
        await events.NextAsync<Connected>();

        _systemd.Change("sshd.service", "active", "running");
        _systemd.Change(Web, "activating", "start");
        _systemd.Change(Web, "active", "running");
        _systemd.Forget(Web);

        Assert.True(await events.MoveNextAsync());
        Assert.Equal(("activating", "start"), StateIn(events.Current));
        Assert.True(await events.MoveNextAsync());
        Assert.Equal(("active", "running"), StateIn(events.Current));
        Assert.True(await events.MoveNextAsync());
        Assert.Equal(new UnitGone(Web), events.Current);
    }

    [Fact]
    public async Task A_reload_is_one_event()
    {
        await using var events = Watch("microvm@*");
        await events.NextAsync<Connected>();
        _systemd.Change(Web, "active", "running");
        await events.NextAsync<UnitChanged>();

        await _connection.Units.ReloadAsync(Token);
        _systemd.Change(Web, "failed", "failed");

        Assert.True(await events.MoveNextAsync());
        Assert.IsType<Reloaded>(events.Current);
        Assert.True(events.Current.ListAgain);
        Assert.True(await events.MoveNextAsync());
        Assert.Equal(("failed", "failed"), StateIn(events.Current));
    }

    [Fact]
    public async Task A_lost_connection_is_told_and_made_again()
    {
        await using var events = Watch("microvm@*");
        await events.NextAsync<Connected>();
        await _systemd.StopListeningAsync();
        Assert.NotEmpty((await events.NextAsync<Disconnected>()).Reason);

        _systemd.ListenAgain();

        Assert.True((await events.NextAsync<Reconnected>()).ListAgain);
        _systemd.Change(Web, "active", "running");
        await events.NextAsync<UnitChanged>();
    }

    [Fact]
    public async Task Two_watches_each_see_their_own_units()
    {
        await using var vms = Watch("microvm@*");
        await using var sshd = Watch("sshd.*");
        await vms.NextAsync<Connected>();
        await sshd.NextAsync<Connected>();

        _systemd.Change("sshd.service", "active", "running");
        _systemd.Change(Web, "active", "running");

        Assert.Equal(Web, (await vms.NextAsync<UnitChanged>()).Change.Unit);
        Assert.Equal("sshd.service", (await sshd.NextAsync<UnitChanged>()).Change.Unit);
    }

    [Fact]
    public async Task A_watch_ends_when_it_is_cancelled()
    {
        using var cancel = new CancellationTokenSource();
        await using var events = _connection.Watcher.WatchAsync(["*"], cancel.Token).GetAsyncEnumerator(Token);
        await events.NextAsync<Connected>();

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await events.MoveNextAsync());
    }

    [Fact]
    public async Task A_watch_ends_when_the_connection_is_closed()
    {
        await using var events = Watch("*");
        await events.NextAsync<Connected>();

        await _connection.DisposeAsync();

        Assert.False(await events.MoveNextAsync());
    }

    [Fact]
    public void A_bad_pattern_is_refused_at_once() =>
        Assert.Throws<ArgumentException>(() => _connection.Watcher.WatchAsync(["a[b]"], Token));

    private static (string Active, string Sub) StateIn(UnitEvent told)
    {
        var change = Assert.IsType<UnitChanged>(told).Change;
        return (change.ActiveState, change.SubState);
    }

    private IAsyncEnumerator<UnitEvent> Watch(string pattern) =>
        _connection.Watcher.WatchAsync([pattern], Reading.Patiently(Token)).GetAsyncEnumerator(Token);
}
