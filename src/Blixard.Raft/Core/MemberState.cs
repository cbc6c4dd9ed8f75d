using static Blixard.Raft.Core.RaftInvariantException;

namespace Blixard.Raft.Core;

/// <summary>
/// The state of Figure 2 that the chapters (<see cref="Election"/>, <see cref="Replication"/>,
/// <see cref="Membership"/>, <see cref="ReadIndex"/>, <see cref="Transfer"/>) share, and the messages they leave.
/// Owned by <see cref="RaftNode"/>.
/// </summary>
internal sealed class MemberState
{
    private readonly SplitMix64 _random;

    public MemberState(RaftOptions options, RestoredState restored)
    {
        Options = options;
        _random = new(options.Seed);
        Log = new(restored.Snapshot, restored.Entries);
        Configuration = Log.Configurations.Newest;
        Term = restored.HardState.Term;
        Vote = restored.HardState.Vote;
        DurableVote = restored.HardState;
        Repair = restored.Repair;
        Require(Term >= Log.LastTerm, $"term {Term} is behind the log's last term {Log.LastTerm}");
        RandomizeElectionTimeout();
    }

    public RaftOptions Options { get; }

    public RaftLog Log { get; }

    /// <summary>In force: the newest in the log, committed or not. <see cref="Membership"/> keeps it so.</summary>
    public Configuration Configuration
    {
        get;
        set
        {
            field = value;
            InVoters = value.Voters.Contains(Options.Self);
            InOutgoing = value.Outgoing.Contains(Options.Self);
        }
    }

    /// <summary>This member votes among <see cref="Configuration.Voters"/>.</summary>
    public bool InVoters { get; private set; }

    /// <summary>This member votes among <see cref="Configuration.Outgoing"/>.</summary>
    public bool InOutgoing { get; private set; }

    public bool IsVoter => InVoters || InOutgoing;

    /// <summary>
    /// This member may stand for election. One that the newest configuration leaves out may too until that is
    /// committed: it may be the only one whose log is long enough to win (openraft#2091).
    /// </summary>
    public bool MayCampaign => Log.Configurations.IsVoterSince(Log.Commit, Options.Self);

    /// <summary>What this member is when it neither leads nor campaigns.</summary>
    public RaftRole RoleAtRest =>
        IsVoter ? RaftRole.Follower
        : Options.Observer && !Configuration.Contains(Options.Self) ? RaftRole.Observer
        : RaftRole.Learner;

    public ulong Term { get; private set; }

    public MemberId Vote { get; private set; }

    /// <summary>Term and vote as they are on stable storage.</summary>
    public HardState DurableVote { get; set; }

    /// <summary>Non-null: no vote, no campaign; see <see cref="Core.Repair"/>.</summary>
    public Repair? Repair { get; private set; }

    /// <summary>
    /// There is little space left on the disk: what must not be refused (votes, terms, a new leader's first entry)
    /// shall have it.
    /// </summary>
    public bool StorageLow { get; set; }

    public RaftRole Role { get; set; }

    public MemberId Leader { get; set; }

    /// <summary>As leader: every other member, in ascending order.</summary>
    public List<PeerProgress> Peers { get; } = [];

    /// <summary>
    /// Follower: ticks since the leader was heard of. Candidate: since the campaign began. Leader: since the last
    /// quorum check.
    /// </summary>
    public int ElectionElapsed { get; set; }

    public int ElectionTimeout { get; private set; }

    public List<Message> Messages { get; private set; } = [];

    public List<Message> AfterDurable { get; private set; } = [];

    public List<ReadState> Reads { get; private set; } = [];

    public List<ulong> DroppedReads { get; private set; } = [];

    public bool IsLeader => Role == RaftRole.Leader;

    public HardState HardState => new(Term, Vote);

    public bool HasOutput =>
        Messages.Count > 0 || AfterDurable.Count > 0 || Reads.Count > 0 || DroppedReads.Count > 0;

    public PeerProgress? Peer(MemberId member)
    {
        foreach (var peer in Peers)
        {
            if (peer.Member == member)
            {
                return peer;
            }
        }

        return null;
    }

