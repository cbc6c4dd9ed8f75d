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
    private int _heard;

    /// <summary>Calls fail, as with a bus that is gone.</summary>
    public bool Unavailable { get; set; }

    /// <summary>Changes are made but not signalled, as when a signal is lost.</summary>
    public bool Deaf { get; set; }

    /// <summary>There is no manager: the watch says so until the test says otherwise.</summary>
    public bool Absent { get; set; }

    /// <summary>Calls are not answered.</summary>
    public TaskCompletionSource? Hangs { get; set; }

    /// <summary>Unit files on disk, with their state.</summary>
    public Dictionary<string, string> Files { get; } = new(StringComparer.Ordinal);

    /// <summary>Done when a list is taken, before its answer.</summary>
    public Func<Task>? WhileListing { get; set; }

    /// <summary>Events that whoever watches has dealt with, and come back for more.</summary>
    public int Heard => Volatile.Read(ref _heard);

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

    /// <summary>ExecStop has begun: the main process is still there.</summary>
    public void BeginStop(string unit) => Change(
        unit, u => u with { ActiveState = "deactivating", SubState = "stop-sigterm" });

    /// <summary>The unit is no longer in memory, and nothing said so.</summary>
    public void Forget(string unit)
    {
        lock (_units)
        {
            _units.Remove(unit);
        }
    }

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

    public void WorksIn(string unit, string directory)
    {
        lock (_units)
        {
            _units[unit] = _units[unit] with { WorkingDirectory = directory };
        }
    }

    /// <summary>The service has told systemd of another main process: no change of its state.</summary>
    public void NamesMainProcess(string unit, int pid)
    {
        lock (_units)
        {
            _units[unit] = _units[unit] with { MainPid = pid };
        }
    }

    public async Task<IReadOnlyList<UnitStatus>> ListUnitsByPatternsAsync(
        IReadOnlyList<string> patterns, CancellationToken cancellationToken)
    {
        await RequireBusAsync(cancellationToken);
        IReadOnlyList<UnitStatus> units;
        lock (_units)
        {
            units = [.. _units.Values
                .Where(u => patterns.Any(p => u.Name.StartsWith(p[..p.IndexOf('*')], StringComparison.Ordinal)))
                .Select(u => new UnitStatus(u.Name, "", u.LoadState, u.ActiveState, u.SubState, null))];
        }

        if (WhileListing is { } happens)
        {
            WhileListing = null;
            await happens();
        }

        return units;
    }

    public async Task<UnitDetails> GetUnitAsync(string unit, CancellationToken cancellationToken)
    {
        await RequireBusAsync(cancellationToken);
        Interlocked.Increment(ref _questions);
        lock (_units)
        {
            return _units.TryGetValue(unit, out var details) ? details : throw new UnitNotFoundException(unit);
        }
    }

    public async Task<IReadOnlyList<UnitVersion?>> GetVersionsAsync(
        IReadOnlyList<string> units, CancellationToken cancellationToken)
    {
        await RequireBusAsync(cancellationToken);
        lock (_units)
        {
            return
            [
                .. units.Select(unit => _units.TryGetValue(unit, out var details)
                    ? new UnitVersion(details.StateChangeMonotonic, details.MainPid, details.Restarts)
                    : (UnitVersion?)null),
            ];
        }
    }

    public async IAsyncEnumerable<UnitEvent> WatchAsync(
        IReadOnlyList<string> patterns, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        yield return Absent ? new Disconnected("no manager", TimeSpan.FromSeconds(30)) : new Connected();
        await foreach (var happened in _signals.Reader.ReadAllAsync(cancellationToken))
        {
            yield return happened;
            Interlocked.Increment(ref _heard);
        }
    }

    public async Task<IReadOnlyList<UnitFile>> ListUnitFilesByPatternsAsync(
        IReadOnlyList<string> patterns, CancellationToken cancellationToken)
    {
        await RequireBusAsync(cancellationToken);
        return [.. Files.Select(file => new UnitFile(file.Key, "/etc/systemd/" + file.Key, file.Value))];
    }

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

    private async Task RequireBusAsync(CancellationToken cancellationToken)
    {
        if (Hangs is { } hangs)
        {
            await hangs.Task.WaitAsync(cancellationToken);
        }

        if (Unavailable || Absent)
        {
            throw new SystemdUnavailableException("the bus is gone");
        }
    }
}
