using Blixard.Systemd.Bus;
using Blixard.Systemd.Signals;
using Blixard.Systemd.Units;

namespace Blixard.Systemd;

/// <summary>
/// One systemd manager, the system's or a user's: two connections to it, one for calls and one for signals, each on a
/// thread of its own and each opened when first needed. Nothing is connected by construction; a manager that is not
/// there yet is no error before it is asked.
/// </summary>
public sealed class SystemdConnection : IAsyncDisposable
{
    private readonly CallConnection _calls;
    private readonly SignalHub _signals;

    /// <exception cref="ArgumentException">An option has no sense.</exception>
    public SystemdConnection(SystemdOptions options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(options.CallTimeout, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(options.MinRetryDelay, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxRetryDelay, options.MinRetryDelay);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.WatchCapacity, 1);
        _calls = new(options.Address, options.CallTimeout);
        var session = new SignalSession(options.Address, options.CallTimeout);
        _signals = new(session.Run, new(options.MinRetryDelay, options.MaxRetryDelay, Random.Shared), time);
        var calls = new UnitCalls(_calls, new(_signals, time), options.CallTimeout);
        Units = new UnitManager(calls);
        Timers = new UnitTimers(calls);
        Watcher = new UnitWatcher(_signals, options.WatchCapacity);
    }

    public IUnitManager Units { get; }

    public IUnitTimers Timers { get; }

    public IUnitWatcher Watcher { get; }

    /// <summary>Ends all watches and fails what is under way with <see cref="SystemdUnavailableException"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        await _signals.DisposeAsync();
        await _calls.DisposeAsync();
    }
}
