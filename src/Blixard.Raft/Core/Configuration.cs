using System.Collections.Immutable;

namespace Blixard.Raft.Core;

/// <summary>
/// Who counts. Sets are sorted, so that every member walks them in one order.
/// </summary>
/// <param name="Voters">Members whose majority elects and commits.</param>
/// <param name="Learners">Members that receive the log but never count.</param>
public sealed record Configuration(ImmutableSortedSet<MemberId> Voters, ImmutableSortedSet<MemberId> Learners)
{
    public static Configuration Empty { get; } = new([], []);

    public static Configuration Of(params IEnumerable<MemberId> voters) => new([.. voters], []);

    public bool IsVoter(MemberId member) => Voters.Contains(member);

    public bool Contains(MemberId member) => Voters.Contains(member) || Learners.Contains(member);

    /// <summary>All members, voters first, each part in ascending order.</summary>
    public IEnumerable<MemberId> Members => Voters.Concat(Learners);

    public bool Equals(Configuration? other) =>
        other is not null && Voters.SetEquals(other.Voters) && Learners.SetEquals(other.Learners);

    public override int GetHashCode() => (Voters.Count * 31) + Learners.Count;
}
