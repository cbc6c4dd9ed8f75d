using System.Collections.Immutable;

namespace Blixard.Raft.Core;

/// <summary>
/// Who counts. Sets are sorted, so that every member walks them in one order.
/// </summary>
/// <remarks>
/// While voters change by more than one the cluster passes through a joint configuration (section 6, thesis 4.3):
/// <see cref="Voters"/> are then those of the new half, <see cref="Outgoing"/> those of the old one, and everything
/// that asks for a majority asks both halves.
/// </remarks>
/// <param name="Voters">Members whose majority elects and commits; of a joint configuration, of its new half.</param>
/// <param name="Learners">Members that receive the log but never count.</param>
public sealed record Configuration(ImmutableSortedSet<MemberId> Voters, ImmutableSortedSet<MemberId> Learners)
{
    public static Configuration Empty { get; } = new([], []);

    /// <summary>Voters of the old half, which counts too while the configuration is joint; else empty.</summary>
    public ImmutableSortedSet<MemberId> Outgoing { get; init; } = [];

    /// <summary>
    /// Members of <see cref="Outgoing"/> that go on as learners once the joint configuration is left. They can't be
    /// learners before: they still vote.
    /// </summary>
    public ImmutableSortedSet<MemberId> LearnersNext { get; init; } = [];

    public bool IsJoint => !Outgoing.IsEmpty;

    /// <summary>All members, voters first, then those who vote in the old half alone, each part ascending.</summary>
    public IEnumerable<MemberId> Members => AllVoters.Concat(Learners);

    /// <summary>Voters of either half, each once.</summary>
    public IEnumerable<MemberId> AllVoters => IsJoint ? Voters.Concat(Outgoing.Except(Voters)) : Voters;

    /// <summary>What a joint configuration becomes when it is left; any other is itself.</summary>
    public Configuration Final => IsJoint ? new(Voters, Learners.Union(LearnersNext)) : this;

    public static Configuration Of(params IEnumerable<MemberId> voters) => new([.. voters], []);

    /// <summary>
    /// The step from <paramref name="from"/> towards <paramref name="to"/>, neither of them joint:
    /// <paramref name="to"/> itself if at most one voter differs, for then any two majorities share a member
    /// (thesis 4.1), else the joint configuration of both.
    /// </summary>
    public static Configuration Step(Configuration from, Configuration to) =>
        from.Voters.SymmetricExcept(to.Voters).Count <= 1
            ? to
            : new(to.Voters, to.Learners.Except(from.Voters))
            {
                Outgoing = from.Voters,
                LearnersNext = to.Learners.Intersect(from.Voters),
            };

    /// <summary>In either half.</summary>
    public bool IsVoter(MemberId member) => Voters.Contains(member) || Outgoing.Contains(member);

    public bool Contains(MemberId member) => IsVoter(member) || Learners.Contains(member);

    /// <summary>True if a majority of the voters, and of the old half while there is one, agrees.</summary>
    public bool HasQuorum(Func<MemberId, bool> agrees)
    {
#if MUTANTS
        if (Planted.Is(Mutant.OldHalfIgnored))
        {
            return Quorum.Has(Voters, agrees);
        }
#endif
        return Quorum.Has(Voters, agrees) && (!IsJoint || Quorum.Has(Outgoing, agrees));
    }

    /// <summary>The highest value that such a majority has reached; 0 without voters.</summary>
    public ulong QuorumReached(Func<MemberId, ulong> value)
    {
        var reached = Reached(Voters, value);
        return IsJoint ? Math.Min(reached, Reached(Outgoing, value)) : reached;
    }

    /// <summary>What contradicts itself in this configuration, as a sentence; null if nothing does.</summary>
    public string? Contradiction() =>
        Learners.Overlaps(Voters) ? "a member is voter and learner"
        : Learners.Overlaps(Outgoing) ? "a member is outgoing voter and learner"
        : !LearnersNext.IsSubsetOf(Outgoing) ? "a member is to become a learner but is no outgoing voter"
        : LearnersNext.Overlaps(Voters) ? "a member is voter and to become a learner"
        : IsJoint && Voters.IsEmpty ? "its new half has no voters"
        : null;

    public bool Equals(Configuration? other) =>
        ReferenceEquals(this, other)
        || (other is not null
            && AreEqual(Voters, other.Voters)
            && AreEqual(Learners, other.Learners)
            && AreEqual(Outgoing, other.Outgoing)
            && AreEqual(LearnersNext, other.LearnersNext));

    public override int GetHashCode() => (((Voters.Count * 31) + Learners.Count) * 31) + Outgoing.Count;

    /// <summary>
    /// As in logs: <c>voters 1 2 3, learners 4, outgoing 1 2, learners next 2</c>, without what is empty.
    /// </summary>
    public override string ToString()
    {
        var text = Part("voters", Voters);
        text += Learners.IsEmpty ? "" : ", " + Part("learners", Learners);
        text += Outgoing.IsEmpty ? "" : ", " + Part("outgoing", Outgoing);
        return text + (LearnersNext.IsEmpty ? "" : ", " + Part("learners next", LearnersNext));
    }

    /// <summary>As SetEquals, without the set that it makes of the other one.</summary>
    private static bool AreEqual(ImmutableSortedSet<MemberId> left, ImmutableSortedSet<MemberId> right)
    {
        if (left.Count != right.Count)
        {
            return false;
        }

        for (var i = 0; i < left.Count && !ReferenceEquals(left, right); i++)
        {
            if (left[i] != right[i])
            {
                return false;
            }
        }

        return true;
    }

    private static string Part(string name, ImmutableSortedSet<MemberId> members) =>
        $"{name} {string.Join(' ', members)}";

    private static ulong Reached(ImmutableSortedSet<MemberId> voters, Func<MemberId, ulong> value)
    {
        Span<ulong> values = stackalloc ulong[voters.Count];
        var i = 0;
        foreach (var voter in voters)
        {
            values[i++] = value(voter);
        }

        return Quorum.Reached(values);
    }
}