    /// <summary>
    /// As leader: the highest value that a majority has reached, of both halves while the configuration is joint; 0
    /// without voters. <paramref name="own"/> counts where this member votes, and nowhere else.
    /// </summary>
    public ulong QuorumReached(ulong own, Func<PeerProgress, ulong> value)
    {
        var reached = Reached(InVoters, own, value, static peer => peer.InVoters);
#if MUTANTS
        if (Planted.Is(Mutant.OldHalfIgnored))
        {
            return reached;
        }
#endif
        return Configuration.IsJoint
            ? Math.Min(reached, Reached(InOutgoing, own, value, static peer => peer.InOutgoing))
            : reached;
    }

    /// <summary>Says nothing about this member's disk: may leave at once.</summary>
    public void Send(Message message) => Messages.Add(message);

    /// <summary>A promise: leaves only when all that stands in this state now is on stable storage.</summary>
    public void SendAfterDurable(Message message) => AfterDurable.Add(message);

    /// <summary>A new term has no vote yet (Figure 2, "rules for servers").</summary>
    public void EnterTerm(ulong term)
    {
        Require(term > Term, $"term must grow: {term} after {Term}");
        Term = term;
        Vote = MemberId.None;
    }

    public void VoteFor(MemberId candidate)
    {
#if MUTANTS
        if (Planted.Is(Mutant.SecondVoteInTerm))
        {
            Vote = candidate;
            return;
        }
#endif
        Require(Vote.IsNone || Vote == candidate, $"second vote in term {Term}: {candidate} after {Vote}");
        Vote = candidate;
    }

    /// <summary>
    /// Ends the repair once this member holds, on stable storage, a committed entry of the present leader's term that
    /// is beyond all it may have acknowledged before: at or after the last index it had, or of a later term than it
    /// had voted in. A leader of a later term was elected without this member's vote, by voters whose logs were whole,
    /// so it has every entry that was committed before (section 5.4.3), and so has whoever holds its log that far.
    /// </summary>
    public void EndRepairIfWhole()
    {
        if (Repair is not { } repair)
        {
            return;
        }

        var held = Math.Min(Log.Commit, Log.Durable);
#if MUTANTS
        // Not even with the same index reached: who has all that is committed that far has all that it acknowledged.
        if (Planted.Is(Mutant.RepairEndsWithoutOwnTermCommit) && Term > repair.Term)
        {
            Repair = null;
            return;
        }
#endif
        if (Log.Matches(held, Term) && (held >= repair.Through || Term > repair.Term))
        {
            Repair = null;
        }
    }

    /// <summary>Between one and two election timeouts, so that votes seldom split (section 5.2).</summary>
    public void RandomizeElectionTimeout() =>
        ElectionTimeout = Options.ElectionTicks + _random.Below(Options.ElectionTicks);

    public (List<Message> Messages, List<Message> AfterDurable, List<ReadState> Reads, List<ulong> Dropped) TakeOutput()
    {
        var output = (Messages, AfterDurable, Reads, DroppedReads);
        (Messages, AfterDurable, Reads, DroppedReads) = ([], [], [], []);
        return output;
    }

    private ulong Reached(bool ownCounts, ulong own, Func<PeerProgress, ulong> value, Func<PeerProgress, bool> counts)
    {
        Span<ulong> values = stackalloc ulong[Peers.Count + 1];
        var count = 0;
#if MUTANTS
        ownCounts |= Planted.Is(Mutant.RemovedLeaderCountsItself);
#endif
        if (ownCounts)
        {
            values[count++] = own;
        }

        foreach (var peer in Peers)
        {
#if MUTANTS
            if (!counts(peer) && !(Planted.Is(Mutant.LearnerCounted) && !peer.IsLeaving))
            {
                continue;
            }

            values[count++] = value(peer);
#else
            if (counts(peer))
            {
                values[count++] = value(peer);
            }
#endif
        }

        return Quorum.Reached(values[..count]);
    }
}
