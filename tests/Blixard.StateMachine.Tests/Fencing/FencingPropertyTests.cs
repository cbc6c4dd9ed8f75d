using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;
using Blixard.StateMachine.Tests.State;

namespace Blixard.StateMachine.Tests.Fencing;

public sealed class FencingPropertyTests
{
    private const int Seeds = 400;
    private const int Commands = 500;

    [Fact]
    public void No_history_has_an_assignment_without_its_proof_nor_an_epoch_or_generation_that_shrinks()
    {
        var proofs = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var reasons = new SortedSet<string>(StringComparer.Ordinal);
        for (var seed = 0; seed < Seeds; seed++)
        {
            var (stream, history) = (new FencingStream(seed), new FencingHistory());
            var state = ClusterState.Empty;
            for (var i = 0; i < Commands; i++)
            {
                var command = stream.Next(state);
                var outcome = state.Apply(new CommittedCommand(state.Index + 1, 1, CommandCodec.Encode(command)));
                if (outcome.Result is Rejected rejected)
                {
                    reasons.Add(rejected.Reason.ToString());
                }
                else
                {
                    try
                    {
                        history.Follow(state, command, outcome.State);
                    }
                    catch (Exception e)
                    {
                        Assert.Fail($"seed {seed}, index {outcome.State.Index}, {command}: {e.Message}");
                    }
                }

                state = outcome.State;
            }

            foreach (var (proof, count) in history.Proofs)
            {
                proofs[proof] = proofs.GetValueOrDefault(proof) + count;
            }
        }

        // Histories in which nothing happens prove nothing.
        Assert.All(
            ["fence", "rejoin", "confirmed dead", "stopped", "recovery"],
            proof => Assert.True(
                proofs.GetValueOrDefault(proof) >= 5, $"{proof}: {string.Join(", ", proofs)}"));
        Assert.Superset(
            new SortedSet<string>(StringComparer.Ordinal)
            {
                "StillHeld", "EpochMismatch", "NotSuspect", "GateMissing", "GenerationMismatch", "NotCandidate", "LeaseUnfit",
                "TermSuperseded", "OperationPending", "NotDesired", "StillHeard", "TermChanged", "RunningElsewhere", "Invalid",
            },
            reasons);
    }

    /// <summary>Runs cut anywhere, with snapshots in between, give the same states, results and changes.</summary>
    [Fact]
    public void Replicas_agree_however_the_log_is_cut()
    {
        for (var seed = 1000; seed < 1000 + 25; seed++)
        {
            var (random, stream) = (new Random(seed), new FencingStream(seed));
            var (one, other) = (new Replica(), ClusterState.Empty);
            while (one.State.Index < Commands)
            {
                var draft = new StateDraft(other);
                var expected = new List<ApplyOutcome>();
                for (var left = random.Next(1, 25); left > 0; left--)
                {
                    var command = stream.Next(one.State);
                    draft.Apply(new CommittedCommand(one.State.Index + 1, 1, CommandCodec.Encode(command)));
                    expected.Add(one.Apply(command));
                }

                var run = draft.Finish();
                Assert.True(one.State.Hash == run.State.Hash, $"seed {seed}: the hashes differ at {one.State.Index}");
                Assert.Equal(expected.Select(outcome => outcome.Result), run.Outcomes.Select(outcome => outcome.Result));
                Assert.Equal(
                    expected.SelectMany(outcome => outcome.Changes), run.Outcomes.SelectMany(outcome => outcome.Changes));
                other = random.Next(3) == 0 ? SnapshotTests.Copy(run.State) : run.State;
            }

            Assert.Equal(SnapshotTests.Bytes(one.State), SnapshotTests.Bytes(other));
        }
    }
}
