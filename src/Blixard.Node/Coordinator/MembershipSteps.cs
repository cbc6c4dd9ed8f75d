using System.Diagnostics;
using Blixard.Raft.Core;
using Blixard.Raft.Host;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.Planning;
using Blixard.StateMachine.State;

namespace Blixard.Node.Coordinator;

/// <summary>What the leader does next about the members.</summary>
internal abstract record MembershipStep
{
    private protected MembershipStep()
    {
    }
}

/// <param name="Target">The configuration to make.</param>
/// <param name="Request">Of the change that was asked for; 0: the cluster's own idea.</param>
/// <param name="Subject">For the log.</param>
/// <param name="Reason">For the log.</param>
internal sealed record ChangeMembers(Configuration Target, ulong Request, string Subject, string Reason) : MembershipStep;

/// <param name="To">Null: whoever is best.</param>
/// <param name="Request">Of the change that was asked for.</param>
internal sealed record HandOver(MemberId? To, ulong Request) : MembershipStep;

/// <param name="Request">Of the change that was asked for.</param>
/// <param name="Refused">Why it is not done; empty: it is.</param>
/// <param name="Subject">For the log.</param>
internal sealed record Settle(ulong Request, string Refused, string Subject) : MembershipStep;

/// <summary>
/// From what was asked for, and from the planner of roles, to the next step. Pure, and level-triggered: a leader that
/// takes over in the middle of a change sees what is done already and goes on from there.
/// </summary>
internal static class MembershipSteps
{
    /// <param name="state">As applied here.</param>
    /// <param name="raft">Of a leader that may serve.</param>
    /// <param name="health">Of the members.</param>
    /// <param name="rules">Null: roles are the operator's business alone.</param>
    /// <returns>Null: nothing to do, or an earlier change is not finished.</returns>
    public static MembershipStep? Next(
        ClusterState state, RaftStatus raft, IReadOnlyList<MemberHealth> health, VoterRoleRules? rules)
    {
        if (raft.IsChangePending || !raft.TransferTarget.IsNone)
        {
            return null;
        }

        return state.Membership.Pending is { } pending ? Asked(pending, state, raft)
            : rules is null ? null
            : Planned(state, raft.Configuration, health, rules);
    }

    private static MembershipStep Asked(PendingChange pending, ClusterState state, RaftStatus raft)
    {
        var (configuration, member) = (raft.Configuration, new MemberId(pending.MemberId));
        var subject = pending.ToString();
        if (pending.CancelledBy.Length > 0 && !IsDone())
        {
            return No($"withdrawn through {pending.CancelledBy}");
        }

        return pending.Kind switch
        {
            MembershipChangeKind.Add when configuration.Contains(member) => Done(),

            // Beyond that it is an observer: a node that takes the log from any member, and is not in this list.
            MembershipChangeKind.Add when configuration.Learners.Count >= VoterRoles.MaxLearners => Done(),
            MembershipChangeKind.Add => Change(configuration with { Learners = configuration.Learners.Add(member) }),
            MembershipChangeKind.Remove when !configuration.Contains(member) => Done(),
            MembershipChangeKind.Remove => Without(configuration, member, raft) is { } rest
                ? Change(rest)
                : No($"{pending.Node} is the only voter, and no learner is caught up to take its place"),
            MembershipChangeKind.Promote when configuration.IsVoter(member) => Done(),
            MembershipChangeKind.Promote when configuration.Learners.Contains(member) => Change(
                new Configuration(configuration.Voters.Add(member), configuration.Learners.Remove(member))),
            MembershipChangeKind.Promote => No(
                $"{pending.Node} is an observer: it can learn, and then vote, once there are fewer than "
                    + $"{VoterRoles.MaxLearners} learners"),
            MembershipChangeKind.Transfer => Transfer(pending, member, state, raft),
            _ => throw new UnreachableException(),
        };

        // What is in the log and not committed yet never comes here: an earlier change is not finished.
        bool IsDone() => pending.Kind switch
        {
            MembershipChangeKind.Add => configuration.Contains(member),
            MembershipChangeKind.Remove => !configuration.Contains(member),
            MembershipChangeKind.Promote => configuration.IsVoter(member),
            _ => false,
        };

        Settle Done() => new(pending.Request, "", subject);
        Settle No(string why) => new(pending.Request, why, subject);
        ChangeMembers Change(Configuration target) => new(
            target, pending.Request, subject, $"asked through {pending.Actor}");
    }

    /// <summary>
    /// A transfer is of one leadership: whatever leads in another term, there has been an election since, and there is
    /// nothing left to hand over.
    /// </summary>
    private static MembershipStep Transfer(PendingChange pending, MemberId to, ClusterState state, RaftStatus raft)
    {
        var subject = pending.ToString();
        if (to == raft.Self || (to.IsNone && pending.Term != raft.Term))
        {
            return new Settle(pending.Request, "", subject);
        }

        if (pending.Term != raft.Term)
        {
            var leader = state.Nodes.Values.FirstOrDefault(node => node.MemberId == raft.Self.Value)?.Name ?? $"{raft.Self}";
            return new Settle(pending.Request, $"there was an election, and {leader} leads", subject);
        }

        return new HandOver(to.IsNone ? null : to, pending.Request);
    }

    /// <summary>Null: nobody would be left to decide anything.</summary>
    private static Configuration? Without(Configuration configuration, MemberId member, RaftStatus raft)
    {
        var (voters, learners) = (configuration.Voters.Remove(member), configuration.Learners.Remove(member));
        if (!voters.IsEmpty)
        {
            return new Configuration(voters, learners);
        }

        var heir = raft.Peers
            .Where(peer => learners.Contains(peer.Member) && peer.IsActive)
            .MaxBy(peer => peer.Match);
        return heir is null
            ? null
            : new Configuration(voters.Add(heir.Member), learners.Remove(heir.Member));
    }

    private static ChangeMembers? Planned(
        ClusterState state, Configuration configuration, IReadOnlyList<MemberHealth> health, VoterRoleRules rules)
    {
        var plan = VoterRoles.Plan(
            state,
            [.. configuration.Voters.Select(member => member.Value)],
            [.. configuration.Learners.Select(member => member.Value)],
            health,
            rules);
        return plan is null ? null : new ChangeMembers(
            new Configuration(
                [.. plan.Voters.Select(member => new MemberId(member))],
                [.. plan.Learners.Select(member => new MemberId(member))]),
            Request: 0,
            "roles",
            plan.Reason);
    }
}
