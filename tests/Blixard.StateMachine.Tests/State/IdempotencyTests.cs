using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.StateMachine.Tests.State;

/// <summary>A request that a client sends again under its key is applied once.</summary>
public sealed class IdempotencyTests
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(ApplyCluster.MaxStep);

    [Fact]
    public void The_same_request_under_the_same_key_is_applied_once_whoever_proposes_it()
    {
        var replica = Replica.With("n1");
        var (one, other) = (replica.Do(Make.OpenSession(1)).State.Index, replica.Do(Make.OpenSession(2)).State.Index);
        var first = replica.Do(Make.RegisterVM("web", "n1").In(one, 1).Keyed("k"));
        replica.Do(Make.RemoveVM("web"));

        var again = replica.Do(Make.RegisterVM("web", "n1").In(other, 1).Keyed("k"));

        Assert.Equal(first.Result, again.Result);
        Assert.Equal((false, true), (first.Duplicate, again.Duplicate));
        Assert.Empty(again.Changes);
        Assert.Empty(replica.State.Vms);
    }

    [Fact]
    public void A_refusal_is_an_outcome_as_well()
    {
        var replica = Replica.With("n1");
        var refused = replica.Apply(Make.Annotate("web", "a", "1").Keyed("k")).Result;
        replica.Do(Make.RegisterVM("web", "n1"));

        var again = replica.Apply(Make.Annotate("web", "a", "1").Keyed("k"));

        Assert.Equal(RejectionReason.VmNotFound, Assert.IsType<Rejected>(refused).Reason);
        Assert.Equal(refused, again.Result);
        Assert.Empty(replica.Vm("web").Annotations.All);
    }

    [Fact]
    public void Another_request_under_the_same_key_is_refused_and_the_first_keeps_it()
    {
        var replica = Replica.With("n1");
        var first = replica.Do(Make.RegisterVM("web", "n1").Keyed("k", requestHash: 1));

        replica.Refuses(
            Make.RemoveVM("web").Keyed("k", requestHash: 2),
            RejectionReason.IdempotencyKeyReused,
            $"the idempotency key was used at index {replica.State.Index}, for another request");

        Assert.Contains("web", replica.State.Vms.Keys);
        Assert.Equal(first.Result, replica.Do(Make.RegisterVM("web", "n1").Keyed("k", requestHash: 1)).Result);
    }

    [Fact]
    public void Keys_are_told_apart_by_every_character()
    {
        var replica = Replica.With("n1");
        replica.Do(Make.RegisterVM("web", "n1").Keyed("k"));
        replica.Do(Make.RemoveVM("web").Keyed("K"));

        Assert.Empty(replica.State.Vms);
        Assert.Equal(["K", "k"], replica.State.IdempotencyKeys.All.Keys);
    }

    [Fact]
    public void A_number_that_was_answered_by_a_key_is_answered_when_the_key_is_forgotten()
    {
        var replica = Replica.With("n1");
        replica.Do(Make.RemoveVM("web").Keyed("k"));
        var session = 0UL;
        var again = new Command();
        for (var passed = TimeSpan.Zero; passed <= TimeSpan.FromHours(1); passed += Step)
        {
            if (passed == TimeSpan.FromMinutes(30))
            {
                session = replica.Do(Make.OpenSession()).State.Index;
                again = Make.RemoveVM("web").In(session, 1).Keyed("k");
                replica.Do(again);
            }

            replica.Do(Make.Advance(Step));
        }

        Assert.Empty(replica.State.IdempotencyKeys.All);
        replica.Do(Make.RegisterVM("web", "n1"));
        Assert.True(replica.Do(again).Duplicate);
        Assert.Contains("web", replica.State.Vms.Keys);
    }

    [Fact]
    public void A_key_is_forgotten_after_its_life_in_the_time_of_the_log_and_not_before()
    {
        var replica = Replica.With("n1");
        replica.Do(Make.RemoveVM("a").Keyed("old").At(Replica.Start + (long)TimeSpan.FromDays(400).TotalMilliseconds));
        replica.Do(Make.Advance(Step));
        replica.Do(Make.RemoveVM("a").Keyed("young"));
        for (var passed = Step; passed < TimeSpan.FromMilliseconds(IdempotencyTable.KeyLife); passed += Step)
        {
            replica.Do(Make.Advance(Step));
        }

        Assert.Equal(["old", "young"], replica.State.IdempotencyKeys.All.Keys);
        replica.Do(Make.Advance(TimeSpan.FromMilliseconds(1)));
        Assert.Equal(["young"], replica.State.IdempotencyKeys.All.Keys);
        Assert.Equal(StateHash.Recompute(replica.State), replica.State.Hash);
    }

    [Fact]
    public void One_key_more_than_the_bound_forgets_the_oldest()
    {
        var state = Replica.With("n1").State;
        for (var i = 0; i <= IdempotencyTable.MaxKeys; i++)
        {
            state = state.Apply(state.Index + 1, 1, Make.RemoveVM("a").Keyed($"{(i * 7919) % 20011}")).State;
        }

        Assert.Equal(IdempotencyTable.MaxKeys, state.IdempotencyKeys.All.Count);
        Assert.DoesNotContain("0", state.IdempotencyKeys.All.Keys);
        Assert.Contains("7919", state.IdempotencyKeys.All.Keys);
        Assert.Equal(StateHash.Recompute(state), state.Hash);
        Assert.Equal(state.Hash, SnapshotTests.Copy(state).Hash);
    }

    [Fact]
    public void A_replica_from_a_snapshot_knows_the_keys()
    {
        var replica = Replica.With("n1");
        var command = Make.RegisterVM("web", "n1").Keyed("k");
        var first = replica.Do(command);
        replica.Do(Make.RemoveVM("web"));

        var restored = new Replica(SnapshotTests.Copy(replica.State));
        var again = restored.Apply(command);

        Assert.Equal(first.Result, again.Result);
        Assert.Empty(restored.State.Vms);
        Assert.Equal(replica.State.IdempotencyKeys.All, restored.State.IdempotencyKeys.All);
    }

    [Fact]
    public void Every_part_of_a_key_counts()
    {
        var record = new KeyedResult(1, 2, 3, new Applied(2));
        ulong HashOf(string key, KeyedResult result)
        {
            var state = ClusterState.Empty with { IdempotencyKeys = IdempotencyTable.Empty.With(key, result) };
            state = state with { Hash = StateHash.Recompute(state) };
            Assert.Equal(state.Hash, SnapshotTests.Copy(state).Hash);
            return state.Hash;
        }

        ulong[] hashes =
        [
            ClusterState.Empty.Hash,
            HashOf("k", record),
            HashOf("l", record),
            HashOf("k", record with { RequestHash = 2 }),
            HashOf("k", record with { Index = 3 }),
            HashOf("k", record with { At = 4 }),
            HashOf("k", record with { Result = new Applied(3) }),
            HashOf("k", record with { Result = new Rejected(RejectionReason.VmNotFound, "no") }),
        ];
        Assert.Equal(hashes.Length, hashes.Distinct().Count());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_was_given_up_is_answered_if_it_was_applied_and_else_never_is(bool applied)
    {
        var replica = Replica.With("n1");
        var (one, other) = (replica.Do(Make.OpenSession(1)).State.Index, replica.Do(Make.OpenSession(2)).State.Index);
        var givenUp = Make.RegisterVM("web", "n1").In(one, 5);
        var first = applied ? replica.Do(givenUp).Result : null;
        if (applied)
        {
            replica.Do(Make.RemoveVM("web"));
        }

        var again = replica.Do(Make.RegisterVM("web", "n1").In(other, 1).Keyed("k").Instead(one, 5));
        var twice = replica.Do(Make.RegisterVM("web", "n1").In(other, 2).Keyed("k").Instead(one, 5));

        Assert.Equal(!applied, replica.State.Vms.ContainsKey("web"));
        Assert.Equal((applied, true), (again.Duplicate, twice.Duplicate));
        Assert.Equal(first ?? again.Result, twice.Result);
        Assert.Equal(!applied, replica.State.Sessions.All[one].Closed);
        var hash = replica.State.Hash;
        Assert.Equal(hash, SnapshotTests.Copy(replica.State).Hash);
        if (!applied)
        {
            // It was still on its way.
            replica.Refuses(
                givenUp, RejectionReason.SessionExpired, $"session {one} is closed, and 5 was not applied in it");
        }
    }

    [Fact]
    public void What_a_session_has_acknowledged_or_forgotten_is_not_applied_again()
    {
        var replica = Replica.With("n1");
        var session = replica.Do(Make.OpenSession()).State.Index;
        replica.Do(Make.RemoveVM("web").In(session, 1));
        replica.Do(Make.RemoveVM("web").In(session, 2, acknowledgedBelow: 2));
        foreach (var (client, sequence) in new[] { (session, 1UL), (session + 100, 1UL) })
        {
            replica.Refuses(
                Make.RegisterVM("web", "n1").Keyed("k").Instead(client, sequence),
                RejectionReason.OutcomeForgotten,
                $"what became of command {sequence} of session {client} is no longer known");
        }

        Assert.Empty(replica.State.Vms);
        Assert.Empty(replica.State.IdempotencyKeys.All);
    }

    [Fact]
    public void A_session_that_another_supersedes_applies_nothing_new_and_answers_what_it_did()
    {
        var replica = Replica.With("n1");
        var old = replica.Do(Make.OpenSession()).State.Index;
        var first = replica.Do(Make.RegisterVM("web", "n1").In(old, 2));

        var open = Make.OpenSession(2);
        open.Supersedes = new Superseded { ClientId = old };
        replica.Do(open);

        replica.Refuses(
            Make.RegisterVM("db", "n1").In(old, 1),
            RejectionReason.SessionExpired,
            $"session {old} is closed, and 1 was not applied in it");
        Assert.Equal(first.Result, replica.Do(Make.RegisterVM("web", "n1").In(old, 2)).Result);
        Assert.Equal(StateHash.Recompute(replica.State), replica.State.Hash);
    }

    [Fact]
    public void What_is_superseded_is_said_in_full()
    {
        var open = Make.OpenSession(2);
        open.Supersedes = new Superseded { ClientId = 1 };

        Assert.Null(CommandValidator.Check(open));
        Assert.Null(CommandValidator.Check(Make.RemoveVM("a").Keyed("k").Instead(1, 1)));
        Assert.NotNull(CommandValidator.Check(Make.RemoveVM("a").Keyed("k").Instead(0, 1)));
        Assert.NotNull(CommandValidator.Check(Make.RemoveVM("a").Keyed("k").Instead(1, 0)));
        Assert.NotNull(CommandValidator.Check(Make.RemoveVM("a").Keyed("", 0).Instead(1, 1)));
    }

    [Fact]
    public void A_command_without_a_key_leaves_the_table_alone()
    {
        var replica = Replica.With("n1");
        replica.Do(Make.RemoveVM("a").Keyed("k"));
        var before = replica.State.IdempotencyKeys;

        replica.Do(Make.RegisterVM("web", "n1"));

        Assert.Same(before, replica.State.IdempotencyKeys);
    }

    [Theory]
    [InlineData("with space")]
    [InlineData("tab\t")]
    [InlineData("ä")]
    [InlineData("\u007f")]
    public void A_key_that_is_not_visible_ascii_is_refused(string key) => new Replica().Refuses(
        Make.RemoveVM("a").Keyed(key),
        RejectionReason.Invalid,
        "the idempotency key is not 1 to 128 visible ASCII characters");

    [Fact]
    public void A_key_has_at_most_128_characters_and_a_hash_has_a_key()
    {
        Assert.Null(CommandValidator.Check(Make.RemoveVM("a").Keyed(new string('~', 128))));
        Assert.NotNull(CommandValidator.Check(Make.RemoveVM("a").Keyed(new string('~', 129))));
        Assert.Equal(
            "a request hash without an idempotency key",
            CommandValidator.Check(Make.RemoveVM("a").Keyed("", requestHash: 1))!.Detail);
    }

    [Fact]
    public void A_key_needs_the_version_that_brought_it()
    {
        Assert.Equal(3U, CommandVersions.Needed(Make.RemoveVM("a").Keyed("k")));
        Assert.Equal(1U, CommandVersions.Needed(Make.RemoveVM("a")));
    }
}
