using Blixard.StateMachine.Commands;

namespace Blixard.Node.Metrics;

/// <summary>
/// What this host's systemd and kernel said last about one VM that is defined here: the figures as they were read, not
/// the coarser ones that are replicated. Null is "the kernel does not tell", never zero. Counters count since the unit
/// started; network is the guest's view.
/// </summary>
internal sealed record LocalVm
{
    public required string Name { get; init; }

    public required VmState State { get; init; }

    public ulong? CpuUsageUsec { get; init; }

    public ulong? MemoryBytes { get; init; }

    public ulong? MemoryLimitBytes { get; init; }

    public ulong? SwapBytes { get; init; }

    public ulong? DiskReadBytes { get; init; }

    public ulong? DiskWriteBytes { get; init; }

    public ulong? DiskReads { get; init; }

    public ulong? DiskWrites { get; init; }

    public ulong? NetworkRxBytes { get; init; }

    public ulong? NetworkTxBytes { get; init; }

    public ulong? NetworkRxPackets { get; init; }

    public ulong? NetworkTxPackets { get; init; }

    public ulong? NetworkRxErrors { get; init; }

    public ulong? NetworkTxErrors { get; init; }

    public ulong? NetworkRxDropped { get; init; }

    public ulong? NetworkTxDropped { get; init; }

    public ulong? Pids { get; init; }

    /// <summary>Null also where there is no limit.</summary>
    public ulong? PidsLimit { get; init; }

    /// <summary>How long the unit's processes waited for a resource, by its name: cpu, memory, io.</summary>
    public IReadOnlyList<LocalPressure> Pressures { get; init; } = [];

    /// <summary>As the running hypervisor says.</summary>
    public uint? Vcpus { get; init; }

    /// <summary>
    /// The runner that runs is not the one that the next start takes; null where either is not known.
    /// </summary>
    public bool? RestartPending { get; init; }

    /// <summary>systemd's NRestarts.</summary>
    public uint? Restarts { get; init; }

    /// <summary>The checks that this host made itself, by name.</summary>
    public IReadOnlyList<LocalCheck> Checks { get; init; } = [];
}

/// <summary>Microseconds in which some, or all, of the unit's processes waited (PSI's total).</summary>
internal sealed record LocalPressure(string Resource, ulong SomeUsec, ulong? FullUsec);

internal sealed record LocalCheck(string Name, bool Passed);

/// <summary>The agent's cache, as the metrics read it at each scrape.</summary>
internal interface ILocalVms
{
    /// <summary>
    /// Every VM defined on this host, in any order, each name once. Any thread may ask; never blocks.
    /// </summary>
    IReadOnlyCollection<LocalVm> Vms { get; }
}
