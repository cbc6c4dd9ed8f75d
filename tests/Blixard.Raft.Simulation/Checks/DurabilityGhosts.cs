using Blixard.Raft.Core;
using Blixard.Raft.Simulation.World;

namespace Blixard.Raft.Simulation.Checks;

/// <summary>
/// What no member can see, because it looks through all platters at once: a promise leaves only when what it promises is
/// on stable storage, and what is committed is on the stable storage of a majority, of both halves of a joint configuration. They find in a step what would
/// otherwise need a crash at the worst moment.
/// </summary>
internal sealed class DurabilityGhosts(SimWorld world)
{
    private readonly Invariants _invariants = world.Invariants;

    /// <summary>A message leaves a member.</summary>
    public void Leaving(SimMember member, Message message)
    {
        var stable = member.Disk.Stable;
        switch (message)
        {
            case VoteResponse { PreVote: false, Granted: true }:
                RequireVote(member, message.Term, message.To);
                RequireWhole(member, "votes");
                break;

            // "I voted for myself": see Election.RequestVotes.
            case VoteRequest { PreVote: false }:
                RequireVote(member, message.Term, message.From);
                RequireWhole(member, "campaigns");
                break;

            // If the member has gone on to a later term, that term's leader may have replaced these entries; the earlier
            // leader can no longer commit anything with this answer that the later one lacks.
            case AppendResponse { Rejected: false } accepted when stable.HardState.Term <= accepted.Term:
                _invariants.Require(
                    stable.HardState.Term == accepted.Term,
                    "DurableAck",
                    $"m{member.Id.Value} acknowledges in term {accepted.Term}; {stable.HardState.Term} is on its disk");
                _invariants.Require(
                    accepted.Index <= Math.Max(stable.LastIndex, stable.Snapshot.Index),
                    "DurableAck",
                    $"m{member.Id.Value} acknowledges {accepted.Index}; its disk ends at {stable.LastIndex}");
                break;
        }
    }

    /// <summary>
    /// A leader: a majority, itself among it, has its vote on stable storage, or has gone on to a later term.
    /// </summary>
    public void Elected(SimMember member)
    {
        var term = member.Node!.Term;
        RequireVote(member, term, member.Id);
        var configuration = ConfigurationChecks.InForce(member, member.Node.LastIndex);
        _invariants.Require(
            ConfigurationChecks.IsQuorum(configuration, voter => HasVoted(world.Member(voter), term, member.Id)),
            "DurableVote",
            $"m{member.Id.Value} leads in term {term} without a quorum of votes on stable storage ({configuration})");
    }

    /// <summary>DurableQuorum: somebody holds this index to be committed, for the first time.</summary>
    public void Committed(SimMember member, ulong index, ulong term)
    {
        var configuration = ConfigurationChecks.InForce(member, member.Node!.LastIndex);
        _invariants.Require(
            ConfigurationChecks.IsQuorum(configuration, voter => world.Member(voter).Disk.Stable.Holds(index, term)),
            "DurableQuorum",
            $"m{member.Id.Value} commits {index}/{term}, which no quorum of ({configuration}) has on stable storage");
    }

    /// <summary>The core says that its log is durable through DurableIndex.</summary>
    public void Claimed(SimMember member)
    {
        var node = member.Node!;
        var index = node.DurableIndex;
        var term = node.TermAt(index);
        _invariants.Require(
            index == 0
                || (term is { } known
                    && (member.Disk.Stable.Holds(index, known) || member.Disk.HasReceived(index, known))),
            "DurableIndex",
            $"m{member.Id.Value} believes {index}/{term} durable");
    }

    /// <summary>
    /// Entries are about to leave stable storage. It may be a late write of what an earlier leader wanted; a majority
    /// must have what is committed without this member.
    /// </summary>
    public void Truncating(SimMember member, ulong from)
    {
        var configuration = _invariants.Configurations.Committed;
        for (var index = from; index <= _invariants.CommittedIndex; index++)
        {
            var term = _invariants.CommittedTerm(index);
            if (!configuration.IsVoter(member.Id) || member.Disk.Stable.EntryAt(index)?.Term != term)
            {
                break;
            }

            _invariants.Require(
                ConfigurationChecks.IsQuorum(
                    configuration,
                    voter => voter != member.Id && world.Member(voter).Disk.Stable.Holds(index, term)),
                "CommittedIsKept",
                $"m{member.Id.Value} deletes {index}/{term} from its disk; it is committed, and no quorum of ({configuration}) has it without this one");
        }
    }

    /// <summary>One vote per term, and terms that only grow, even over crashes.</summary>
    public void Voting(SimMember member, HardState old, HardState next) =>
        _invariants.Require(
            next.Term > old.Term || (next.Term == old.Term && (old.Vote.IsNone || old.Vote == next.Vote)),
            "DurableVoteIsKept",
            $"m{member.Id.Value}: term {next.Term}, vote {next.Vote.Value} after term {old.Term}, vote {old.Vote.Value}");

    /// <summary>
    /// A member whose disk lost something decides who leads only when it holds again all that it had and that was
    /// committed: with what it had it may have helped to commit it.
    /// </summary>
    public void RequireWhole(SimMember member, string does)
    {
        var stable = member.Disk.Stable;
        if (stable.Forgotten is not { } before)
        {
            return;
        }

        for (var index = stable.Snapshot.Index + 1; index <= _invariants.CommittedIndex; index++)
        {
            var term = _invariants.CommittedTerm(index);
            _invariants.Require(
                !before.Holds(index, term) || stable.HoldsStill(index, term),
                "DamagedIsBarred",
                $"m{member.Id.Value} {does} without {index}/{term}, which it had before its disk was damaged");
        }
    }

    private void RequireVote(SimMember member, ulong term, MemberId candidate)
    {
        var stable = member.Disk.Stable.HardState;
        _invariants.Require(
            HasVoted(member, term, candidate),
            "DurableVote",
            $"m{member.Id.Value} votes for {candidate.Value} in term {term}; on its disk: term {stable.Term}, vote {stable.Vote.Value}");
    }

    private static bool HasVoted(SimMember member, ulong term, MemberId candidate)
    {
        var stable = member.Disk.Stable.HardState;
        return stable.Term > term || (stable.Term == term && stable.Vote == candidate);
    }
}
