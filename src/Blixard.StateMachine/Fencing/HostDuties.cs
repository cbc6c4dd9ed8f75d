using System.Collections.Immutable;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.StateMachine.Fencing;

/// <summary>What a host has to do about one managed VM that is defined on it.</summary>
public enum DutyKind
{
    /// <summary>Has its grant, and runs.</summary>
    Run,

    /// <summary>Runs, and its unit is to be restarted once, for <see cref="Duty.Operation"/>.</summary>
    Restart,

    /// <summary>Its grant is revoked, then it is stopped in good order, then that is reported.</summary>
    Stop,

    /// <summary>As <see cref="Stop"/>, without asking the guest.</summary>
    Kill,

    /// <summary>Has no grant here, and must not run here: whatever runs is stopped, and nothing is reported.</summary>
    KeepAway,

    /// <summary>Nobody knows where it runs: neither started nor stopped.</summary>
    Hold,
}

/// <param name="Vm">Its name.</param>
/// <param name="Kind">What to do.</param>
/// <param name="Generation">Of the grant, and of the report that it stopped.</param>
/// <param name="ManageIndex">Of the gate that it needs here.</param>
/// <param name="IsStrict">In the strict slice, with a lease: as asked for, also before the promise begins.</param>
/// <param name="WantsGatedReport">It is strict here, and the log does not say yet that it is behind the gate.</param>
/// <param name="Operation">The pending operation that this is for; 0: none.</param>
/// <param name="Reason">For people.</param>
public sealed record Duty(
    string Vm,
    DutyKind Kind,
    ulong Generation,
    ulong ManageIndex,
    bool IsStrict,
    bool WantsGatedReport,
    ulong Operation,
    string Reason);

/// <summary>What the state wants of one host. Pure: the host compares it with what systemd says.</summary>
public static class HostDuties
{
    /// <summary>Of all managed VMs that this node defines or has placed on it, by name.</summary>
    public static ImmutableArray<Duty> Of(ClusterState state, string node)
    {
        ArgumentNullException.ThrowIfNull(state);
        var duties = ImmutableArray.CreateBuilder<Duty>();
        foreach (var vm in state.Vms.Values)
        {
            if (vm is { Management: { } management, Placement: { } placement }
                && (placement.Node == node || vm.Observations.ContainsKey(node)))
            {
                duties.Add(Of(vm, management, placement, node));
            }
        }

        return duties.DrainToImmutable();
    }

    /// <summary>Every name that must not start without a grant, on any node.</summary>
    public static ImmutableArray<string> ManagedNames(ClusterState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        return [.. state.Vms.Values.Where(vm => vm.Management is not null).Select(vm => vm.Name)];
    }

    private static Duty Of(Vm vm, Management management, Placement placement, string node)
    {
        var isStrict = management.Policy == FailoverPolicy.Strict;
        var pending = vm.Operation is { IsPending: true } operation ? operation : null;
        var (kind, reason) = (placement.State, placement.Node == node) switch
        {
            (PlacementState.Uncertain, _) => (DutyKind.Hold, placement.Reason),
            (PlacementState.Assigned or PlacementState.Running, true) => Here(management, placement, pending),
            (_, true) => (DutyKind.KeepAway, $"generation {placement.Generation} is {placement.State}"),
            _ => (DutyKind.KeepAway, $"it is placed on {placement.Node}"),
        };
        var gated = kind is DutyKind.Run or DutyKind.Restart
            && vm.Policy == FailoverPolicy.Strict && !placement.IsGated;
        return new Duty(
            vm.Name, kind, placement.Generation, management.Index, isStrict, gated, pending?.Index ?? 0, reason);
    }

    private static (DutyKind Kind, string Reason) Here(Management management, Placement placement, Operation? pending) =>
        pending switch
        {
            { Kind: OperationKind.Move } when pending.Generation == placement.Generation =>
                (DutyKind.Stop, "it is to move"),
            { Kind: OperationKind.Kill } => (DutyKind.Kill, "it is to be killed"),
            { Kind: OperationKind.Restart } when pending.Generation == placement.Generation =>
                (DutyKind.Restart, "it is to be restarted"),
            _ when management.Desired == DesiredState.Stopped => (DutyKind.Stop, "it is to be stopped"),
            _ => (DutyKind.Run, placement.Reason),
        };
}
