using Blixard.Raft.Core;

namespace Blixard.Raft.Simulation.World;

/// <summary>
/// After chaos: with all links and disks working again, and a quorum of members, sometimes no more, the cluster must
/// come back within a bound, step by step. What safety alone can't see is found here: a cluster that never does anything again is perfectly safe.
/// </summary>
internal sealed class HealPhase(SimWorld world)
{
    // In election timeouts: for one leader, then for what it left open, for writes, for the last follower.
    private const int BoundInElections = 60;

    private const int AskEvery = 20_000;

    // One entry per request and one request at a time: a round trip and a sync for each that a member lacks.
    private const int RoundTrip = 7_000;

    private readonly ulong _lengthBefore = world.Members.Max(member => member.Disk.Stable.LastIndex);
    private long _deadline = world.Now
        + ((long)BoundInElections * world.Options.ElectionTicks * SwarmOptions.TickPeriod)
        + ((long)world.Members.Max(member => member.Disk.Stable.LastIndex) * RoundTrip);

    private readonly long[] _servedBefore = new long[world.Members.Length];
    private readonly List<SimMember> _healing = [];
    private Stage _stage = Stage.Quiet;
    private long _askAt;

    private enum Stage
    {
        /// <summary>
        /// No client writes. Whatever earlier terms left must be committed all the same, and reads be served: that is
        /// what a new leader's own entry is for (section 5.4.2 and section 8).
        /// </summary>
        Quiet,

        /// <summary>Every client writes again, and every write ever begun is acknowledged.</summary>
        Writing,

        /// <summary>Everybody has everything.</summary>
        Equal,

        Done,
    }

    public bool IsDone => _stage == Stage.Done;

    /// <summary>The members of the leader's configuration that are not down for good, and every observer.</summary>
    private List<SimMember> Healing()
    {
        _healing.Clear();
        if (world.Leader() is >= 0 and var leader)
        {
            var configuration = world.Members[leader].Node!.Configuration;
            foreach (var member in world.Members)
            {
                if (member.TakesPart && (member.IsObserver || configuration.Contains(member.Id)))
                {
                    _healing.Add(member);
                }
            }
        }

        return _healing;
    }

    public void AfterStep()
    {
        world.Invariants.Require(
            world.Now <= _deadline, "Liveness", $"not healed {BoundInElections} election timeouts after chaos ended: {Missing()}");
        if (world.Now >= _askAt)
        {
            _askAt = world.Now + AskEvery;
            Ask();
        }

        if (Missing() is null)
        {
            _stage++;
            _askAt = world.Now;
            world.Trace.Add(world, -1, "heal:", _stage);
            if (_stage == Stage.Writing)
            {
                world.Clients.ProposeAll(Somebody(), openMore: true);

                // Where little may be uncommitted the leader takes one of them each time that it is asked, and it is one
                // of many who are.
                _deadline += 2L * world.Clients.OpenWrites * world.Members.Length * AskEvery;
            }
            else if (_stage == Stage.Equal)
            {
                // Each attempt of a write is an entry, and what is left of them is still on its way.
                var length = world.Members.Max(member => member.Node?.LastIndex ?? 0);
                _deadline += (long)(length - Math.Min(length, _lengthBefore)) * RoundTrip;
            }
        }
    }

    private void Ask()
    {
        switch (_stage)
        {
            case Stage.Quiet:
                foreach (var member in Healing())
                {
                    if (member.Node is not null && member.Reads.Served == _servedBefore[member.Number])
                    {
                        member.Reads.AskAgain();
                        if (member.Reads.OpenCount == 0)
                        {
                            world.Clients.Read(member);
                        }
                    }
                }

                break;
            case Stage.Writing when world.Members.Any(member => member.Node is not null):
                world.Clients.ProposeAll(Somebody(), openMore: false);
                break;
        }
    }

    /// <summary>What the present stage still waits for; null: nothing.</summary>
    private string? Missing()
    {
        if (_stage == Stage.Done)
        {
            return null;
        }

        if (_stage == Stage.Writing)
        {
            return world.Clients.HasOpenWrites ? "writes are not acknowledged" : null;
        }

        var number = world.Leader();
        if (number < 0)
        {
            return "nobody leads";
        }

        var leader = world.Members[number].Node!;
        foreach (var member in Healing())
        {
            var what = member.Node is not { } node ? "is down"
                : node.Term != leader.Term || node.Leader != leader.Self ? "does not follow the leader"
                : node.Configuration != leader.Configuration || node.IsChangePending ? "has another configuration, or an unfinished one"
                : node.Commit != leader.LastIndex || node.LastIndex != leader.LastIndex ? "lacks entries or their commitment"
                : member.Machine.Applied != node.Commit ? "has not applied all"
                : _stage == Stage.Quiet && member.Reads.Served == _servedBefore[member.Number] ? "serves no read"
                : null;
            if (what is not null)
            {
                return $"m{member.Id.Value} {what} (leader m{leader.Self.Value}, log {leader.LastIndex}, commit {leader.Commit})";
            }
        }

        if (_stage == Stage.Equal)
        {
            RequireEqual();
        }

        return null;
    }

    // The same length everywhere by now; the same content, and nothing lost, remains to be seen.
    private void RequireEqual()
    {
        var first = Healing()[0];
        foreach (var member in Healing())
        {
            world.Clients.RequireAcknowledged(member);
            world.Invariants.Require(
                member.Machine.Hash == first.Machine.Hash, "Convergence", $"m{member.Id.Value} differs from m{first.Id.Value} in its state");
            for (var index = member.Node!.FirstIndex; index <= member.Node.LastIndex; index++)
            {
                world.Invariants.Require(
                    member.Node.TermAt(index) == world.Invariants.CommittedTerm(index),
                    "Convergence",
                    $"m{member.Id.Value} differs from what was committed at {index}");
            }
        }
    }

    private SimMember Somebody()
    {
        var running = world.Members.Where(member => member.Node is not null).ToArray();
        return running[world.Random.Below(running.Length)];
    }
}
