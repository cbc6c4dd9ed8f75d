using System.Text.Json.Serialization;

namespace Blixard.Client.Contracts;

/// <summary>
/// <c>GET /v1/vms/{vm}</c>. The fields about the running unit are those of the node it runs on, else of its last one;
/// <see cref="Observations"/> has every node's view.
/// </summary>
public sealed record Vm
{
    /// <summary>Unique in the cluster.</summary>
    public required string Name { get; init; }

    /// <summary>Set by the first applied registration, never changed.</summary>
    public required string Uuid { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required VmState State { get; init; }

    /// <summary>Name of the node where it runs, else where it ran last; null if it was never seen to run.</summary>
    public string? Node { get; init; }

    /// <summary>Unit on that node, <c>microvm@NAME.service</c>.</summary>
    public required string Unit { get; init; }

    /// <summary>True for a unit of a user's manager (<c>microvm-NAME.service</c>).</summary>
    public required bool UserService { get; init; }

    /// <summary>systemd's SubState ("running", "auto-restart"), finer than <see cref="State"/>.</summary>
    public string? SubState { get; init; }

    /// <summary>Since when the unit is in that state.</summary>
    public DateTimeOffset? Since { get; init; }

    public required VmHealth Health { get; init; }

    /// <summary>Name of the node assigned to judge this VM from outside; null while none is.</summary>
    public string? Monitor { get; init; }

    /// <summary>The facts below are not refreshed any more; <see cref="StaleReason"/> says why ("node lost").</summary>
    public required bool Stale { get; init; }
    public string? StaleReason { get; init; }

    /// <summary>When anything about it last changed, and when its node last said that it is still so.</summary>
    public DateTimeOffset? LastUpdate { get; init; }
    public DateTimeOffset? LastSeen { get; init; }

    public required VmResources Resources { get; init; }

    public int? MainPid { get; init; }

    /// <summary>systemd's Result ("success", "exit-code", "watchdog") and the main process's exit code.</summary>
    public string? Result { get; init; }
    public int? ExitCode { get; init; }

    /// <summary>Automatic restarts since the unit was last started by hand (systemd's NRestarts).</summary>
    public int? Restarts { get; init; }

    /// <summary>"qemu", "cloud-hypervisor", "firecracker", …</summary>
    public string? Hypervisor { get; init; }

    /// <summary>As the hypervisor says; null while it does not run, or can't be asked.</summary>
    public int? Vcpus { get; init; }

    /// <summary>The host's interfaces of the VM, in the order of its network cards.</summary>
    public IReadOnlyList<string> Taps { get; init; } = [];
    public IReadOnlyList<string> Macvtaps { get; init; } = [];

    public long? VsockCid { get; init; }

    /// <summary>Store path of the runner that was started; null while none runs.</summary>
    public string? RunningRunner { get; init; }

    /// <summary>Store path of the runner that the next start takes.</summary>
    public string? CurrentRunner { get; init; }

    /// <summary>Both are known and differ: a restart would run something else.</summary>
    public bool RestartPending { get; init; }

    /// <summary>Names of all nodes where the VM is defined, sorted.</summary>
    public required IReadOnlyList<string> Candidates { get; init; }

    /// <summary>What each candidate last reported, sorted by node.</summary>
    public required IReadOnlyList<VmObservation> Observations { get; init; }

    /// <summary>The candidates that run it, sorted.</summary>
    public IReadOnlyList<string> RunningOn { get; init; } = [];

    /// <summary>
    /// Nodes that say they run it too, while another one does: they are not taken as candidates. Sorted by node.
    /// </summary>
    public IReadOnlyList<VmClaim> RefusedClaims { get; init; } = [];

    /// <summary>Names of <see cref="VmAlarms"/>; empty when all is well.</summary>
    public required IReadOnlyList<string> Alarms { get; init; }
}

/// <summary>
/// From systemd's ActiveState. <see cref="Unknown"/> also while the facts are stale: nobody can say what runs on a lost
/// host. <see cref="Vm.Observations"/> keep what was last reported.
/// </summary>
[JsonConverter(typeof(CamelCaseEnumConverter<VmState>))]
public enum VmState
{
    Unknown = 0,
    Starting,
    Running,
    Stopping,
    Stopped,
    Failed,
}

/// <summary>One node's last report about a VM defined there.</summary>
public sealed record VmObservation
{
    public required string Node { get; init; }
    public required VmState State { get; init; }
    public string? SubState { get; init; }
    public required string Unit { get; init; }
    public required bool Stale { get; init; }

    /// <summary>As <see cref="Vm.StaleReason"/>: "unit is gone" where the node itself says that it has it no more.</summary>
    public string? StaleReason { get; init; }
    public DateTimeOffset? LastUpdate { get; init; }

    /// <summary>When the node last said that it is so.</summary>
    public DateTimeOffset? LastSeen { get; init; }
}

/// <summary>A node that says it runs a VM while another one does.</summary>
public sealed record VmClaim
{
    public required string Node { get; init; }

    /// <summary>When it first said so.</summary>
    public required DateTimeOffset Since { get; init; }
}

/// <summary>Names that may stand in <see cref="Vm.Alarms"/>.</summary>
public static class VmAlarms
{
    /// <summary>
    /// Two nodes report the VM as running, both freshly: its disks are in danger. <see cref="Vm.RunningOn"/> and
    /// <see cref="Vm.RefusedClaims"/> say which.
    /// </summary>
    public const string DuplicateRunning = "duplicate_running";
}
