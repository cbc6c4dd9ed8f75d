using System.Collections.Immutable;
using Blixard.Raft.Core;

namespace Blixard.Raft.Simulation.World;

/// <summary>
/// Whose disk may be damaged, and who may stay down: never so many that some configuration in force somewhere is left
/// without a quorum of intact members, for then nothing could be repaired, and nobody could promise anything. Damage
/// keeps to the same members for the whole run, so no index is ever damaged on more of them (TigerBeetle's
/// ClusterFaultAtlas, testing/storage.zig).
/// </summary>
internal sealed class FaultAtlas(SimWorld world)
{
    public bool MayDamage(SimMember member) => member.Disk.WasDamaged || CanSpare(member);

    /// <summary>Every configuration that somebody goes by has a quorum without it too.</summary>
    public bool CanSpare(SimMember member)
    {
        foreach (var other in world.Members)
        {
            if (!LeavesQuorum(other.Observed.Configuration, member))
            {
                return false;
            }
        }

        return LeavesQuorum(world.Invariants.Configurations.Committed, member);
    }

    /// <summary>Its intact voters are a quorum, without <paramref name="but"/> too.</summary>
    public bool LeavesQuorum(Configuration configuration, SimMember? but) =>
        LeavesMajority(configuration.Voters, but) && LeavesMajority(configuration.Outgoing, but);

    private bool LeavesMajority(ImmutableSortedSet<MemberId> voters, SimMember? but)
    {
        var gone = 0;
        foreach (var voter in voters)
        {
            var member = world.Member(voter);
            gone += member == but || member.Disk.WasDamaged || member.IsLost || member.IsLeftOut ? 1 : 0;
        }

        return gone <= (voters.Count - 1) / 2 || voters.IsEmpty;
    }
}
