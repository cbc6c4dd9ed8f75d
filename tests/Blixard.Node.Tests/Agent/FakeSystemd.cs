using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Blixard.Systemd;
using Blixard.Systemd.Units;

namespace Blixard.Node.Tests.Agent;

/// <summary>
/// A systemd that keeps units: what is started runs, every change has a later time than the one before and is
/// signalled, and the bus can go away and come back.
/// </summary>
internal sealed class FakeSystemd : IUnitManager, IUnitWatcher
{
    private readonly Dictionary<string, UnitDetails> _units = new(StringComparer.Ordinal);
    private readonly Channel<UnitEvent> _signals = Channel.CreateUnbounded<UnitEvent>();
    private ulong _clock = 1_000;
    private int _questions;

    /// <summary>Calls fail, as with a bus that is gone.</summary>
    public bool Unavailable { get; set; }

    /// <summary>Changes are made but not signalled, as when a signal is lost.</summary>
    public bool Deaf { get; set; }

    /// <summary>GetUnit calls so far.</summary>
    public int Questions => Volatile.Read(ref _questions);

    public void Load(string unit) => _units.TryAdd(unit, new()
    {
        Name = unit,
        LoadState = "loaded",
        ActiveState = "inactive",
        SubState = "dead",
    });

    public void Start(string unit) => Change(unit, u => u with
    {
        ActiveState = "active",
        SubState = "running",
        MainPid = 100 + (int)_clock,
        ControlGroup = "/microvm.slice/" + unit,
    });

    public void Stop(string unit) => Change(unit, u => u with
    {
        ActiveState = "inactive",
        SubState = "dead",
        MainPid = null,
        ControlGroup = null,
        Result = "success",
    });

    public void Fail(string unit, int exitStatus) => Change(unit, u => u with
    {
        ActiveState = "failed",
        SubState = "failed",
        MainPid = null,
        ControlGroup = null,
        Result = "exit-code",
        ExecMainCode = 1,
        ExecMainStatus = exitStatus,
    });

    public void Say(UnitEvent happened) => _signals.Writer.TryWrite(happened);

    public Task<IReadOnlyList<UnitStatus>> ListUnitsByPatternsAsync(
        IReadOnlyList<string> patterns, CancellationToken cancellationToken)
    {
        RequireBus();
        lock (_units)
        {
            return Task.FromResult<IReadOnlyList<UnitStatus>>([.. _units.Values
                .Where(u => u.Name.StartsWith("microvm@", StringComparison.Ordinal))
                .Select(u => new UnitStatus(u.Name, "", u.LoadState, u.ActiveState, u.SubState, null))]);
        }
    }

    public Task<UnitDetails> GetUnitAsync(string unit, CancellationToken cancellationToken)
    {
        RequireBus();
        Interlocked.Increment(ref _questions);
        lock (_units)
        {
            return _units.TryGetValue(unit, out var details)
                ? Task.FromResult(details)
                : throw new UnitNotFoundException(unit);
        }
    }

    public async IAsyncEnumerable<UnitEvent> WatchAsync(
        IReadOnlyList<string> patterns, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        yield return new Connected();
        await foreach (var happened in _signals.Reader.ReadAllAsync(cancellationToken))
        {
            yield return happened;
        }
    }

    public Task<IReadOnlyList<UnitFile>> ListUnitFilesByPatternsAsync(
        IReadOnlyList<string> patterns, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<UnitFile>>([]);

    public Task<string> StartAsync(string unit, TimeSpan timeout, CancellationToken cancellationToken)
    {
        Start(unit);
        return Task.FromResult("done");
    }

    public Task<string> StopAsync(string unit, TimeSpan timeout, CancellationToken cancellationToken)
    {
        Stop(unit);
        return Task.FromResult("done");
    }

    public Task<string> RestartAsync(string unit, TimeSpan timeout, CancellationToken cancellationToken) =>
        StartAsync(unit, timeout, cancellationToken);

    public Task ResetFailedAsync(string unit, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task ReloadAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private void Change(string unit, Func<UnitDetails, UnitDetails> change)
    {
        UnitDetails now;
        lock (_units)
        {
            Load(unit);
            _clock += 10;
            now = change(_units[unit]) with
            {
                StateChangeMonotonic = _clock,
                StateChangedAt = DateTimeOffset.UnixEpoch.AddMicroseconds(_clock),
            };
            _units[unit] = now;
        }

        if (!Deaf)
        {
            Say(new UnitChanged(new(unit, now.ActiveState, now.SubState, now.StateChangedAt, now.StateChangeMonotonic)));
        }
    }

    private void RequireBus()
    {
        if (Unavailable)
        {
            throw new SystemdUnavailableException("the bus is gone");
        }
    }
}
