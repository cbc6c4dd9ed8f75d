namespace Blixard.Systemd.Units;

/// <summary>The calls, and what their errors mean.</summary>
internal sealed class UnitManager(UnitCalls calls) : IUnitManager
{
    // systemctl allows 90 s too: systemd reads every unit file before it answers.
    private static readonly TimeSpan ReloadTimeout = TimeSpan.FromSeconds(90);

    // Together some milliseconds: who reads a unit that has just changed waits no longer.
    private const int VersionsTogether = 32;

    public async Task<IReadOnlyList<UnitStatus>> ListUnitsByPatternsAsync(
        IReadOnlyList<string> patterns, CancellationToken cancellationToken)
    {
        UnitNames.ThrowIfInvalidPatterns(patterns);
        return await calls.CallAsync(
            "ListUnitsByPatterns", "*", bus => ManagerCalls.ListUnits(bus, patterns, calls.Timeout), cancellationToken);
    }

    public async Task<IReadOnlyList<UnitFile>> ListUnitFilesByPatternsAsync(
        IReadOnlyList<string> patterns, CancellationToken cancellationToken)
    {
        UnitNames.ThrowIfInvalidPatterns(patterns);
        return await calls.CallAsync(
            "ListUnitFilesByPatterns",
            "*",
            bus => ManagerCalls.ListUnitFiles(bus, patterns, calls.Timeout),
            cancellationToken);
    }

    public async Task<UnitDetails> GetUnitAsync(string unit, CancellationToken cancellationToken)
    {
        UnitNames.ThrowIfInvalid(unit);
        var details = await calls.CallAsync(
            "GetAll", unit, bus => ManagerCalls.GetUnit(bus, unit, calls.Timeout), cancellationToken);
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
            versions.AddRange(await calls.CallAsync(
                "Get", "*", bus => ManagerCalls.GetVersions(bus, some, calls.Timeout), cancellationToken));
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
        await calls.CallAsync(
            "ResetFailedUnit", unit, bus => ManagerCalls.ResetFailed(bus, unit, calls.Timeout), cancellationToken);
    }

    public async Task ReloadAsync(CancellationToken cancellationToken) =>
        await calls.CallAsync("Reload", "*", bus => ManagerCalls.Reload(bus, ReloadTimeout), cancellationToken);

    private async Task<string> RunJobAsync(
        string method, string unit, TimeSpan jobTimeout, CancellationToken cancellationToken)
    {
        UnitNames.ThrowIfInvalid(unit);
        return await calls.RunJobAsync(
            method,
            unit,
            bus => ManagerCalls.Enqueue(bus, method, unit, calls.Timeout),
            jobTimeout,
            cancellationToken);
    }
}
