using Blixard.Systemd.Bus;
using Blixard.Systemd.Signals;

namespace Blixard.Systemd.Units;

/// <summary>The calls, and what their errors mean.</summary>
internal sealed class UnitManager(CallConnection calls, JobTracker jobs, TimeSpan timeout) : IUnitManager
{
    // systemctl allows 90 s too: systemd reads every unit file before it answers.
    private static readonly TimeSpan ReloadTimeout = TimeSpan.FromSeconds(90);

    // Together some milliseconds: who reads a unit that has just changed waits no longer.
    private const int VersionsTogether = 32;

    private static readonly HashSet<string> NotFoundErrors = new(StringComparer.Ordinal)
    {
        "org.freedesktop.systemd1.NoSuchUnit",
        "org.freedesktop.DBus.Error.UnknownObject",
    };

    public async Task<IReadOnlyList<UnitStatus>> ListUnitsByPatternsAsync(
        IReadOnlyList<string> patterns, CancellationToken cancellationToken)
    {
        UnitNames.ThrowIfInvalidPatterns(patterns);
        return await CallAsync(
            "ListUnitsByPatterns", "*", bus => ManagerCalls.ListUnits(bus, patterns, timeout), cancellationToken);
    }

    public async Task<IReadOnlyList<UnitFile>> ListUnitFilesByPatternsAsync(
        IReadOnlyList<string> patterns, CancellationToken cancellationToken)
    {
        UnitNames.ThrowIfInvalidPatterns(patterns);
        return await CallAsync(
            "ListUnitFilesByPatterns",
            "*",
            bus => ManagerCalls.ListUnitFiles(bus, patterns, timeout),
            cancellationToken);
    }

    public async Task<UnitDetails> GetUnitAsync(string unit, CancellationToken cancellationToken)
    {
        UnitNames.ThrowIfInvalid(unit);
        var details = await CallAsync(
            "GetAll", unit, bus => ManagerCalls.GetUnit(bus, unit, timeout), cancellationToken);
        return details.LoadState == "not-found" ? throw new UnitNotFoundException(unit) : details;
    }

    public async Task<IReadOnlyList<UnitVersion?>> GetVersionsAsync(
        IReadOnlyList<string> units, CancellationToken cancellationToken)
    {
        foreach (var unit in units)
        {
            UnitNames.ThrowIfInvalid(unit);
        }

        var versions = new List<UnitVersion?>(units.Count);
        foreach (var some in units.Chunk(VersionsTogether))
        {
            versions.AddRange(await CallAsync(
                "Get", "*", bus => ManagerCalls.GetVersions(bus, some, timeout), cancellationToken));
        }

        return versions;
    }

    public Task<string> StartAsync(string unit, TimeSpan timeout, CancellationToken cancellationToken) =>
        RunJobAsync("StartUnit", unit, timeout, cancellationToken);

    public Task<string> StopAsync(string unit, TimeSpan timeout, CancellationToken cancellationToken) =>
        RunJobAsync("StopUnit", unit, timeout, cancellationToken);

    public Task<string> RestartAsync(string unit, TimeSpan timeout, CancellationToken cancellationToken) =>
        RunJobAsync("RestartUnit", unit, timeout, cancellationToken);

    public async Task ResetFailedAsync(string unit, CancellationToken cancellationToken)
    {
        UnitNames.ThrowIfInvalid(unit);
        await CallAsync(
            "ResetFailedUnit", unit, bus => ManagerCalls.ResetFailed(bus, unit, timeout), cancellationToken);
    }

    public async Task ReloadAsync(CancellationToken cancellationToken) =>
        await CallAsync("Reload", "*", bus => ManagerCalls.Reload(bus, ReloadTimeout), cancellationToken);

    private async Task<string> RunJobAsync(
        string method, string unit, TimeSpan jobTimeout, CancellationToken cancellationToken)
    {
        UnitNames.ThrowIfInvalid(unit);
        using var wait = await jobs.ListenAsync(timeout, cancellationToken);
        var job = await CallAsync(
            method, unit, bus => ManagerCalls.Enqueue(bus, method, unit, timeout), cancellationToken);
        string result;
        try
        {
            result = await wait.EndOfAsync(job, jobTimeout, cancellationToken);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException(
                $"{method} {unit}: the job is still running after {jobTimeout.TotalSeconds:0.#} s.", e);
        }

        return result is "done" or "skipped" ? result : throw UnitOperationException.JobEnded(unit, method, result);
    }

    private async Task<T> CallAsync<T>(
        string method, string unit, Func<BusConnection, T> call, CancellationToken cancellationToken)
    {
        try
        {
            return await calls.RunAsync(call, cancellationToken);
        }
        catch (BusCallException e) when (NotFoundErrors.Contains(e.ErrorName))
        {
            throw new UnitNotFoundException(unit, e);
        }
        catch (BusCallException e)
        {
            throw UnitOperationException.Refused(unit, method, e.ErrorName, e.Detail, e);
        }
    }
}
