using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.StateMachine.Tests.State;

/// <summary>Sessions end by log time, and by the order of the log where there are too many.</summary>
public sealed class SessionExpiryTests
{
    private static readonly TimeSpan Life = TimeSpan.FromMilliseconds(ApplyCluster.SessionLife);
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(ApplyCluster.MaxStep);

    [Fact]
    public void A_session_that_is_unused_for_its_life_ends_and_is_said_to_have_ended()
    {
        var replica = Replica.With("n1");
        var used = replica.Do(Make.OpenSession(1)).State.Index;
        var unused = replica.Do(Make.OpenSession(2)).State.Index;
        Pass(replica, Life);
        Assert.Equal([used, unused], replica.State.Sessions.All.Keys);
        replica.Do(Make.RegisterVM("web", "n1").In(used, 1));

        Pass(replica, TimeSpan.FromMilliseconds(1));

        Assert.Equal([used], replica.State.Sessions.All.Keys);
        replica.Refuses(
            Make.RegisterVM("db", "n1").In(unused, 1),
            RejectionReason.SessionExpired,
            $"session {unused} is not open: it was forgotten, or never was");
    }

    [Fact]
    public void What_was_done_in_a_session_that_ended_is_never_done_again()
    {
        var replica = Replica.With("n1");
        var session = replica.Do(Make.OpenSession()).State.Index;
        var command = Make.RegisterVM("web", "n1").In(session, 1);
        replica.Do(command);
        replica.Do(Make.RemoveVM("web"));
        Pass(replica, Life + Step);

        replica.Refuses(
            command, RejectionReason.SessionExpired, $"session {session} is not open: it was forgotten, or never was");
        Assert.Empty(replica.State.Vms);
    }

    [Fact]
    public void A_wall_clock_that_is_an_hour_and_more_ahead_ends_nothing()
    {
        var replica = Replica.With("n1");
        var session = replica.Do(Make.OpenSession()).State.Index;

        replica.Do(Make.RegisterVM("web", "n1").At(Replica.Start + (long)TimeSpan.FromDays(400).TotalMilliseconds));
        replica.Do(Make.Advance(TimeSpan.FromMinutes(1)).At(Replica.Start + (long)TimeSpan.FromDays(800).TotalMilliseconds));

        Assert.Contains(session, replica.State.Sessions.All.Keys);
    }

    [Fact]
    public void A_leader_that_measured_a_year_ends_nothing_at_once()
    {
        var replica = Replica.With("n1");
        var session = replica.Do(Make.OpenSession()).State.Index;

        replica.Do(Make.Advance(TimeSpan.FromDays(365)));

        Assert.Equal(Step.TotalMilliseconds, replica.State.LogTime);
        Assert.Contains(session, replica.State.Sessions.All.Keys);
    }

    [Fact]
    public void More_sessions_than_the_bound_end_in_the_order_of_their_last_use()
    {
        const int Bound = 1024;
        var state = ClusterState.StartingWith(new ClusterSettings(MaxSessions: Bound, MaxSessionResults: 8));
        ulong Open()
        {
            state = state.Apply(state.Index + 1, 1, Make.OpenSession(state.Index + 1)).State;
            return state.Index;
        }

        var first = Open();
        var second = Open();
        while (state.Sessions.All.Count < Bound)
        {
            Open();
        }

        state = state.Apply(state.Index + 1, 1, Make.RemoveVM("a").In(first, 1)).State;
        Open();

        Assert.Equal(Bound, state.Sessions.All.Count);
        Assert.Contains(first, state.Sessions.All.Keys);
        Assert.DoesNotContain(second, state.Sessions.All.Keys);
        Assert.Equal(StateHash.Recompute(state), state.Hash);
    }

    [Fact]
    public void The_1025th_answer_that_nobody_acknowledged_is_refused_and_nothing_is_applied()
    {
        var state = Replica.With("n1").State;
        state = state.Apply(state.Index + 1, 1, Make.OpenSession()).State;
        var session = state.Index;
        for (var sequence = 1UL; sequence <= 1024; sequence++)
        {
            var outcome = state.Apply(state.Index + 1, 1, Make.RemoveVM("a").In(session, sequence));
            Assert.IsType<Applied>(outcome.Result);
            state = outcome.State;
        }

        var refused = state.Apply(state.Index + 1, 1, Make.RegisterVM("web", "n1").In(session, 1025));
        var room = refused.State.Apply(
            state.Index + 2, 1, Make.RegisterVM("web", "n1").In(session, 1025, acknowledgedBelow: 2));

        Assert.Equal(RejectionReason.SessionFull, Assert.IsType<Rejected>(refused.Result).Reason);
        Assert.Empty(refused.State.Vms);
        Assert.IsType<Applied>(room.Result);
    }

    /// <summary>One replica applies all, the other is restored from a snapshot of each index in turn.</summary>
    [Fact]
    public void A_replica_from_a_snapshot_ends_the_same_sessions()
    {
        var whole = Replica.With("n1");
        var copied = new Replica(SnapshotTests.Copy(whole.State));
        var random = new Random(7);
        var sessions = new List<ulong>();
        var sequence = 0UL;
        var ended = 0;
        for (var i = 0; i < 300; i++)
        {
            var command = random.Next(3) switch
            {
                0 => Make.OpenSession((ulong)i + 1),
                1 => Make.Advance(TimeSpan.FromMinutes(random.Next(1, 6))),
                _ when sessions.Count > 0 => Make.RemoveVM("a").In(sessions[random.Next(sessions.Count)], ++sequence),
                _ => Make.RemoveVM("a"),
            };
            var result = whole.Apply(command).Result;
            Assert.Equal(result, copied.Apply(command).Result);
            Assert.Equal(whole.State.Hash, copied.State.Hash);
            if (command.BodyCase == Command.BodyOneofCase.OpenSession)
            {
                sessions.Add(whole.State.Index);
            }

            ended += result is Rejected { Reason: RejectionReason.SessionExpired } ? 1 : 0;
            copied = new Replica(SnapshotTests.Copy(copied.State));
        }

        Assert.True(ended > 10, $"only {ended} commands met a session that had ended");
    }

    private static void Pass(Replica replica, TimeSpan time)
    {
        for (; time > Step; time -= Step)
        {
            replica.Do(Make.Advance(Step));
        }

        replica.Do(Make.Advance(time));
    }
}
