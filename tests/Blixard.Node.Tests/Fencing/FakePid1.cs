using Blixard.Node.Fencing;
using Blixard.Systemd;
using Blixard.Systemd.Units;

namespace Blixard.Node.Tests.Fencing;

/// <summary>
/// A systemd that keeps timers and services, by the clocks that the test drives. A timer that is due starts what it is
/// for when the test says so.
/// </summary>
internal sealed class FakePid1(FakeClocks clocks) : IUnitManager, IUnitTimers
{
    private readonly Dictionary<string, LaunchDetails> _services = new(StringComparer.Ordinal);

    /// <summary>What was asked for, in order: "arm NAME", "stop NAME", "start NAME".</summary>
    public List<string> Calls { get; } = [];

    public Dictionary<string, TransientTimer> Timers { get; } = new(StringComparer.Ordinal);

    /// <summary>From where OnBootSec= is counted; 0 on a host, <see cref="UserspaceStart"/> in a container.</summary>
    public ulong Base { get; set; }

    public ulong UserspaceStart { get; set; } = 77_000_000;

    /// <summary>By how much timers elapse otherwise than asked for.</summary>
    public long Off { get; set; }

    /// <summary>Every call fails, as with a bus that is gone.</summary>
    public bool Unavailable { get; set; }

    /// <summary>These are refused, or happen first: by "arm NAME" and so on.</summary>
    public Action<string>? Before { get; set; }

    /// <summary>What a stop does to a unit that is none of the timers.</summary>
    public Action<string>? OnStop { get; set; }

    public void Define(LaunchDetails service) => _services[service.Name] = service;

    public void Change(string service, Func<LaunchDetails, LaunchDetails> change) =>
        _services[service] = change(_services[service]);

    public ulong ElapsesAt(string timer) => (ulong)((long)(Timers[timer].AfterBootMicroseconds + Base) + Off);

    public Task StartTimerAsync(TransientTimer timer, CancellationToken cancellationToken)
    {
        Note($"arm {timer.Name}");
        if (!Timers.TryAdd(timer.Name, timer))
        {
            throw new InvalidOperationException($"{timer.Name} is there already");
        }

        return Task.CompletedTask;
    }

    public Task<TimerDetails> GetTimerAsync(string unit, CancellationToken cancellationToken)
    {
        Note($"ask {unit}");
        if (!Timers.ContainsKey(unit))
        {
            throw new UnitNotFoundException(unit);
        }

        var next = ElapsesAt(unit);
        var service = unit.Replace(".timer", ".service", StringComparison.Ordinal);
        return Task.FromResult(next <= (ulong)clocks.Monotonic
            ? new TimerDetails(unit, "loaded", "active", "elapsed", service, null)
            : new TimerDetails(unit, "loaded", "active", "waiting", service, next));
    }

    public Task<LaunchDetails> GetLaunchAsync(string unit, CancellationToken cancellationToken)
    {
        Note($"ask {unit}");
        return Task.FromResult(_services.TryGetValue(unit, out var service)
            ? service
            : throw new UnitNotFoundException(unit));
    }

    public Task KillAsync(string unit, CancellationToken cancellationToken)
    {
        Note($"kill {unit}");
        return _services.ContainsKey(unit) ? Task.CompletedTask : throw new UnitNotFoundException(unit);
    }

    public Task<ulong> GetUserspaceStartAsync(CancellationToken cancellationToken)
    {
        Note("ask start");
        return Task.FromResult(UserspaceStart);
    }

    public Task<IReadOnlyList<UnitStatus>> ListUnitsByPatternsAsync(
        IReadOnlyList<string> patterns, CancellationToken cancellationToken)
    {
        Note("list");
        return Task.FromResult<IReadOnlyList<UnitStatus>>(
            [.. Timers.Keys.Order(StringComparer.Ordinal)
                .Where(name => name.StartsWith("blixard-fence@", StringComparison.Ordinal))
                .Select(name => new UnitStatus(name, "", "loaded", "active", "waiting", null))]);
    }

    public Task<string> StartAsync(string unit, TimeSpan timeout, CancellationToken cancellationToken)
    {
        Note($"start {unit}");
        Change(unit, service => service with { ActiveState = "active", SubState = "running" });
        return Task.FromResult("done");
    }

    public Task<string> StopAsync(string unit, TimeSpan timeout, CancellationToken cancellationToken)
    {
        Note($"stop {unit}");
        if (unit.EndsWith(".timer", StringComparison.Ordinal))
        {
            return Timers.Remove(unit) ? Task.FromResult("done") : throw new UnitNotFoundException(unit);
        }

        if (!_services.ContainsKey(unit))
        {
            throw new UnitNotFoundException(unit);
        }

        Change(unit, service => service with { ActiveState = "inactive", SubState = "dead", ControlGroup = null });
        OnStop?.Invoke(unit);
        return Task.FromResult("done");
    }

    public Task<IReadOnlyList<UnitFile>> ListUnitFilesByPatternsAsync(
        IReadOnlyList<string> patterns, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<UnitDetails> GetUnitAsync(string unit, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<IReadOnlyList<UnitVersion?>> GetVersionsAsync(
        IReadOnlyList<string> units, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<string> RestartAsync(string unit, TimeSpan timeout, CancellationToken cancellationToken)
    {
        Note($"restart {unit}");
        return Task.FromResult("done");
    }

    public Task ResetFailedAsync(string unit, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task ReloadAsync(CancellationToken cancellationToken)
    {
        Note("reload");
        return Task.CompletedTask;
    }

    private void Note(string call)
    {
        if (Unavailable)
        {
            throw new SystemdUnavailableException("the bus is gone");
        }

        Before?.Invoke(call);
        Calls.Add(call);
    }
}

/// <summary>Clocks that go when a test says so. CLOCK_BOOTTIME is ahead, as after a suspend.</summary>
internal sealed class FakeClocks : IHostClocks
{
    public long Monotonic { get; private set; } = 500_000_000;

    public long MonotonicRaw => Monotonic;

    public long BootTime => Monotonic + Suspended;

    public long Suspended { get; set; } = 90_000_000;

    public void Advance(TimeSpan by) => Monotonic += (long)by.TotalMicroseconds;
}
