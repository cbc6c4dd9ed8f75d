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
}
