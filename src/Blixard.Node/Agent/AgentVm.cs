using Blixard.Node.Agent.HostChecks;
using Blixard.Systemd.MicroVms;

namespace Blixard.Node.Agent;

/// <summary>
/// One VM as this host sees it now: its unit, what it uses, and the checks that only the host can make.
/// </summary>
internal sealed record AgentVm
{
    public required string Name { get; init; }

    public required string Unit { get; init; }

    public required UnitScope Scope { get; init; }

    /// <summary>The manager that has the unit (<see cref="AgentBus.Name"/>).</summary>
    public string Bus { get; init; } = AgentBus.SystemName;

    /// <summary>The unit's manager is out of reach: the rest is what it said last.</summary>
    public bool Unseen { get; init; }

    public Systemd.MicroVms.VmState State { get; init; }

    public string SubState { get; init; } = "";

    /// <summary>When the unit entered this state; null if it never left its first one since boot.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>CLOCK_MONOTONIC microseconds of that change: an older signal changes nothing.</summary>
    public ulong Monotonic { get; init; }

    public string Result { get; init; } = "";

    public int? ExitCode { get; init; }

    public uint Restarts { get; init; }

    public int? MainPid { get; init; }

    public string? ControlGroup { get; init; }

    /// <summary>Of the unit's processes; null where systemd does not say.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>What the state directory says of it; null if it is not laid out there.</summary>
    public DefinedVm? Definition { get; init; }

    /// <summary>What the running hypervisor says; null until it was asked, and while the VM does not run.</summary>
    public GuestFacts? Guest { get; init; }

    /// <summary>The last sample; null before the first, and while the VM does not run.</summary>
    public VmSample? Sample { get; init; }

    /// <summary>The last sampling found nothing to read: its control group is gone, or can't be read.</summary>
    public bool FiguresMissing { get; init; }

    /// <summary>What the checks of this host found, as it was last worth telling.</summary>
    public HostFindings Findings { get; init; } = HostFindings.None;

    /// <summary>Starting, running or stopping.</summary>
    public bool IsAtWork => State is VmState.Starting or VmState.Running or VmState.Stopping;

    /// <summary>qemu, cloud-hypervisor, firecracker...; null if neither its runner nor its process says.</summary>
    public string? Hypervisor => Definition?.Hypervisor ?? Guest?.CommandLine?.Hypervisor;

    /// <summary>How much memory it may use, and who says so: the first that does. Null: nobody.</summary>
    public MemoryLimit? MemoryLimit => Agent.MemoryLimit.Of(Guest, Sample);

    /// <summary>
    /// This, with what an earlier look at the same run of the VM found and this one did not look for.
    /// </summary>
    public AgentVm After(AgentVm? known) => known is null || known.Bus != Bus ? this : this with
    {
        Sample = IsAtWork || State == VmState.Unknown ? known.Sample : null,
        Findings = known.Findings,
        Guest = MainPid is { } pid && known.Guest?.MainPid == pid ? known.Guest : null,
    };

    public bool Equals(AgentVm? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(Name);

    /// <summary>True if both say the same of the unit; resources are judged by their dead band.</summary>
    public bool SaysTheSame(AgentVm other) =>
        Unit == other.Unit
        && State == other.State
        && SubState == other.SubState
        && Since == other.Since
        && Result == other.Result
        && ExitCode == other.ExitCode
        && Restarts == other.Restarts
        && MainPid == other.MainPid
        && Unseen == other.Unseen
        && ReferenceEquals(Findings, other.Findings)
        && Equals(Definition, other.Definition)
        && Hypervisor == other.Hypervisor
        && Guest?.Vcpus == other.Guest?.Vcpus
        && MemoryLimit?.Source == other.MemoryLimit?.Source;
}
