using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.State;

/// <summary>A command under a client's key: applied the first time, answered the same ever after.</summary>
internal static class ApplyKeyed
{
    /// <param name="edit">Of a command with a key.</param>
    /// <param name="apply">Run only if the key is new.</param>
    public static CommandResult Once(StateEdit edit, Func<StateEdit, CommandResult> apply)
    {
        if (edit.IdempotencyKeys.Answer(edit.Command) is { } known)
        {
            // Kept by the session as well: this number is answered even when the key is forgotten.
            edit.Duplicate = known is not Rejected { Reason: RejectionReason.IdempotencyKeyReused };
            return known;
        }

        if (edit.Command.Supersedes is { } superseded && Earlier(edit, superseded) is { } earlier)
        {
            return earlier;
        }

        var result = apply(edit);
        edit.IdempotencyKeys = edit.IdempotencyKeys.With(
            edit.Command.IdempotencyKey,
            new KeyedResult(edit.Command.RequestHash, edit.Index, edit.LogTime, result));
        return result;
    }

    /// <summary>
    /// What became of the number that this command supersedes; null: it was not applied, and from here on never will be.
    /// </summary>
    private static CommandResult? Earlier(StateEdit edit, Superseded superseded)
    {
        if (!edit.Sessions.All.TryGetValue(superseded.ClientId, out var session)
            || superseded.Sequence < session.AcknowledgedBelow)
        {
            return new Rejected(
                RejectionReason.OutcomeForgotten,
                $"what became of command {superseded.Sequence} of session {superseded.ClientId} is no longer known");
        }

        if (session.Results.TryGetValue(superseded.Sequence, out var result))
        {
            edit.Duplicate = true;
            return result;
        }

        edit.Sessions = edit.Sessions.Close(superseded.ClientId);
        return null;
    }
}
