namespace Blixard.Systemd.Units;

/// <summary>
/// The calls of org.freedesktop.systemd1.Manager that we need. Every method throws
/// <see cref="SystemdUnavailableException"/> if systemd cannot be reached or does not answer in time, and
/// <see cref="ArgumentException"/> if a unit name is not one (systemd.unit(5)) before anything is sent.
/// </summary>
public interface IUnitManager
{
    /// <summary>
    /// The units in memory whose name matches any pattern (<c>*</c> and <c>?</c>). Inactive units are usually not in
    /// memory: absence means "not running", not "not defined".
    /// </summary>
    Task<IReadOnlyList<UnitStatus>> ListUnitsByPatternsAsync(
        IReadOnlyList<string> patterns, CancellationToken cancellationToken);

    /// <summary>The unit files on disk whose name matches any pattern.</summary>
    Task<IReadOnlyList<UnitFile>> ListUnitFilesByPatternsAsync(
        IReadOnlyList<string> patterns, CancellationToken cancellationToken);

    /// <summary>The unit as it is now; an inactive one is loaded for the answer.</summary>
    /// <exception cref="UnitNotFoundException">There is no such unit.</exception>
    Task<UnitDetails> GetUnitAsync(string unit, CancellationToken cancellationToken);

    /// <summary>
    /// What tells whether units are still as they were when they were read: in the order of <paramref name="units"/>,
    /// null for one that systemd does not tell of. A tenth of what <see cref="GetUnitAsync"/> costs systemd, or less.
    /// </summary>
    Task<IReadOnlyList<UnitVersion?>> GetVersionsAsync(
        IReadOnlyList<string> units, CancellationToken cancellationToken);

    /// <summary>
    /// Starts a unit (job mode "replace") and waits until the job has ended.
    /// </summary>
    /// <param name="timeout">How long to wait for the job's end.</param>
    /// <param name="cancellationToken">Ends the waiting, not the job.</param>
    /// <returns>The job's result: <c>done</c>, or <c>skipped</c> where there was nothing to do.</returns>
    /// <exception cref="UnitNotFoundException">There is no such unit.</exception>
    /// <exception cref="UnitOperationException">systemd refused, or the job ended otherwise.</exception>
    /// <exception cref="TimeoutException">The job is still running after <paramref name="timeout"/>.</exception>
    Task<string> StartAsync(string unit, TimeSpan timeout, CancellationToken cancellationToken);

    /// <summary>Stops a unit; see <see cref="StartAsync"/>.</summary>
    Task<string> StopAsync(string unit, TimeSpan timeout, CancellationToken cancellationToken);

    /// <summary>Stops and starts a unit, or starts it if it does not run; see <see cref="StartAsync"/>.</summary>
    Task<string> RestartAsync(string unit, TimeSpan timeout, CancellationToken cancellationToken);

    /// <summary>Clears the failed state and the start limit counter.</summary>
    /// <exception cref="UnitNotFoundException">The unit is not in memory.</exception>
    Task ResetFailedAsync(string unit, CancellationToken cancellationToken);

    /// <summary>
    /// <c>systemctl daemon-reload</c>: reads all unit files anew. Takes 1.7 s with 1,000 units, during which systemd
    /// answers nobody.
    /// </summary>
    Task ReloadAsync(CancellationToken cancellationToken);
}
