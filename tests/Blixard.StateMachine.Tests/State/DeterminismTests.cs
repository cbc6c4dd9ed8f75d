using System.Globalization;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.StateMachine.Tests.State;

public sealed class DeterminismTests
{
    private const int Seeds = 30;
    private const int Commands = 250;

    private const string KnownHash = "5545054eb51f9091";

    private static readonly ClusterSettings Small = new(MaxSessions: 3, MaxSessionResults: 6);

    /// <summary>
    /// One replica lives through it all, with every invariant checked after each step (see <see cref="Replica"/>); the
    /// other now and then starts anew from the snapshot that it last took.
    /// </summary>
    [Fact]
    public void Replicas_hold_the_same_state_at_every_index_also_after_a_snapshot()
    {
        var reasons = new SortedSet<string>(StringComparer.Ordinal);
        for (var seed = 0; seed < Seeds; seed++)
        {
            var random = new Random(seed);
            var stream = new CommandStream(seed);
            var one = new Replica(ClusterState.StartingWith(Small));
            var other = one.State;
            for (var i = 0; i < Commands; i++)
            {
                var command = stream.Next(one.State.Index + 1);
                var entry = new CommittedCommand(other.Index + 1, 1, CommandCodec.Encode(command));
                var outcome = one.Apply(command);
                var again = other.Apply(entry);
                Assert.True(outcome.State.Hash == again.State.Hash, $"seed {seed}: the states differ at {entry.Index}");
                Assert.Equal(outcome.Result, again.Result);
                Assert.Equal(outcome.Changes.AsEnumerable(), again.Changes);
                other = random.Next(20) == 0 ? SnapshotTests.Copy(again.State) : again.State;
                reasons.Add(outcome.Result is Rejected rejected ? rejected.Reason.ToString() : "Applied");
            }

            Assert.Equal(SnapshotTests.Bytes(one.State), SnapshotTests.Bytes(other));
        }

        // The stream really met all of this.
        Assert.Superset(
            new SortedSet<string>(StringComparer.Ordinal)
            {
                "AlreadyAcknowledged", "Applied", "Invalid", "NodeNotFound", "NotMonitor", "ObservationGap",
                "RunningElsewhere",
                "SessionExpired", "SessionFull", "StaleObservation", "VmNotFound",
            },
            reasons);
    }

    [Fact]
    public void The_culture_of_the_process_makes_no_difference()
    {
        var expected = Run();
        var odd = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        odd.NumberFormat.NegativeSign = "minus ";
        var before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = odd;
            Assert.Equal(SnapshotTests.Bytes(expected), SnapshotTests.Bytes(Run()));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void The_hash_of_a_known_history_never_changes()
    {
        // Replicas of one version compare hashes: a change of the hash is a change of meaning, to be gated.
        var replica = new Replica();
        foreach (var command in new[]
        {
            Make.RegisterNode("n1"),
            Make.OpenSession(),
            Make.RegisterVM("web", "n1", VmState.Running).In(2, 1),
            Make.Assign(("web", "n1")),
            Make.Judge("web", "n1", true, Make.Check("network", true)),
        })
        {
            replica.Do(command);
        }

        Assert.Equal(KnownHash, $"{replica.State.Hash:x16}");
    }

    /// <summary>A rejection with a negative number in its text ends up in the session.</summary>
    private static ClusterState Run()
    {
        var replica = Replica.With("n1");
        var session = replica.Do(Make.OpenSession()).State.Index;
        var seen = Make.Seen("web");
        seen.SinceUnixMs = -1;
        var outcome = replica.Apply(Make.Report("n1", 1, seen).In(session, 1));
        Assert.IsType<Rejected>(outcome.Result);
        return replica.State;
    }
}
