using System.Collections.Immutable;
using Blixard.Raft.Core;

namespace Blixard.Raft.Simulation.World;

/// <summary>
/// Changes the cluster's members at random: learners come and are promoted, voters are demoted and removed, the leader
/// among them, and whole sets are replaced at once. Who was removed goes on running, and may come back with what it has.
/// </summary>
internal sealed class MembershipChanges(SimWorld world)
{
    private const int MaxVoters = 7;

    public void Strike()
    {
        var number = world.Leader();
        if (number < 0 || world.Members[number].PausedUntil > world.Now)
        {
            return;
        }

        var leader = world.Members[number];
        if (Draw(leader.Node!.Configuration.Final) is { } target && IsAllowed(target))
        {
            foreach (var member in target.Members)
            {
                world.Member(member).Join();
            }

            var result = leader.ChangeConfiguration(target);
            world.Trace.Add(world, number, "change of members:", (target.ToString(), result.Status, result.Index));
        }
    }

    private Configuration? Draw(Configuration now)
    {
        var (voters, learners) = (now.Voters, now.Learners);
        switch (world.Random.Below(7))
        {
            case 0 or 1:
                var outside = world.Members.Select(member => member.Id).Where(id => !now.Contains(id)).ToArray();
                return outside.Length == 0 ? null : new(voters, learners.Add(Pick(outside)));
            case 2 or 3 when !learners.IsEmpty && voters.Count < MaxVoters:
                var promoted = Pick([.. learners]);
                return new(voters.Add(promoted), learners.Remove(promoted));
            case 4 when voters.Count > 1:
                var removed = Pick([.. voters]);
                return new(voters.Remove(removed), world.Random.Chance(500) ? learners.Add(removed) : learners);
            case 5 when !learners.IsEmpty:
                return new(voters, learners.Remove(Pick([.. learners])));
            case 6:
                return Replace([.. voters.Union(learners)]);
            default:
                return null;
        }
    }

    /// <summary>Any of them vote, some of the others stay as learners: mostly a joint change.</summary>
    private Configuration Replace(MemberId[] members)
    {
        var voters = ImmutableSortedSet<MemberId>.Empty;
        var learners = ImmutableSortedSet<MemberId>.Empty;
        foreach (var member in members)
        {
            switch (world.Random.Below(4))
            {
                case 0 or 1:
                    voters = voters.Add(member);
                    break;
                case 2:
                    learners = learners.Add(member);
                    break;
            }
        }

        return new(voters, learners);
    }

    // An operator does not hand a cluster to members whose disks are gone.
    private bool IsAllowed(Configuration target) =>
        target.Voters.Count is > 0 and <= MaxVoters && world.Faults.LeavesQuorum(target, but: null);

    private MemberId Pick(IReadOnlyList<MemberId> members) => members[world.Random.Below(members.Count)];
}
