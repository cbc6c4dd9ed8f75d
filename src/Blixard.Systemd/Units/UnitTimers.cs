namespace Blixard.Systemd.Units;

internal sealed class UnitTimers(UnitCalls calls) : IUnitTimers
{
    public async Task StartTimerAsync(TransientTimer timer, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(timer);
        UnitNames.ThrowIfInvalid(timer.Name);
        if (!timer.Name.EndsWith(".timer", StringComparison.Ordinal))
        {
            throw new ArgumentException($"'{timer.Name}' is not the name of a timer.", nameof(timer));
        }

        await calls.RunJobAsync(
            "StartTransientUnit",
            timer.Name,
            bus => TimerCalls.StartTransient(bus, timer, calls.Timeout),
            calls.Timeout,
            cancellationToken);
    }

    public async Task<TimerDetails> GetTimerAsync(string unit, CancellationToken cancellationToken)
    {
        UnitNames.ThrowIfInvalid(unit);
        var details = await calls.CallAsync(
            "GetAll", unit, bus => TimerCalls.GetTimer(bus, unit, calls.Timeout), cancellationToken);
        return details.LoadState == "not-found" ? throw new UnitNotFoundException(unit) : details;
    }

    public async Task<LaunchDetails> GetLaunchAsync(string unit, CancellationToken cancellationToken)
    {
        UnitNames.ThrowIfInvalid(unit);
        var details = await calls.CallAsync(
            "GetAll", unit, bus => TimerCalls.GetLaunch(bus, unit, calls.Timeout), cancellationToken);
        return details.LoadState == "not-found" ? throw new UnitNotFoundException(unit) : details;
    }

    public async Task KillAsync(string unit, CancellationToken cancellationToken)
    {
        UnitNames.ThrowIfInvalid(unit);
        await calls.CallAsync("KillUnit", unit, bus => TimerCalls.Kill(bus, unit, calls.Timeout), cancellationToken);
    }

    public Task<ulong> GetUserspaceStartAsync(CancellationToken cancellationToken) => calls.CallAsync(
        "Get", "*", bus => TimerCalls.GetUserspaceStart(bus, calls.Timeout), cancellationToken);
}
