using Blixard.Raft.Core;

namespace Blixard.Raft.Host;

/// <summary>What became of a change of members in the end.</summary>
public enum MembershipOutcome
{
    /// <summary>The target is the configuration, and committed.</summary>
    Committed,

    /// <summary>Nothing was appended: <see cref="ChangeResult.Status"/> says why.</summary>
    Refused,

    /// <summary>
    /// It was appended, and this member stopped leading before it saw the end: the next leader commits it or rolls it
    /// back. Ask who the members are before asking for a change again.
    /// </summary>
    Unknown,
}

/// <param name="Outcome">What became of it.</param>
/// <param name="Change">What the core said to it at first.</param>
public sealed record MembershipResult(MembershipOutcome Outcome, ChangeResult Change);

/// <summary>What became of handing leadership over in the end.</summary>
public enum TransferOutcome
{
    /// <summary>Another member leads, or the target did already.</summary>
    Moved,

    /// <summary>It was not begun: <see cref="TransferResult.Status"/> says why.</summary>
    Refused,

    /// <summary>Given up after an election timeout: this member leads on, or nobody is known to.</summary>
    Aborted,
}

/// <param name="Outcome">What became of it.</param>
/// <param name="Transfer">What the core said to it at first, with the target that it chose.</param>
/// <param name="Leader">Who leads now; seldom, but possibly, another than the target.</param>
public sealed record LeadershipTransfer(TransferOutcome Outcome, TransferResult Transfer, MemberId Leader);
