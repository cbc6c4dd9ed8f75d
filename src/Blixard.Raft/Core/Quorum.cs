using System.Collections.Immutable;

namespace Blixard.Raft.Core;

/// <summary>
/// Majorities. Of nobody there is no majority: a configuration without voters decides nothing.
/// </summary>
public static class Quorum
{
#if MUTANTS
    public static int Size(int voters) => Planted.Is(Mutant.QuorumOffByOne) ? Math.Max(1, voters / 2) : (voters / 2) + 1;
#else
    public static int Size(int voters) => (voters / 2) + 1;
#endif

    /// <summary>True if a majority of <paramref name="voters"/> satisfies <paramref name="agrees"/>.</summary>
    public static bool Has(ImmutableSortedSet<MemberId> voters, Func<MemberId, bool> agrees)
    {
        var count = 0;
        foreach (var voter in voters)
        {
            count += agrees(voter) ? 1 : 0;
        }

#if MUTANTS
        if (voters.IsEmpty)
        {
            return Planted.Is(Mutant.NobodyIsMajority);
        }
#endif
        return voters.Count > 0 && count >= Size(voters.Count);
    }

    /// <summary>
    /// The highest value that a majority has reached; 0 without voters. Sorts <paramref name="values"/>.
    /// </summary>
    public static ulong Reached(Span<ulong> values)
    {
        if (values.IsEmpty)
        {
#if MUTANTS
            return Planted.Is(Mutant.NobodyIsMajority) ? ulong.MaxValue : 0;
#else
            return 0;
#endif
        }

        values.Sort();
        return values[^Size(values.Length)];
    }
}
