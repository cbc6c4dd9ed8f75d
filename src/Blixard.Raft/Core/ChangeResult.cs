namespace Blixard.Raft.Core;

/// <summary>What became at once of a change of the configuration.</summary>
public enum ChangeStatus
{
    /// <summary>
    /// The first step is in the leader's log and in force; it is not committed yet, and may be rolled back.
    /// </summary>
    Appended,

    /// <summary>The target is what is in force and committed: nothing to do.</summary>
    Unchanged,

    /// <summary>This member does not lead, or is handing leadership over.</summary>
    NoLeader,

    /// <summary>An earlier change is not finished.</summary>
    ChangePending,

    /// <summary>
    /// The leader has not committed an entry of its own term yet, so it can't know whether an earlier leader's change
    /// was committed (the flaw that Ongaro found in single-server changes: raft-dev, 2015-07-10). Ask again.
    /// </summary>
    NoOwnTermCommit,

    /// <summary>
    /// A new voter is no learner yet, or lacks more entries than <see cref="RaftOptions.MaxPromotionLag"/>.
    /// </summary>
    LearnerBehind,

    /// <summary>
    /// With that configuration fewer voters than a majority would have been heard of within an election timeout.
    /// </summary>
    QuorumAtRisk,

    /// <summary>No configuration to aim for: no voters, joint, too many members, a member in two parts.</summary>
    Invalid,
}

/// <param name="Status">What became of it.</param>
/// <param name="Index">Of the appended entry; of the one in force when unchanged; else 0.</param>
/// <param name="Member">The learner that is behind, else none.</param>
/// <param name="Reason">Why it was refused, as a sentence for people; null if it was not.</param>
public readonly record struct ChangeResult(ChangeStatus Status, ulong Index, MemberId Member, string? Reason);
