using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.StateMachine.Tests.State;

public sealed class SessionTests
{
    private readonly Replica _replica = Replica.With("n1");

    [Fact]
    public void A_sessions_id_is_its_index_and_the_nonce_comes_back()
    {
        var outcome = _replica.Do(Make.OpenSession(nonce: 42));

        var session = Assert.Single(_replica.State.Sessions.All).Value;
        Assert.Equal(42UL, outcome.Nonce);
        Assert.Equal(new Applied(_replica.State.Index), outcome.Result);
        Assert.Equal((_replica.State.Index, 42UL, "n1"), (session.Id, session.Nonce, session.Actor));
    }

    [Fact]
    public void A_command_sent_twice_is_applied_once_and_answered_twice()
    {
        var session = Open();
        var command = Make.RegisterVM("web", "n1").In(session, 1);
        var first = _replica.Do(command);
        _replica.Do(Make.RemoveVM("web").In(session, 2));
        var before = _replica.State;

        var second = _replica.Apply(command, term: 9);

        Assert.True(second.Duplicate);
        Assert.Equal(first.Result, second.Result);
        Assert.Empty(second.Changes);
        Assert.Equal((session, 1UL), (second.ClientId, second.Sequence));
        Assert.Equal(before.Hash, second.State.Hash);
        Assert.Same(before.Sessions, second.State.Sessions);
        Assert.Empty(second.State.Vms);
    }

    [Fact]
    public void A_rejection_is_remembered_as_well()
    {
        var session = Open();
        var command = Make.RegisterVM("web", "n2").In(session, 1);
        var first = _replica.Apply(command);
        Assert.IsType<Rejected>(first.Result);
        _replica.Do(Make.RegisterNode("n2"));

        Assert.Equal(first.Result, _replica.Apply(command).Result);
        Assert.Empty(_replica.State.Vms);
    }

    [Fact]
    public void Commands_may_come_in_any_order()
    {
        var session = Open();

        _replica.Do(Make.RegisterVM("b", "n1").In(session, 3));
        _replica.Do(Make.RegisterVM("a", "n1").In(session, 1));
        _replica.Do(Make.RegisterVM("c", "n1").In(session, 2));

        Assert.Equal(["a", "b", "c"], _replica.State.Vms.Keys);
    }

    [Fact]
    public void What_is_acknowledged_is_forgotten_and_refused_if_it_comes_again()
    {
        var session = Open();
        _replica.Do(Make.RemoveVM("a").In(session, 1));
        _replica.Do(Make.RemoveVM("b").In(session, 2));
        _replica.Do(Make.RemoveVM("c").In(session, 3, acknowledgedBelow: 3));

        Assert.Equal([3UL], _replica.State.Sessions.All[session].Results.Keys);
        _replica.Refuses(
            Make.RemoveVM("a").In(session, 1),
            RejectionReason.AlreadyAcknowledged,
            $"session {session} acknowledged everything below 3, 1 too");
    }

    [Fact]
    public void An_older_acknowledgement_takes_nothing_back()
    {
        var session = Open();
        _replica.Do(Make.RemoveVM("a").In(session, 5, acknowledgedBelow: 4));

        _replica.Do(Make.RemoveVM("b").In(session, 4, acknowledgedBelow: 2));

        Assert.Equal(4UL, _replica.State.Sessions.All[session].AcknowledgedBelow);
    }

    [Fact]
    public void A_session_that_is_not_open_never_applies_anything() => _replica.Refuses(
        Make.RegisterVM("web", "n1").In(session: 77, sequence: 1),
        RejectionReason.SessionExpired,
        "session 77 is not open: it was forgotten, or never was");

    [Fact]
    public void A_full_session_refuses_until_it_acknowledges()
    {
        var replica = new Replica(ClusterState.StartingWith(new ClusterSettings(MaxSessions: 2, MaxSessionResults: 2)));
        var session = replica.Do(Make.OpenSession()).State.Index;
        replica.Do(Make.RemoveVM("a").In(session, 1));
        replica.Do(Make.RemoveVM("a").In(session, 2));

        replica.Refuses(
            Make.RemoveVM("a").In(session, 3),
            RejectionReason.SessionFull,
            $"session {session} holds 2 results that were not acknowledged");

        replica.Do(Make.RemoveVM("a").In(session, 3, acknowledgedBelow: 2));
        Assert.Equal([2UL, 3UL], replica.State.Sessions.All[session].Results.Keys);
    }

    [Fact]
    public void Opening_one_too_many_forgets_the_session_unused_the_longest()
    {
        var replica = new Replica(ClusterState.StartingWith(new ClusterSettings(MaxSessions: 2, MaxSessionResults: 8)));
        var first = replica.Do(Make.OpenSession(1)).State.Index;
        var second = replica.Do(Make.OpenSession(2)).State.Index;
        replica.Do(Make.RemoveVM("a").In(first, 1));

        var third = replica.Do(Make.OpenSession(3)).State.Index;

        Assert.Equal([first, third], replica.State.Sessions.All.Keys);
        Assert.Equal(
            RejectionReason.SessionExpired,
            Assert.IsType<Rejected>(replica.Apply(Make.RemoveVM("a").In(second, 1)).Result).Reason);
    }

    [Fact]
    public void A_command_outside_any_session_is_applied_each_time()
    {
        var command = Make.RegisterVM("web", "n1");
        _replica.Do(command);
        _replica.Do(Make.RemoveVM("web"));

        var again = _replica.Do(command);

        Assert.False(again.Duplicate);
        Assert.Single(_replica.State.Vms);
    }

    [Fact]
    public void A_retry_after_a_change_of_leader_gets_the_first_answer_not_TermChanged()
    {
        var session = Open();
        var command = Make.Lost("n1").In(session, 1);
        var first = _replica.Do(command);

        Assert.Equal(first.Result, _replica.Apply(command, term: 2).Result);
    }

    /// <summary>A client that loses, doubles and reorders at will: each sequence takes effect at most once.</summary>
    [Fact]
    public void Each_sequence_takes_effect_once_whatever_the_network_does()
    {
        for (var seed = 0; seed < 50; seed++)
        {
            var random = new Random(seed);
            var replica = Replica.With("n1");
            var session = replica.Do(Make.OpenSession()).State.Index;
            var created = new SortedSet<ulong>();
            ulong acknowledged = 0;
            for (var step = 0; step < 200; step++)
            {
                var sequence = (ulong)random.Next(1, 40);
                acknowledged = Math.Min(Math.Max(acknowledged, (ulong)random.Next(0, 1 + (step / 8))), sequence);
                var outcome = replica.Apply(
                    Make.RegisterVM($"vm{sequence}", "n1").In(session, sequence, acknowledged));
                if (outcome.Changes.Length > 0)
                {
                    Assert.True(created.Add(sequence), $"seed {seed}: {sequence} was applied twice");
                }

                replica.Apply(Make.RemoveVM($"vm{sequence}"));
            }

            Assert.True(created.Count > 10, $"seed {seed}: the client got nothing done");
        }
    }

    private ulong Open() => _replica.Do(Make.OpenSession()).State.Index;
}
