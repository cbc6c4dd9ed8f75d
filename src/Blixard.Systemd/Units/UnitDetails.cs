namespace Blixard.Systemd.Units;

/// <summary>
/// What systemd says of one service, read as one consistent answer. A counter that systemd does not keep (its
/// accounting is off, or the controller is missing) is null, never 0.
/// </summary>
public sealed record UnitDetails
{
    public required string Name { get; init; }

    public required string LoadState { get; init; }

    public required string ActiveState { get; init; }

    public required string SubState { get; init; }

    /// <summary>The main process in systemd's pid namespace; null while there is none.</summary>
    public int? MainPid { get; init; }

    /// <summary>
    /// Path below the cgroup v2 mount, for example <c>/system.slice/microvm@a.service</c>; null while not running.
    /// </summary>
    public string? ControlGroup { get; init; }

    /// <summary>
    /// How the last run ended: success, exit-code, signal, timeout, watchdog, oom-kill, start-limit-hit...
    /// </summary>
    public string? Result { get; init; }

    /// <summary>
    /// siginfo's si_code of the last main process: 1 exited, 2 killed, 3 dumped; 0 while it has not ended.
    /// </summary>
    public int ExecMainCode { get; init; }

    /// <summary>The exit status, or the signal's number where <see cref="ExecMainCode"/> is not 1.</summary>
    public int ExecMainStatus { get; init; }

    /// <summary>Automatic restarts since the unit was started by a job.</summary>
    public uint Restarts { get; init; }

    /// <summary>The last change of the sub-state, wall clock; null if there was none since boot.</summary>
    public DateTimeOffset? StateChangedAt { get; init; }

    /// <summary>
    /// The same in CLOCK_MONOTONIC microseconds: the unit's version, by which repeated signals are recognised. 0 if
    /// never.
    /// </summary>
    public ulong StateChangeMonotonic { get; init; }

    /// <summary>When the unit last became active, wall clock.</summary>
    public DateTimeOffset? ActiveSince { get; init; }

    /// <summary>32 hexadecimal digits, new at every start; null if it never started.</summary>
    public string? InvocationId { get; init; }

    public string? FragmentPath { get; init; }

    /// <summary>Of the service's processes, an absolute path; null if it has none of its own.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>The free text that the service sent with STATUS= (sd_notify(3)).</summary>
    public string? StatusText { get; init; }

    public ulong? MemoryCurrentBytes { get; init; }

    /// <summary>The unit's MemoryMax; null when unlimited.</summary>
    public ulong? MemoryMaxBytes { get; init; }

    public ulong? CpuUsageNanoseconds { get; init; }

    public ulong? TasksCurrent { get; init; }

    public ulong? TasksMax { get; init; }

    /// <summary>Bytes received, with IPAccounting.</summary>
    public ulong? IpIngressBytes { get; init; }

    /// <summary>Bytes sent, with IPAccounting.</summary>
    public ulong? IpEgressBytes { get; init; }
}
