using System.Collections.Immutable;
using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.State;

/// <summary>Why an observation may no longer be true. Permanent numbers (snapshots).</summary>
public enum Staleness
{
    Fresh = 0,

    /// <summary>The node was declared lost after it made the observation.</summary>
    NodeLost = 1,

    /// <summary>The node sent a complete list of its VMs without this one.</summary>
    Absent = 2,

    /// <summary>The host has booted since and has not spoken of this VM yet.</summary>
    Rebooted = 3,

    /// <summary>The node is there, and said that it can't reach the manager that has the VM's unit.</summary>
    Unseen = 4,
}

/// <summary>
/// What one node last said about one VM that is defined there. Only that node writes it. Times are Unix milliseconds
/// by the node's clock.
/// </summary>
public sealed record NodeObservation
{
    public required string Node { get; init; }

    public required string Unit { get; init; }

    public bool UserService { get; init; }

    /// <summary>As last reported; see <see cref="Staleness"/> before believing it.</summary>
    public VmState State { get; init; }

    public string SubState { get; init; } = "";

    /// <summary>When the unit entered <see cref="State"/>; 0 if not known.</summary>
    public long Since { get; init; }

    /// <summary>systemd's Result of the service.</summary>
    public string Result { get; init; } = "";

    public int? ExitCode { get; init; }

    public uint Restarts { get; init; }

    public uint? MainPid { get; init; }

    public Resources? Resources { get; init; }

    /// <summary>Null: the node said nothing of it, as nodes of cluster versions before 4.</summary>
    public Facts? Facts { get; init; }

    public ImmutableSortedDictionary<string, Check> Checks { get; init; } = Ordinal.Map<Check>();

    /// <summary>How the monitor reaches the guest from outside; empty: not at all.</summary>
    public string Probe { get; init; } = "";

    /// <summary>The newest lines of the journal about the unit with priority err or worse, oldest first.</summary>
    public ImmutableArray<ErrorLine> Errors { get; init; } = [];

    /// <summary>What the node did to get the VM well again; null: nothing since it was last well for long.</summary>
    public RecoveryRecord? Recovery { get; init; }

    /// <summary>When a report last differed from the one before it.</summary>
    public long LastUpdate { get; init; }

    /// <summary>
    /// When a report last named this VM. Keep-alives are counted on the node:
    /// <see cref="ClusterState.LastSeen(NodeObservation)"/> joins the two.
    /// </summary>
    public long LastReported { get; init; }

    public Staleness Staleness { get; init; }

    public bool Stale => Staleness != Staleness.Fresh;

    /// <summary>Fresh, and running.</summary>
    public bool Running => !Stale && State == VmState.Running;
}

/// <summary>What a VM is made of and what of it runs. Empty or null: not known.</summary>
public sealed record Facts
{
    /// <summary>qemu, cloud-hypervisor, firecracker, ...</summary>
    public string Hypervisor { get; init; } = "";

    public uint? Vcpus { get; init; }

    /// <summary>The host's interfaces of the VM, in the order of its network cards.</summary>
    public ImmutableArray<string> Taps { get; init; } = [];

    public ImmutableArray<string> Macvtaps { get; init; } = [];

    public uint? VsockCid { get; init; }

    /// <summary>Store path of the runner that was started.</summary>
    public string RunningRunner { get; init; } = "";

    /// <summary>Store path of the runner that the next start takes.</summary>
    public string CurrentRunner { get; init; } = "";

    /// <summary>Who told the memory limit of the same observation's resources.</summary>
    public MemoryLimitSource MemoryLimitSource { get; init; }

    /// <summary>Where its volumes lie, as far as the host can tell.</summary>
    public StorageKind Storage { get; init; }

    /// <summary>A restart would run another runner than the one that runs.</summary>
    public bool RestartPending =>
        RunningRunner.Length > 0 && CurrentRunner.Length > 0 && RunningRunner != CurrentRunner;
}

/// <summary>A health check's last result.</summary>
public sealed record Check(string Name, bool Passed, string Message)
{
    /// <summary>How much its failure counts where the policy does not say; null: what is usual.</summary>
    public uint? Weight { get; init; }

    /// <summary>Its failure alone makes the VM unhealthy.</summary>
    public bool Critical { get; init; }
}

/// <summary>A line of the journal: Unix milliseconds, priority as in syslog (0 emerg to 3 err).</summary>
public sealed record ErrorLine(long Time, uint Priority, string Message);

/// <summary>
/// Restarts of a VM that was not well, counted from when it was last well for long. Times in Unix milliseconds by the
/// clock of the VM's host; <paramref name="Next"/> is 0 where none waits.
/// </summary>
public sealed record RecoveryRecord(uint Attempts, long Last, string Reason, long Next, bool Exhausted)
{
    /// <summary>How a host says that what was done is over; the state has no record then.</summary>
    public static RecoveryRecord Over { get; } = new(0, 0, "", 0, Exhausted: false);
}

/// <summary>
/// Figures of one sample, in whole numbers; null means that the host could not tell, never zero. CPU in thousandths of
/// a percent of one CPU, counters since the unit started, network as the guest sees it.
/// </summary>
public sealed record Resources
{
    /// <summary>Unix milliseconds.</summary>
    public long SampledAt { get; init; }

    public ulong? CpuMillipercent { get; init; }

    public ulong? CpuUsageUsec { get; init; }

    public ulong? MemoryBytes { get; init; }

    public ulong? MemoryLimitBytes { get; init; }

    public ulong? DiskReadBytes { get; init; }

    public ulong? DiskWriteBytes { get; init; }

    public ulong? DiskReads { get; init; }

    public ulong? DiskWrites { get; init; }

    public ulong? NetworkRxBytes { get; init; }

    public ulong? NetworkTxBytes { get; init; }

    public ulong? NetworkRxPackets { get; init; }

    public ulong? NetworkTxPackets { get; init; }

    public ulong? Pids { get; init; }

    public ulong? SwapBytes { get; init; }

    public ulong? CpuUserUsec { get; init; }

    public ulong? CpuSystemUsec { get; init; }

    /// <summary>Rates are rounded, between the last two samples; null in the first one of a run.</summary>
    public ulong? DiskReadBytesPerSecond { get; init; }

    public ulong? DiskWriteBytesPerSecond { get; init; }

    public ulong? DiskReadsPerSecond { get; init; }

    public ulong? DiskWritesPerSecond { get; init; }

    public ulong? NetworkRxBytesPerSecond { get; init; }

    public ulong? NetworkTxBytesPerSecond { get; init; }

    public ulong? NetworkRxPacketsPerSecond { get; init; }

    public ulong? NetworkTxPacketsPerSecond { get; init; }

    public ulong? NetworkRxErrors { get; init; }

    public ulong? NetworkTxErrors { get; init; }

    public ulong? NetworkRxDropped { get; init; }

    public ulong? NetworkTxDropped { get; init; }

    /// <summary>Null also where there is no limit.</summary>
    public ulong? PidsLimit { get; init; }

    /// <summary>
    /// Thousandths of a percent of the last 10 s in which some of its processes waited for the resource, or all
    /// (Documentation/accounting/psi.rst, avg10).
    /// </summary>
    public ulong? CpuPressureSomeMillipercent { get; init; }

    public ulong? CpuPressureFullMillipercent { get; init; }

    public ulong? MemoryPressureSomeMillipercent { get; init; }

    public ulong? MemoryPressureFullMillipercent { get; init; }

    public ulong? IoPressureSomeMillipercent { get; init; }

    public ulong? IoPressureFullMillipercent { get; init; }
}
