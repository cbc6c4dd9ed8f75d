namespace Blixard.StateMachine.Commands;

/// <summary>
/// The cluster version from which a command may be proposed. A cluster has the version that all of its nodes know; a
/// command of a later one would stop the older nodes. The same holds for a change of what Apply makes of a command that
/// exists: it gets the next version too, and Apply asks the state's version which meaning holds.
/// </summary>
public static class CommandVersions
{
    /// <summary>The newest version that this code knows: what its node registers with.</summary>
    public const uint Newest = 3;

    /// <summary>From which on a command may have a client's key, or supersede a session.</summary>
    public const uint Keys = 3;

    /// <summary>What a node knows that registered without saying.</summary>
    public const uint Oldest = 1;

    // One line per version: what came with it.
    //   1  everything up to and including SetAnnotation and the changes of the membership
    //   2  AdvanceTime, and with it the end of sessions that are unused for long
    //   3  the envelope's idempotency key, and the session that a command supersedes; CancelMembershipChange
    public static uint Needed(Command command)
    {
        ArgumentNullException.ThrowIfNull(command);
        return command.IdempotencyKey.Length > 0 || command.Supersedes is not null ? Keys : command.BodyCase switch
        {
            Command.BodyOneofCase.AdvanceTime => 2,
            Command.BodyOneofCase.CancelMembershipChange => 3,

            // Proposed once every node knows the version it sets, and so this command as well.
            _ => Oldest,
        };
    }
}
