namespace Blixard.Raft.Core;

/// <summary>
/// Everything members say to each other. A closed hierarchy: the cases are in this file and in
/// <c>Transport/MessageCodec.cs</c>. <paramref name="Term"/> is the sender's current term, except in a
/// <see cref="VoteRequest"/> with PreVote, where it is the term the sender would campaign in.
/// </summary>
public abstract record Message(MemberId From, MemberId To, ulong Term);

/// <summary>
/// RequestVote (section 5.2). <paramref name="PreVote"/> asks "would you?" without changing anyone's term
/// (thesis 9.6); <paramref name="Transfer"/> is set when the old leader asked for this election, and overrides
/// the listener's loyalty to it.
/// </summary>
public sealed record VoteRequest(
    MemberId From, MemberId To, ulong Term, ulong LastLogIndex, ulong LastLogTerm, bool PreVote, bool Transfer)
    : Message(From, To, Term);

/// <summary>The answer; for a granted pre-vote <paramref name="Term"/> is the term asked for.</summary>
public sealed record VoteResponse(MemberId From, MemberId To, ulong Term, bool PreVote, bool Granted)
    : Message(From, To, Term);

/// <summary>AppendEntries (section 5.3). May be empty, as a probe.</summary>
public sealed record AppendRequest(
    MemberId From,
    MemberId To,
    ulong Term,
    ulong PrevLogIndex,
    ulong PrevLogTerm,
    ulong LeaderCommit,
    IReadOnlyList<LogEntry> Entries)
    : Message(From, To, Term);

/// <summary>
/// Accepted: the sender's log equals the leader's up to <paramref name="Index"/>, and that is on its stable storage.
/// Rejected: <paramref name="Index"/> is the PrevLogIndex that did not match, and the hint is the last place where
/// the two logs could still agree: the follower's last entry at or before it and that entry's term.
/// </summary>
public sealed record AppendResponse(
    MemberId From, MemberId To, ulong Term, bool Rejected, ulong Index, ulong HintIndex, ulong HintTerm)
    : Message(From, To, Term);

/// <summary>
/// Keeps authority and confirms reads. <paramref name="Commit"/> is never above what the receiver is known to hold.
/// <paramref name="ReadSequence"/> counts the leader's read confirmations; the answer repeats it.
/// </summary>
public sealed record HeartbeatRequest(MemberId From, MemberId To, ulong Term, ulong Commit, ulong ReadSequence)
    : Message(From, To, Term);

/// <summary>Answered at once: it promises nothing about the sender's disk.</summary>
public sealed record HeartbeatResponse(MemberId From, MemberId To, ulong Term, ulong ReadSequence)
    : Message(From, To, Term)
{
    /// <summary>The sender's disk is nearly full: it takes no entries, and should not lead.</summary>
    public bool StorageLow { get; init; }

    /// <summary>
    /// Non-null: the sender lost entries that it had acknowledged, and knows of its log only that it equals the
    /// leader's up to this index. What it acknowledged beyond is void.
    /// </summary>
    public ulong? RepairedThrough { get; init; }
}

/// <summary>
/// The receiver lacks entries the leader no longer has. The host sends the newest stored snapshot, whole, over the
/// snapshot connection; when it has been stored, the receiver's host steps a <see cref="SnapshotReceived"/>.
/// </summary>
public sealed record InstallSnapshotRequest(MemberId From, MemberId To, ulong Term, SnapshotMeta Snapshot)
    : Message(From, To, Term)
{
    /// <summary>
    /// For the sender's host: the receiver is an observer, which may get it from any member, leader or not. Its index
    /// may be 0: no snapshot was taken yet, and one is to be.
    /// </summary>
    public bool ToObserver { get; init; }
}

/// <summary>
/// Local: never on the wire. The snapshot that <paramref name="From"/> (a leader of <paramref name="Term"/>) sent is
/// completely and durably stored here.
/// </summary>
public sealed record SnapshotReceived(MemberId From, MemberId To, ulong Term, SnapshotMeta Snapshot)
    : Message(From, To, Term)
{
    /// <summary>The sender took this member for an observer, and may be any member of that term.</summary>
    public bool ToObserver { get; init; }
}

/// <summary>
/// Proposals handed to the leader. Sent once and never re-sent by the engine: whoever proposed retries with its
/// session, so that the state machine applies it once. Carries no authority: <paramref name="Term"/> is not compared.
/// </summary>
public sealed record ForwardProposals(MemberId From, MemberId To, ulong Term, IReadOnlyList<ReadOnlyMemory<byte>> Data)
    : Message(From, To, Term)
{
    /// <summary>The sender's number of the first; the others follow it. 0: a refusal need not be told.</summary>
    public ulong FirstContext { get; init; }
}

