using Blixard.StateMachine.Commands;
using Blixard.StateMachine.Fencing;

namespace Blixard.StateMachine.State;

/// <summary>SetTerm, LowerMaxTerm and SetSettings.</summary>
internal static class ApplyTerm
{
    /// <summary>
    /// What is longer counts from here on; what is shorter is only granted, for a lease of the old term may be
    /// outstanding until LowerMaxTerm says that none is.
    /// </summary>
    public static CommandResult Set(StateEdit edit, SetTerm body)
    {
        var before = edit.Terms;
        var disarmedFor = body.DisarmedUntilUnixMs == 0 ? 0 : body.DisarmedUntilUnixMs - edit.Now;
        var target = body.TermMs + disarmedFor;
        edit.Terms = new LeaseTerms
        {
            Profile = new LeaseProfile(body.RenewMs, body.TermMs, body.SoftMs, body.SlackMs),
            SetAt = edit.Index,
            MaxTermMs = Math.Max(before.MaxTermMs, target),
            MaxSlackMs = Math.Max(before.MaxSlackMs, body.SlackMs),
            TargetMs = target,
            DisarmedUntil = body.DisarmedUntilUnixMs,
            Reason = body.Reason,
            Actor = edit.Command.Actor,
        };
        return edit.Applied();
    }

    public static CommandResult Lower(StateEdit edit, LowerMaxTerm body)
    {
        var terms = edit.Terms;
        if (terms.SetAt != body.SetTerm)
        {
            return new Rejected(
                RejectionReason.TermSuperseded,
                $"the term was set last at index {terms.SetAt}, not {body.SetTerm}: leases of it may be outstanding");
        }

        edit.Terms = terms with { MaxTermMs = terms.TargetMs, MaxSlackMs = terms.Profile.SlackMs };
        return edit.Applied();
    }

    public static CommandResult Set(StateEdit edit, SetSettings body)
    {
        var before = edit.PlacementSettings;
        edit.PlacementSettings = new PlacementSettings(
            body.HasMemoryOvercommitPercent ? body.MemoryOvercommitPercent : before.MemoryOvercommitPercent,
            body.HasCpuOvercommitPercent ? body.CpuOvercommitPercent : before.CpuOvercommitPercent,
            body.HasStrategy ? body.Strategy : before.Strategy,
            body.HasMaxMoving ? body.MaxMoving : before.MaxMoving);
        return edit.Applied();
    }
}
