using Blixard.StateMachine.Fencing;
using Blixard.StateMachine.State.Images;

namespace Blixard.StateMachine.State;

/// <summary>
/// Leases, drains and the times that hold for all, in a snapshot. What is as if never set is left out.
/// </summary>
internal static class LeaseImages
{
    public static void Write(ClusterState state, ClusterStateImage image)
    {
        image.ClusterId = state.ClusterId;
        if (state.Terms is var terms && terms != LeaseTerms.Default)
        {
            image.Terms = new LeaseTermsImage
            {
                RenewMs = terms.Profile.RenewMs,
                TermMs = terms.Profile.TermMs,
                SoftMs = terms.Profile.SoftMs,
                SlackMs = terms.Profile.SlackMs,
                SetAt = terms.SetAt,
                MaxTermMs = terms.MaxTermMs,
                MaxSlackMs = terms.MaxSlackMs,
                TargetMs = terms.TargetMs,
                DisarmedUntil = terms.DisarmedUntil,
                Reason = terms.Reason,
                Actor = terms.Actor,
            };
        }

        if (state.PlacementSettings is var settings && settings != PlacementSettings.Default)
        {
            image.Placement = new PlacementSettingsImage
            {
                MemoryOvercommitPercent = settings.MemoryOvercommitPercent,
                CpuOvercommitPercent = settings.CpuOvercommitPercent,
                Strategy = settings.Strategy,
                MaxMoving = settings.MaxMoving,
            };
        }
    }

    public static LeaseTerms Read(LeaseTermsImage? image) => image is null ? LeaseTerms.Default : new LeaseTerms
    {
        Profile = new LeaseProfile(image.RenewMs, image.TermMs, image.SoftMs, image.SlackMs),
        SetAt = image.SetAt,
        MaxTermMs = image.MaxTermMs,
        MaxSlackMs = image.MaxSlackMs,
        TargetMs = image.TargetMs,
        DisarmedUntil = image.DisarmedUntil,
        Reason = image.Reason,
        Actor = image.Actor,
    };

    public static PlacementSettings Read(PlacementSettingsImage? image) => image is null
        ? PlacementSettings.Default
        : new PlacementSettings(
            image.MemoryOvercommitPercent, image.CpuOvercommitPercent, image.Strategy, image.MaxMoving);

    public static NodeLeaseImage? Of(NodeLease lease) => lease == NodeLease.None ? null : new NodeLeaseImage
    {
        Epoch = lease.Epoch,
        Standing = (uint)lease.Standing,
        BootId = lease.BootId,
        KillBudgetMs = lease.KillBudgetMs,
        WatchdogMs = lease.WatchdogMs,
        SuspectedAt = lease.SuspectedAt,
        Reason = lease.Reason,
        Since = lease.Since,
    };

    public static NodeLease Read(NodeLeaseImage? image) => image is null ? NodeLease.None : new NodeLease
    {
        Epoch = image.Epoch,
        Standing = (LeaseStanding)image.Standing,
        BootId = image.BootId,
        KillBudgetMs = image.KillBudgetMs,
        WatchdogMs = image.WatchdogMs,
        SuspectedAt = image.SuspectedAt,
        Reason = image.Reason,
        Since = image.Since,
    };

    public static NodeDrainImage? Of(NodeDrain? drain) => drain is null ? null : new NodeDrainImage
    {
        Request = drain.Request,
        Actor = drain.Actor,
        Reason = drain.Reason,
        Since = drain.Since,
        DeadlineAt = drain.DeadlineAt,
    };

    public static NodeDrain? Read(NodeDrainImage? image) => image is null
        ? null
        : new NodeDrain(image.Request, image.Actor, image.Reason, image.Since, image.DeadlineAt);
}
