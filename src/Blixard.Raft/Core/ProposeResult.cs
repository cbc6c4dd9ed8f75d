namespace Blixard.Raft.Core;

/// <summary>Permanent numbers: a refusal goes over the wire.</summary>
public enum ProposeStatus
{
    /// <summary>In the leader's own log, not yet committed.</summary>
    Appended = 0,

    /// <summary>On its way to the leader this member knows; it may be lost.</summary>
    Forwarded = 1,

    /// <summary>Nobody to give it to: nothing was appended or sent.</summary>
    NoLeader = 2,

    /// <summary>Too much is uncommitted: nothing was appended or sent.</summary>
    Overloaded = 3,

    /// <summary>
    /// The disk of this member, or the disks of so many voters that nothing could be committed, are nearly full:
    /// nothing was appended or sent.
    /// </summary>
    NoSpace = 4,

    /// <summary>
    /// Larger than <see cref="RaftOptions.MaxEntryBytes"/>, here or at the leader: nothing was appended or sent.
    /// </summary>
    TooLarge = 5,
}

/// <summary>Index and term are set only when <see cref="ProposeStatus.Appended"/>.</summary>
public readonly record struct ProposeResult(ProposeStatus Status, ulong Index, ulong Term);

public enum RaftRole
{
    Follower,
    PreCandidate,
    Candidate,
    Leader,
    Learner,

    /// <summary>In no configuration; follows by asking members for what is committed.</summary>
    Observer,
}
