using System.Collections.Immutable;
using Blixard.Raft.Core;

namespace Blixard.Raft.Tests.Core;

/// <summary>
/// Seven members whose roles change at random, with messages lost, repeated and out of order, disks that take their time,
/// restarts and cuts. What was committed stays, a term has one leader, and once all is well again writes are taken.
/// </summary>
public sealed class MembershipFuzzTests
{
    private const int Members = 7;
    private const int Steps = 3_000;

    private readonly Dictionary<ulong, MemberId> _leaders = [];
    private readonly Dictionary<ulong, LogEntry> _committed = [];
    private readonly Dictionary<MemberId, ulong> _checked = [];

    public static TheoryData<ulong> Seeds => [.. Enumerable.Range(1, 40).Select(seed => (ulong)seed)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Members_change_at_random_and_nothing_committed_is_lost(ulong seed)
    {
        var random = new SplitMix64(seed);
        var lab = new Lab(voters: 3, configure: options => options with { Seed = options.Self.Value + (seed * 100) });
        foreach (var id in Enumerable.Range(4, Members - 3))
        {
            lab.Add(id);
        }

        var changes = 0;
        for (var step = 0; step < Steps; step++)
        {
            changes += Step(lab, random) ? 1 : 0;
            Check(lab);
        }

        lab.Heal();
        foreach (var member in lab.Members)
        {
            member.DiskHeld = false;
            lab.Wire.AddRange(member.FinishWrites());
        }

        lab.Run(100);
        Check(lab);
        Assert.True(changes > 0, "no change was taken");
        var newest = lab.Members.Where(member => member.Node.Role == RaftRole.Leader).MaxBy(member => member.Node.Term);
        Assert.NotNull(newest);
        Assert.False(newest.Node.IsChangePending);
        Assert.Equal(ProposeStatus.Appended, newest.Propose("at last").Status);
        lab.Run(10);
        Check(lab);
        foreach (var member in newest.Node.Configuration.Members)
        {
            Assert.Equal(newest.Node.Commit, lab[(int)member.Value].Node.Commit);
            Assert.Equal(newest.Applied, lab[(int)member.Value].Applied);
        }
    }

    /// <summary>True if a change of the configuration was appended.</summary>
    private static bool Step(Lab lab, SplitMix64 random)
    {
        var member = lab[1 + random.Below(Members)];
        switch (random.Below(100))
        {
            case < 20:
                member.Node.Tick();
                break;
            case < 80 when lab.Wire.Count > 0:
                Deliver(lab, random);
                break;
            case < 88:
                member.Propose("w");
                break;
            case < 91:
                return member.Node.ChangeConfiguration(Target(member.Node.Configuration, random)).Status
                    == ChangeStatus.Appended;
            case 91:
                member.Node.TransferLeadership(MemberId.None);
                break;
            case 92 when random.Below(10) == 0:
                member.Restart();
                break;
            case 93 when random.Below(2) == 0:
                Part(lab, random);
                break;
            case 94 when random.Below(3) == 0:
                lab.Heal();
                break;
            case 95:
                member.DiskHeld = random.Below(4) == 0;
                break;
            default:
                lab.Wire.AddRange(member.FinishWrites(1));
                break;
        }

        lab.Drive();
        return false;
    }

    /// <summary>Two sides that do not hear each other, and perhaps one that is heard but does not hear.</summary>
    private static void Part(Lab lab, SplitMix64 random)
    {
        lab.Heal();
        var left = Enumerable.Range(1, Members).Where(_ => random.Below(2) == 0).ToArray();
        var oneWay = random.Below(4) == 0;
        foreach (var from in left)
        {
            foreach (var to in Enumerable.Range(1, Members).Except(left))
            {
                lab.Cut(to, from);
                if (!oneWay)
                {
                    lab.Cut(from, to);
                }
            }
        }
    }

    private static void Deliver(Lab lab, SplitMix64 random)
    {
        var at = random.Below(Math.Min(lab.Wire.Count, 8));
        var message = lab.Wire[at];
        if (random.Below(30) != 0)
        {
            lab.Wire.RemoveAt(at);
        }

        if (random.Below(20) != 0)
        {
            lab.Step(message);
        }
    }

    /// <summary>Anyone may be anything; who is not in yet comes as a learner.</summary>
    private static Configuration Target(Configuration from, SplitMix64 random)
    {
        var voters = ImmutableSortedSet.CreateBuilder<MemberId>();
        var learners = ImmutableSortedSet.CreateBuilder<MemberId>();
        foreach (var member in Lab.Ids(Enumerable.Range(1, Members)))
        {
            switch (random.Below(3))
            {
                case 0 when from.Contains(member):
                    voters.Add(member);
                    break;
                case 1 or 0:
                    learners.Add(member);
                    break;
            }
        }

        return new(voters.ToImmutable(), learners.ToImmutable());
    }

    private void Check(Lab lab)
    {
        foreach (var node in lab.Members.Select(member => member.Node))
        {
            if (node.Role == RaftRole.Leader)
            {
                Assert.True(_leaders.TryAdd(node.Term, node.Self) || _leaders[node.Term] == node.Self, "two leaders");
            }

            // A restarted member has forgotten what is committed, and learns it again.
            for (var index = _checked.GetValueOrDefault(node.Self) + 1; index <= node.Commit; index++)
            {
                var entry = node.EntryAt(index);
                Assert.True(
                    _committed.TryAdd(index, entry) || _committed[index].Term == entry.Term,
                    $"{index} was committed in term {_committed[index].Term}, now in {entry.Term}");
                _checked[node.Self] = index;
            }
        }
    }
}
