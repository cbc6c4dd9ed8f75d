using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.StateMachine.Tests.State;

/// <summary>A run of entries gives what its entries give one by one, wherever it is cut.</summary>
public sealed class RunTests
{
    private const int Seeds = 40;
    private const int Commands = 300;

    private static readonly ClusterSettings Small = new(MaxSessions: 3, MaxSessionResults: 6);

    [Fact]
    public void Replicas_that_cut_the_log_differently_agree_on_states_results_and_changes()
    {
        var (together, annotated) = (0, 0);
        for (var seed = 0; seed < Seeds; seed++)
        {
            var random = new Random(seed);
            var stream = new CommandStream(seed);
            var one = ClusterState.StartingWith(Small);
            var other = one;
            while (one.Index < Commands)
            {
                var draft = new StateDraft(other);
                var expected = new List<ApplyOutcome>();
                for (var left = random.Next(1, 30); left > 0; left--)
                {
                    // The engine's own entries, too.
                    if (random.Next(15) == 0)
                    {
                        one = one.Skip(one.Index + 1, one.Term + 1);
                        draft.Skip(one.Index, one.Term);
                        continue;
                    }

                    var command = stream.Next(one.Index + 1);
                    var entry = new CommittedCommand(one.Index + 1, Math.Max(1, one.Term), CommandCodec.Encode(command));
                    var outcome = one.Apply(entry);
                    one = outcome.State;
                    expected.Add(outcome);
                    draft.Apply(entry);
                    together += draft.Index > other.Index + 1 ? 1 : 0;
                    annotated += outcome.Changes.Count(change => change.OfAnnotation);
                }

                var before = SnapshotTests.Bytes(other);
                var run = draft.Finish();
                var where = $"seed {seed}, entries {other.Index + 1} to {one.Index}";
                Assert.True(before.AsSpan().SequenceEqual(SnapshotTests.Bytes(other)), $"{where}: changed its origin");
                Assert.True(one.Hash == run.State.Hash, $"{where}: the hashes differ");
                Assert.True(StateHash.Recompute(run.State) == run.State.Hash, $"{where}: not the hash of the state");
                Assert.True(
                    SnapshotTests.Bytes(one).AsSpan().SequenceEqual(SnapshotTests.Bytes(run.State)),
                    $"{where}: the states differ");
                Assert.Equal(expected.Select(Told), run.Outcomes.Select(Told));
                Assert.Equal(expected.SelectMany(o => o.Changes), run.Outcomes.SelectMany(o => o.Changes));
                Assert.All(run.Outcomes, outcome => Assert.Same(run.State, outcome.State));
                other = run.State;
            }
        }

        // It was worth the while.
        Assert.True(together > Commands, $"{together} together");
        Assert.True(annotated > Seeds, $"{annotated} annotations");
    }

    [Fact]
    public void An_annotation_is_told_and_hashed_as_the_whole_vm_would_be()
    {
        // Text, no text, long, one that reads like what is told of another one, the same again, and none.
        var replica = Replica.With("n1");
        replica.Do(Make.RegisterVM("web", "n1"));
        string[] texts =
        [
            "a", "b", "b", new string('x', 128), new string('x', 129), new string('y', 129), "(a)", "(b)", "\u0007)",
            "\u0008)", "",
        ];
        foreach (var text in texts)
        {
            foreach (var like in (string[])[text, replica.Vm("web").Annotations.All.Find("k")?.Shown ?? ""])
            {
                var before = replica.Vm("web");
                var outcome = replica.Do(Make.Annotate("web", "k", like));
                var expected = VmFields.Of(replica.Vm("web"), other: null).Since(VmFields.Of(before, other: null));
                Assert.Equal(expected, outcome.Changes.SelectMany(change => change.Fields));
            }
        }
    }

    [Fact]
    public void What_is_frozen_is_not_touched_by_what_comes_after()
    {
        var replica = Replica.With("n1");
        replica.Do(Make.RegisterVM("web", "n1"));
        var session = replica.Do(Make.OpenSession()).State.Index;
        var draft = new StateDraft(replica.State);
        draft.Apply(draft.Index + 1, 1, Make.Annotate("web", "k", "1").In(session, 1));

        var frozen = draft.Freeze();
        var bytes = SnapshotTests.Bytes(frozen);
        draft.Apply(draft.Index + 1, 1, Make.Annotate("web", "k", "2").In(session, 2, acknowledgedBelow: 2));

        Assert.Equal(bytes, SnapshotTests.Bytes(frozen));
        Assert.Equal("2", draft.Finish().State.Vms["web"].Annotations.All["k"].Text(1));
    }

    [Fact]
    public void A_command_that_comes_twice_in_a_run_is_applied_once()
    {
        var replica = Replica.With("n1");
        replica.Do(Make.RegisterVM("web", "n1"));
        var session = replica.Do(Make.OpenSession()).State.Index;
        var draft = new StateDraft(replica.State);
        var command = Make.Annotate("web", "k", "1").In(session, 1);
        draft.Apply(draft.Index + 1, 1, command);
        draft.Apply(draft.Index + 1, 1, Make.Annotate("web", "k", "2").In(session, 2));
        draft.Apply(draft.Index + 1, 1, command);

        var run = draft.Finish();

        Assert.Equal([false, false, true], run.Outcomes.Select(outcome => outcome.Duplicate));
        Assert.Equal(run.Outcomes[0].Result, run.Outcomes[2].Result);
        Assert.Empty(run.Outcomes[2].Changes);
        Assert.Equal("2", run.State.Vms["web"].Annotations.All["k"].Text(1));
    }

    private static (CommandResult Result, ulong ClientId, ulong Sequence, ulong Nonce, bool Duplicate) Told(
        ApplyOutcome outcome) =>
        (outcome.Result, outcome.ClientId, outcome.Sequence, outcome.Nonce, outcome.Duplicate);
}
