#if MUTANTS
namespace Blixard.Raft.Core;

/// <summary>
/// Bugs that can be planted, one at a time, to see that the simulator finds them: a check that never failed proves
/// nothing. Each name says which rule is broken; its site stands beside that rule behind <c>#if MUTANTS</c>, which is
/// defined only in tests/Blixard.Raft.Mutants. Some break rules that the host keeps; those stand in the simulator.
/// </summary>
internal enum Mutant
{
    None,

    // Election
    VoteAnsweredBeforeDurable,
    VoteRequestedBeforeDurable,
    OwnVoteCountedBeforeDurable,
    TermNotPersisted,
    SecondVoteInTerm,
    NoLogUpToDateCheck,
    PreVoteCountedAsVote,
    OldVoteCounted,
    QuorumOffByOne,

    // Replication
    NoNoopOnElection,
    AckBeforeDurable,
    LeaderCountsItselfBeforeDurable,
    CommitOldTermByCounting,
    NoPrevTermCheck,
    StaleAppendTruncates,
    FollowerCommitNotCapped,
    HeartbeatCommitNotCapped,
    OldTermResponseAccepted,
    LateWriteVouchesForNewEntries,
    SnapshotDropsAcknowledgedEntries,

    // A damaged disk
    DamagedMemberVotes,
    RepairEndsWithoutOwnTermCommit,

    // Reads
    ReadWithoutQuorum,
    ReadBeforeOwnTermCommits,
    OldHeartbeatConfirmsRead,

    // Membership and transfer
    ConfigurationChangedBeforeOwnTermCommits,
    SecondChangeWhilePending,
    JointLeftBeforeCommit,
    NobodyIsMajority,
    ConfigurationInForceWhenCommitted,
    ConfigurationNotRolledBack,
    OldHalfIgnored,
    LearnerCounted,
    RemovedLeaderCountsItself,
    LearnerPromotedUnseen,
    ReadsKeptOverTransfer,

    // Observers
    ObserverSentUncommitted,

    // Storage
    BatchNotSynced,
    RecoveredBytesTrusted,
    FsyncErrorRetried,
    SegmentNameNotSynced,
    DamageTakenForTornTail,
    SnapshotNotSynced,
    SnapshotNameNotSynced,
    SnapshotResumedAtWrongOffset,

    // The host's
    CompactedBeforeSnapshotDurable,
    SessionsLeftOutOfSnapshot,
    UnknownCommandSkipped,
}

/// <summary>The bug in force; of this thread, so that runs may go on beside each other.</summary>
internal static class Planted
{
    [ThreadStatic]
    public static Mutant Bug;

    public static bool Is(Mutant bug) => Bug == bug;
}
#endif
