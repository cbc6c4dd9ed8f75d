namespace Blixard.Systemd.Units;

/// <summary>
/// Transient timers with an absolute deadline, and what decides how a unit starts and ends. Throws as
/// <see cref="IUnitManager"/> does.
/// </summary>
public interface IUnitTimers
{
    /// <summary>
    /// Makes and starts a timer (StartTransientUnit, org.freedesktop.systemd1(5)) that is gone when it has elapsed or
    /// is stopped, is stopped by no shutdown and no isolate, and depends on nothing. Returns when its job has ended:
    /// from then on <see cref="GetTimerAsync"/> tells when it elapses.
    /// </summary>
    /// <exception cref="UnitOperationException">systemd refused, for instance because the name is taken.</exception>
    Task StartTimerAsync(TransientTimer timer, CancellationToken cancellationToken);

    /// <summary>The timer as it is now.</summary>
    /// <exception cref="UnitNotFoundException">There is no such timer.</exception>
    Task<TimerDetails> GetTimerAsync(string unit, CancellationToken cancellationToken);

    /// <summary>
    /// How a service would be started now, and what happens if it fails; it is loaded for the answer.
    /// </summary>
    /// <exception cref="UnitNotFoundException">There is no such unit.</exception>
    Task<LaunchDetails> GetLaunchAsync(string unit, CancellationToken cancellationToken);

    /// <summary>
    /// Sends SIGKILL to every process of the unit (KillUnit); what it does then is the unit's Restart=.
    /// </summary>
    /// <exception cref="UnitNotFoundException">There is no such unit, or it has no process.</exception>
    Task KillAsync(string unit, CancellationToken cancellationToken);

    /// <summary>
    /// When the manager's user space began, in CLOCK_MONOTONIC microseconds. Timers with <c>OnBootSec=</c> count from
    /// it in a container, and from 0 elsewhere (systemd.timer(5)).
    /// </summary>
    Task<ulong> GetUserspaceStartAsync(CancellationToken cancellationToken);
}

/// <summary>A timer to be made. It starts the service of its own name: a transient one can't be told another.</summary>
/// <param name="Name">Its unit name, <c>*.timer</c>.</param>
/// <param name="AfterBootMicroseconds">
/// <c>OnBootSec=</c>: absolute in CLOCK_MONOTONIC, counted from the manager's base.
/// </param>
/// <param name="AccuracyMicroseconds">By how much it may elapse later (<c>AccuracySec=</c>).</param>
public sealed record TransientTimer(string Name, ulong AfterBootMicroseconds, ulong AccuracyMicroseconds);

/// <summary>A timer as systemd has it.</summary>
/// <param name="LoadState">loaded, not-found, error, masked.</param>
/// <param name="ActiveState">active while it waits.</param>
/// <param name="SubState">waiting, running (its unit runs), elapsed, dead.</param>
/// <param name="Unit">What it starts.</param>
/// <param name="NextElapseMonotonic">CLOCK_MONOTONIC microseconds; null if it will not elapse any more.</param>
public sealed record TimerDetails(
    string Name, string LoadState, string ActiveState, string SubState, string Unit, ulong? NextElapseMonotonic);

/// <summary>What decides how a service starts and ends.</summary>
public sealed record LaunchDetails
{
    public required string Name { get; init; }

    /// <summary>loaded, not-found, bad-setting, error, masked.</summary>
    public required string LoadState { get; init; }

    public required string ActiveState { get; init; }

    public string SubState { get; init; } = "";

    /// <summary>The words of each <c>ExecStart=</c> line.</summary>
    public IReadOnlyList<IReadOnlyList<string>> ExecStart { get; init; } = [];

    /// <summary>The slice that it is, or would be, in.</summary>
    public string Slice { get; init; } = "";

    /// <summary>Where its processes are, below the cgroup v2 mount; null while it has none.</summary>
    public string? ControlGroup { get; init; }

    /// <summary>Its files on disk have changed since they were read: what is told here is not what they say.</summary>
    public bool NeedsDaemonReload { get; init; }

    /// <summary>A job for it waits or runs.</summary>
    public bool HasJob { get; init; }

    /// <summary><c>JobRunningTimeoutSec=</c> in microseconds; null for none.</summary>
    public ulong? JobRunningTimeoutMicroseconds { get; init; }

    /// <summary>none, reboot, reboot-force, reboot-immediate...</summary>
    public string JobTimeoutAction { get; init; } = "none";

    /// <summary>none, reboot, reboot-force, reboot-immediate...</summary>
    public string FailureAction { get; init; } = "none";
}
