using System.Collections.Immutable;
using Google.Protobuf.Reflection;

namespace Blixard.StateMachine.Commands;

/// <summary>
/// The cluster version from which a command may be proposed. A cluster has the version that all of its nodes know; a
/// command of a later one would stop the older nodes. The same holds for a change of what Apply makes of a command that
/// exists: it gets the next version too, and Apply asks the state's version which meaning holds.
/// </summary>
public static class CommandVersions
{
    /// <summary>The newest version that this code knows: what its node registers with.</summary>
    public const uint Newest = 5;

    /// <summary>From which on a command may have a client's key, or supersede a session.</summary>
    public const uint Keys = 3;

    /// <summary>
    /// From here on a node may tell all that it knows of its VMs; below it, what older nodes do not know is left out of
    /// a report, never sent.
    /// </summary>
    public const uint FullObservations = 4;

    /// <summary>From which on there are health policies.</summary>
    public const uint Health = 4;

    /// <summary>From here on VMs may be managed: leases, fences, placements and operations.</summary>
    public const uint ManagedVms = 5;

    /// <summary>What a node knows that registered without saying.</summary>
    public const uint Oldest = 1;

    private static readonly ImmutableArray<FieldDescriptor> LaterFigures =
    [
        .. ResourceUsage.Descriptor.Fields.InFieldNumberOrder()
            .Where(field => field.FieldNumber > ResourceUsage.PidsFieldNumber),
    ];

    // One line per version: what came with it.
    //   1  everything up to and including SetAnnotation and the changes of the membership
    //   2  AdvanceTime, and with it the end of sessions that are unused for long
    //   3  the envelope's idempotency key, and the session that a command supersedes; CancelMembershipChange
    //   4  what a VM is made of, and VMs that their node can't see at the moment (VmObservation facts, unseen);
    //      figures beyond the first (ResourceUsage from number 15 on); ForgetObservation;
    //      SetHealthPolicy; errors and recovery of an observation; weight and critical of a check
    //   5  leases, fences, managed VMs and their operations; with them a node's kill budget and watchdog (UpdateNode),
    //      and where a VM's volumes lie (VmFacts storage)
    public static uint Needed(Command command)
    {
        ArgumentNullException.ThrowIfNull(command);
        var envelope = command.IdempotencyKey.Length > 0 || command.Supersedes is not null ? Keys : Oldest;
        return Math.Max(envelope, OfBody(command));
    }

    private static uint OfBody(Command command) =>
        command.BodyCase switch
        {
            Command.BodyOneofCase.AdvanceTime => 2,
            Command.BodyOneofCase.CancelMembershipChange => 3,
            Command.BodyOneofCase.ForgetObservation => FullObservations,
            Command.BodyOneofCase.SetHealthPolicy => Health,
            Command.BodyOneofCase.UpdateHealth when command.UpdateHealth.Checks.Any(HasWeight) => Health,
            Command.BodyOneofCase.UpdateState => NeededBy(command.UpdateState),
            Command.BodyOneofCase.UpdateNode when command.UpdateNode is { HasKillBudgetMs: true } or { HasWatchdogMs: true }
                => ManagedVms,
            Command.BodyOneofCase.DrainNode
                or Command.BodyOneofCase.UndrainNode
                or Command.BodyOneofCase.SuspectNode
                or Command.BodyOneofCase.ClearSuspect
                or Command.BodyOneofCase.FenceNode
                or Command.BodyOneofCase.RejoinNode
                or Command.BodyOneofCase.ConfirmNodeDead
                or Command.BodyOneofCase.ManageVm
                or Command.BodyOneofCase.UnmanageVm
                or Command.BodyOneofCase.SetDesiredState
                or Command.BodyOneofCase.AssignVm
                or Command.BodyOneofCase.GateInstalled
                or Command.BodyOneofCase.ReportGated
                or Command.BodyOneofCase.ReportStopped
                or Command.BodyOneofCase.BeginOperation
                or Command.BodyOneofCase.SettleOperation
                or Command.BodyOneofCase.SetSettings
                or Command.BodyOneofCase.SetTerm
                or Command.BodyOneofCase.LowerMaxTerm
                or Command.BodyOneofCase.AdoptCluster => ManagedVms,

            // Proposed once every node knows the version it sets, and so this command as well.
            _ => Oldest,
        };

    private static uint NeededBy(UpdateState report)
    {
        var needed = Oldest;
        foreach (var vm in report.Vms)
        {
            if (vm.Facts is { Storage: not StorageKind.Unknown })
            {
                return ManagedVms;
            }

            needed = vm.Facts is not null || vm.Unseen || HasLaterFigures(vm.Resources) || vm.Errors.Count > 0
                || vm.Recovery is not null || vm.Checks.Any(HasWeight)
                ? FullObservations
                : needed;
        }

        return needed;
    }

    private static bool HasLaterFigures(ResourceUsage? usage)
    {
        if (usage is not null)
        {
            foreach (var figure in LaterFigures)
            {
                if (figure.Accessor.HasValue(usage))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static bool HasWeight(CheckResult check) => check.HasWeight || check.Critical;
}
