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

    /// <summary>What the state directory says of it; null if it is not laid out there.</summary>
    public DefinedVm? Definition { get; init; }

    /// <summary>The last sample; null before the first, and while the VM does not run.</summary>
    public VmSample? Sample { get; init; }

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
        && MainPid == other.MainPid;
}
