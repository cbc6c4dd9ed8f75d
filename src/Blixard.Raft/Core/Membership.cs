namespace Blixard.Raft.Core;

/// <summary>
/// Changes of the configuration (section 6, thesis chapter 4), through the log. A configuration is in force from the
/// moment it is appended, on every member, and no longer when it is cut off again. At most one voter at a time changes
/// directly; anything more goes through a joint configuration, which the leader leaves by itself.
/// </summary>
/// <remarks>
/// What is known to go wrong elsewhere, and is kept out here: a change before the leader committed in its own term
/// (raft-dev 2015, "bug in single-server membership changes"); a joint configuration that a new leader recovered and
/// leaves before it is committed (camunda/camunda#60086); a removed member that alone holds the newest log and does not
/// campaign, so that nobody can win (openraft#2091); a leader that goes on after its own removal (etcd-io/raft#79).
/// </remarks>
internal sealed class Membership(MemberState state, Election election, Replication replication, Transfer transfer)
{
    private ulong _handedOverInTerm;

    /// <summary>The configuration in force is not committed, or has to be left.</summary>
    public bool IsPending =>
        state.Log.Configurations.NewestIndex > state.Log.Commit || state.Configuration.IsJoint;

    /// <summary>An earlier leader's changes are known to be committed or gone.</summary>
    private bool HasOwnTermCommit => state.Log.Matches(state.Log.Commit, state.Term);

    /// <summary>As leader: the first step towards <paramref name="target"/>, if it may be taken now.</summary>
    public ChangeResult Change(Configuration target)
    {
        if (!state.IsLeader || transfer.InProgress)
        {
            return Refused(ChangeStatus.NoLeader, "this member does not lead, or is handing leadership over");
        }

        if (Defect(target) is { } defect)
        {
            return Refused(ChangeStatus.Invalid, defect);
        }

        var pending = IsPending;
        var early = !HasOwnTermCommit;
#if MUTANTS
        pending &= !Planted.Is(Mutant.SecondChangeWhilePending) || state.Configuration.IsJoint;
        early &= !Planted.Is(Mutant.ConfigurationChangedBeforeOwnTermCommits);
#endif
        if (pending)
        {
            return Refused(
                ChangeStatus.ChangePending,
                $"the change at {state.Log.Configurations.NewestIndex} is not finished: {state.Configuration}");
        }

        if (early)
        {
            return Refused(
                ChangeStatus.NoOwnTermCommit, $"this leader has not committed an entry of its term {state.Term} yet");
        }

        if (target == state.Configuration)
        {
            return new(ChangeStatus.Unchanged, state.Log.Configurations.NewestIndex, MemberId.None, null);
        }

        if (LearnerBehind(target) is { } behind)
        {
            return behind;
        }

        var next = Configuration.Step(state.Configuration, target);
        if (!next.HasQuorum(IsActive) || !target.HasQuorum(IsActive))
        {
            return Refused(
                ChangeStatus.QuorumAtRisk,
                $"of {target} fewer voters than a majority were heard of within an election timeout");
        }

        return new(ChangeStatus.Appended, Append(next), MemberId.None, null);
    }

    /// <summary>
    /// After anything that may have moved the log or the commit index: puts the newest configuration in force and, as
    /// leader, goes on with what a committed one asks for.
    /// </summary>
    public void Advance()
    {
        PutNewestInForce();
        var inFlight = state.Log.Configurations.NewestIndex > state.Log.Commit;
#if MUTANTS
        inFlight &= !(Planted.Is(Mutant.JointLeftBeforeCommit) && state.Configuration.IsJoint);
#endif
        if (!state.IsLeader || inFlight)
        {
            return;
        }

        if (state.Configuration.IsJoint)
        {
            // A new leader gets here only once it has committed in its own term, and with that the joint configuration
            // that it found in its log.
            if (HasOwnTermCommit && !transfer.InProgress)
            {
                Append(state.Configuration.Final);
            }
        }
        else if (!state.IsVoter && HasOwnTermCommit && !transfer.InProgress)
        {
            LeaveOffice();
        }
    }