/// <summary>
/// The answer to proposals that were not taken: nothing of them was appended, and nothing will be. Those that were taken
/// have no answer, for the log brings it. Carries no authority: <paramref name="Term"/> is not compared.
/// </summary>
/// <param name="From">Who refused.</param>
/// <param name="To">Who handed them over.</param>
/// <param name="Term">The sender's.</param>
/// <param name="Status">Why: no leader, overloaded or no space.</param>
/// <param name="FirstContext">The first that is refused.</param>
/// <param name="Count">So many from there on.</param>
public sealed record ForwardRefused(
    MemberId From, MemberId To, ulong Term, ProposeStatus Status, ulong FirstContext, uint Count)
    : Message(From, To, Term);

/// <summary>
/// A follower asks the leader for a read index (thesis 6.4); <paramref name="Context"/> is the asker's.
/// </summary>
public sealed record ReadIndexRequest(MemberId From, MemberId To, ulong Term, ulong Context) : Message(From, To, Term);

/// <summary>The read may be served once <paramref name="Index"/> is applied.</summary>
public sealed record ReadIndexResponse(MemberId From, MemberId To, ulong Term, ulong Context, ulong Index)
    : Message(From, To, Term);

/// <summary>Leadership transfer: campaign now, without a pre-vote (thesis 3.10).</summary>
public sealed record TimeoutNow(MemberId From, MemberId To, ulong Term) : Message(From, To, Term);

/// <summary>
/// An observer asks a member for what is committed after <paramref name="After"/>, its commit index, and says with it
/// how far it has come. Asked again often, it is also sent what is committed later. Carries no authority:
/// <paramref name="Term"/> is not compared.
/// </summary>
/// <param name="AfterTerm">Term of that entry, 0 at the log's beginning.</param>
/// <param name="Rewind">Begin there again: what was sent since was lost, or this is the first request.</param>
/// <param name="NeedsSnapshot">It does not know the configuration, and entries alone might not tell it.</param>
public sealed record TailRequest(
    MemberId From, MemberId To, ulong Term, ulong After, ulong AfterTerm, bool Rewind, bool NeedsSnapshot)
    : Message(From, To, Term);

/// <summary>
/// The answer, and what follows it unasked: committed entries, none beyond <paramref name="Commit"/>, after
/// <paramref name="PrevLogIndex"/>. May be empty, as a sign of life. Carries no authority: it is judged by what it
/// holds.
/// </summary>
/// <param name="Leader">Who leads in <paramref name="Term"/>, as far as the sender knows.</param>
/// <param name="Commit">The sender's commit index.</param>
public sealed record TailResponse(
    MemberId From,
    MemberId To,
    ulong Term,
    MemberId Leader,
    ulong Commit,
    ulong PrevLogIndex,
    ulong PrevLogTerm,
    IReadOnlyList<LogEntry> Entries)
    : Message(From, To, Term);

/// <summary>
/// The state that the sender has applied up to <paramref name="Index"/>, for the leader to compare. For hosts: the core
/// never sees it.
/// </summary>
/// <param name="EntryTerm">Term of the entry at that index: a difference of terms would be one of logs.</param>
/// <param name="Digest">Equal for equal states.</param>
public sealed record StateDigest(MemberId From, MemberId To, ulong Term, ulong Index, ulong EntryTerm, ulong Digest)
    : Message(From, To, Term);

/// <summary>
/// From the leader: at <paramref name="Index"/> the receiver's state differs from that of others. For hosts: the core
/// never sees it.
/// </summary>
/// <param name="Digest">What the receiver said.</param>
/// <param name="Others">What others have.</param>
/// <param name="IsWrong">They are a majority, and the receiver must stop; else nobody knows who is right.</param>
public sealed record StateVerdict(
    MemberId From, MemberId To, ulong Term, ulong Index, ulong Digest, ulong Others, bool IsWrong)
    : Message(From, To, Term);

/// <summary>
/// What a program asks the leader beside the log. For hosts: the core never sees it. Carries no authority:
/// <paramref name="Term"/> is not compared.
/// </summary>
/// <param name="Origin">Who asked first; <paramref name="From"/> may have passed it on.</param>
/// <param name="Context">The number by which the origin knows it.</param>
/// <param name="IsPassedOn">Only the leader may answer, and nobody passes it on again.</param>
/// <param name="Data">At most <see cref="MaxBytes"/>.</param>
public sealed record Question(
    MemberId From,
    MemberId To,
    ulong Term,
    MemberId Origin,
    ulong Context,
    bool IsPassedOn,
    ReadOnlyMemory<byte> Data)
    : Message(From, To, Term)
{
    /// <summary>The most that a question or an answer may hold.</summary>
    public const int MaxBytes = 64 << 10;
}

/// <summary>The leader's answer to a <see cref="Question"/>, on the way that the question came by.</summary>
public sealed record Answer(
    MemberId From, MemberId To, ulong Term, MemberId Origin, ulong Context, ReadOnlyMemory<byte> Data)
    : Message(From, To, Term);
