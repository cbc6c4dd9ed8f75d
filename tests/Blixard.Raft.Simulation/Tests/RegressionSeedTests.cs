using Blixard.Raft.Simulation.World;

namespace Blixard.Raft.Simulation.Tests;

/// <summary>
/// Seeds that found something, kept in every run whatever SEEDS and SEED_BASE are. A seed draws another world when
/// <see cref="SwarmOptions"/> changes: what it found is kept as a transcript in Scenarios/ too.
/// </summary>
public class RegressionSeedTests
{
    [Theory]
    [InlineData(2, "a late snapshot dropped acknowledged entries (snapshot_keeps_what_follows)")]
    [InlineData(30, "reads confirmed without a majority")]
    [InlineData(9, "an entry of an earlier term committed by counting (figure_8)")]
    [InlineData(160, "a single voter that counted itself before its disk did")]
    [InlineData(694, "a learner loyal for ever to the leader that had promoted it")]
    [InlineData(1838, "a log whose head was lost taken for one that was never begun")]
    [InlineData(620, "a stale segment left beside the log that a start had just written anew")]
    [InlineData(855, "the durable copy of the last batch deleted before the next was written")]
    [InlineData(8191, "a configuration that was rolled back, for ever in force where a log had begun anew")]
    [InlineData(20233, "a bound for healing that left out what the writes of that time added to the log")]
    [InlineData(30496, "a bound for healing that left out how seldom a leader is asked that takes one write at a time")]
    public void A_seed_that_found_something_holds(ulong seed, string found)
    {
        var result = SimulationRun.Run(seed, chaosEvents: 20_000);
        Assert.True(result.Acknowledged > 0, $"the seed of '{found}' does nothing");
    }
}
