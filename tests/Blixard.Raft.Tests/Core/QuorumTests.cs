using System.Collections.Immutable;
using Blixard.Raft.Core;

namespace Blixard.Raft.Tests.Core;

public sealed class QuorumTests
{
    [Fact]
    public void Nobody_is_no_majority()
    {
        Assert.False(Quorum.Has([], _ => true));
        Assert.Equal(0ul, Quorum.Reached([]));
    }

    [Fact]
    public void What_a_majority_reached_agrees_with_counting_every_value()
    {
        var random = new SplitMix64(42);
        for (var round = 0; round < 2_000; round++)
        {
            var values = new ulong[1 + random.Below(9)];
            for (var i = 0; i < values.Length; i++)
            {
                values[i] = (ulong)random.Below(6);
            }

            var expected = values.Where(v => values.Count(w => w >= v) * 2 > values.Length).Max();
            Assert.Equal(expected, Quorum.Reached([.. values]));
        }
    }

    [Fact]
    public void A_joint_configuration_agrees_when_each_half_does()
    {
        var random = new SplitMix64(43);
        for (var round = 0; round < 2_000; round++)
        {
            var configuration = Random(random);
            var yes = Members(random, of: 9);
            var expected = HasMajority(configuration.Voters, yes.Contains)
                && (configuration.Outgoing.IsEmpty || HasMajority(configuration.Outgoing, yes.Contains));
            Assert.Equal(expected, configuration.HasQuorum(yes.Contains));

            var values = configuration.AllVoters.ToDictionary(member => member, _ => (ulong)random.Below(6));
            var reached = Enumerable.Range(0, 6)
                .Select(value => (ulong)value)
                .Where(value => configuration.HasQuorum(member => values[member] >= value))
                .DefaultIfEmpty()
                .Max();
            Assert.Equal(reached, configuration.QuorumReached(member => values[member]));
        }
    }

    [Fact]
    public void Any_two_majorities_of_one_step_share_a_member()
    {
        var random = new SplitMix64(44);
        for (var round = 0; round < 300; round++)
        {
            var from = Configuration.Of(Members(random, of: 5).Add(new(1)));
            var to = new Configuration(Members(random, of: 5).Add(new(2)), []);
            var step = Configuration.Step(from, to);
            Assert.Null(step.Contradiction());
            Assert.Equal(to, step.Final);
            AssertOverlap(from, step);
            AssertOverlap(step, to);
        }
    }

    [Fact]
    public void A_voter_that_becomes_a_learner_does_so_when_the_joint_configuration_is_left()
    {
        var from = Lab.Voters(1, 2, 3);
        var to = Lab.Voters(3, 4, 5) with { Learners = [.. Lab.Ids(1, 6)] };
        var step = Configuration.Step(from, to);
        Assert.Equal(Lab.Ids(1, 2, 3), step.Outgoing.AsEnumerable());
        Assert.Equal(Lab.Ids(6), step.Learners.AsEnumerable());
        Assert.Equal(Lab.Ids(1), step.LearnersNext.AsEnumerable());
        Assert.Equal(to, step.Final);
    }

    private static void AssertOverlap(Configuration one, Configuration other)
    {
        foreach (var left in Subsets(5).Where(set => one.HasQuorum(set.Contains)))
        {
            foreach (var right in Subsets(5).Where(set => other.HasQuorum(set.Contains)))
            {
                Assert.True(left.Overlaps(right), $"{one} by {string.Join(' ', left)}, {other} by {string.Join(' ', right)}");
            }
        }
    }

    private static IEnumerable<ImmutableSortedSet<MemberId>> Subsets(int of) =>
        Enumerable.Range(0, 1 << of)
            .Select(bits => Lab.Ids(Enumerable.Range(0, of).Where(bit => (bits >> bit & 1) == 1).Select(bit => bit + 1)))
            .Select(members => members.ToImmutableSortedSet());

    private static bool HasMajority(ImmutableSortedSet<MemberId> voters, Func<MemberId, bool> agrees) =>
        voters.Count(agrees) * 2 > voters.Count;

    private static Configuration Random(SplitMix64 random) =>
        new(Members(random, of: 9), []) { Outgoing = random.Below(2) == 0 ? [] : Members(random, of: 9) };

    private static ImmutableSortedSet<MemberId> Members(SplitMix64 random, int of) =>
        [.. Lab.Ids(Enumerable.Range(1, of).Where(_ => random.Below(2) == 0))];
}