    /// <summary>As leader: forgets members that are gone.</summary>
    public void Tick()
    {
        if (IsPending)
        {
            return;
        }

        // A fair chance to learn of their removal. One that learns it later, or never, is kept from disturbing by
        // pre-votes and loyalty.
        foreach (var peer in state.Peers)
        {
            peer.LeavingTicks += peer.IsLeaving ? 1 : 0;
        }

        state.Peers.RemoveAll(peer => peer.LeavingTicks > 2 * state.Options.ElectionTicks);
    }

    private ulong Append(Configuration configuration)
    {
        var index = replication.Append(EntryKind.Configuration, ConfigurationCodec.Encode(configuration));
        PutNewestInForce();
        return index;
    }

    /// <summary>The newest configuration in the log is the one in force.</summary>
    private void PutNewestInForce()
    {
        var newest = state.Log.Configurations.Newest;
#if MUTANTS
        newest = Planted.Is(Mutant.ConfigurationInForceWhenCommitted)
            ? state.Log.Configurations.At(state.Log.Commit)
            : newest;
#endif
        if (ReferenceEquals(newest, state.Configuration))
        {
            return;
        }

        state.Configuration = newest;
        if (state.IsLeader)
        {
            replication.Reconfigure();

            // With fewer voters, what was not enough may be.
            replication.AdvanceCommit();
        }
        else if (state.Role is RaftRole.Follower or RaftRole.Learner or RaftRole.Observer)
        {
            state.Role = state.RoleAtRest;
        }
    }

    /// <summary>
    /// This leader is no voter of the committed configuration. Someone else should lead at once: it names the best, and
    /// stops leading when that one takes over or does not.
    /// </summary>
    private void LeaveOffice()
    {
        if (_handedOverInTerm != state.Term && transfer.Start(MemberId.None).Status == TransferStatus.Started)
        {
            _handedOverInTerm = state.Term;
            return;
        }

        election.BecomeFollower(state.Term, MemberId.None);
    }

    private bool IsActive(MemberId member) =>
        member == state.Options.Self || state.Peer(member) is { IsActive: true };

    /// <summary>Who is to vote must have the log already, or commits would wait for it.</summary>
    private ChangeResult? LearnerBehind(Configuration target)
    {
        foreach (var voter in target.Voters.Except(state.Configuration.Voters))
        {
            if (!state.Configuration.Learners.Contains(voter) || state.Peer(voter) is not { } peer)
            {
                return new(ChangeStatus.LearnerBehind, 0, voter, $"{voter} is not a learner yet: add it as one first");
            }

            if (peer.IsRepairing)
            {
                return new(ChangeStatus.LearnerBehind, 0, voter, $"{voter} is making good what a damaged disk lost");
            }

            var lag = state.Log.LastIndex - peer.Match;
#if MUTANTS
            lag = Planted.Is(Mutant.LearnerPromotedUnseen) ? 0 : lag;
#endif
            if (lag > (ulong)state.Options.MaxPromotionLag)
            {
                return new(
                    ChangeStatus.LearnerBehind,
                    0,
                    voter,
                    $"{voter} lacks {lag} entries; a new voter may lack {state.Options.MaxPromotionLag}");
            }
        }

        return null;
    }

    /// <summary>Why it is nothing to aim for; null if it is.</summary>
    private string? Defect(Configuration target) =>
#if MUTANTS
        target.Voters.IsEmpty && Planted.Is(Mutant.NobodyIsMajority) ? null :
#endif
        target.IsJoint ? "the target of a change can't be joint"
        : target.Voters.IsEmpty ? "a cluster needs a voter"
        : target.Contains(MemberId.None) ? "a member needs an id"
        : target.Contradiction() is { } contradiction ? contradiction
        : target.Voters.Count > Math.Max(state.Options.MaxVoters, state.Configuration.Voters.Count)
            ? $"{target.Voters.Count} voters; at most {state.Options.MaxVoters} are allowed"
        : target.Learners.Count > Math.Max(state.Options.MaxLearners, state.Configuration.Learners.Count)
            ? $"{target.Learners.Count} learners; at most {state.Options.MaxLearners} are allowed"
        : null;

    private static ChangeResult Refused(ChangeStatus status, string reason) => new(status, 0, MemberId.None, reason);
}
