using Blixard.Node.Replication;
using Blixard.Node.Tests.Api;
using Blixard.Raft.Core;
using Blixard.Raft.Host;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.Planning;

namespace Blixard.Node.Tests.Replication;

public sealed class ProposerTests : IDisposable
{
    private readonly FakeTime _time = new();
    private readonly MemoryCluster _cluster;
    private readonly MemoryMember _leader;
    private readonly MemoryMember _follower;

    public ProposerTests()
    {
        _cluster = new(_time, "n1", "n2", "n3");
        (_leader, _follower) = (_cluster["n1"], _cluster["n2"]);
    }

    public void Dispose() => _cluster.Dispose();

    [Theory]
    [InlineData("n1")]
    [InlineData("n2")]
    public async Task A_command_is_visible_where_it_was_proposed_once_the_answer_is_there(string node)
    {
        await StartAsync();
        var result = await _cluster[node].Proposer.ProposeAsync(_cluster[node].Register("web1"), default);

        Assert.Equal(_cluster[node].Replica.State.Index, Assert.IsType<Applied>(result).Index);
        Assert.Contains("web1", _cluster[node].Replica.State.Vms.Keys);
    }

    [Fact]
    public async Task Thousands_of_commands_at_once_are_each_applied_once_and_stay_within_the_sessions_bounds()
    {
        await StartAsync();
        var results = await Task.WhenAll(_cluster.Members.SelectMany(member =>
            Enumerable.Range(0, 1000).Select(i => member.Proposer.ProposeAsync(member.Register($"{member.Name}-{i}"), default))));

        Assert.All(results, result => Assert.IsType<Applied>(result));
        Assert.Equal(3000, _leader.Replica.State.Vms.Count);
        Assert.All(
            _leader.Replica.State.Sessions.All.Values,
            session => Assert.InRange(session.Results.Count, 1, _leader.Replica.State.Settings.MaxSessionResults - 1));
        Assert.Single(_cluster.Members.Select(member => member.Replica.State.Hash).Distinct());
    }

    [Fact]
    public async Task Answers_that_are_in_are_acknowledged_with_the_next_command()
    {
        await StartAsync();
        for (var i = 0; i < 10; i++)
        {
            await _leader.Proposer.ProposeAsync(_leader.Register($"web{i}"), default);
        }

        var session = SessionOf("n1");
        Assert.Single(session.Results);
        Assert.Equal(session.Results.Keys.Single(), session.AcknowledgedBelow);
    }

    [Fact]
    public async Task A_proposal_that_is_lost_on_its_way_is_made_again_after_a_second_and_applied_once()
    {
        await StartAsync();
        _follower.LosesForwards = true;
        var proposing = _follower.Proposer.ProposeAsync(_follower.Register("web1"), default);
        await _time.SomebodyWaitsAsync(Proposer.RetryAfter);
        Assert.False(proposing.IsCompleted);

        _follower.LosesForwards = false;
        _time.Advance(Proposer.RetryAfter);

        Assert.IsType<Applied>(await proposing);
        Assert.Single(Commands("web1"));
    }

    [Fact]
    public async Task A_new_leader_is_proposed_to_at_once()
    {
        await StartAsync();
        _cluster.Hold = true;
        var proposing = _follower.Proposer.ProposeAsync(_follower.Register("web1"), default);
        await _time.SomebodyWaitsAsync(Proposer.RetryAfter);

        _cluster.Hold = false;
        _cluster.Elect("n3");

        Assert.IsType<Applied>(await proposing);
    }

    [Fact]
    public async Task A_command_that_is_committed_twice_is_applied_once()
    {
        await StartAsync();
        _cluster.Hold = true;
        var proposing = _follower.Proposer.ProposeAsync(_follower.Register("web1"), default);
        await _time.SomebodyWaitsAsync(Proposer.RetryAfter);
        _time.Advance(Proposer.RetryAfter);
        await _time.SomebodyWaitsAsync(Proposer.RetryAfter);
        Assert.Equal(2, _cluster.Held);

        _cluster.Hold = false;
        _cluster.Release();

        var applied = Assert.IsType<Applied>(await proposing);
        Assert.Equal(2, Commands("web1").Length);
        Assert.Equal(Commands("web1")[0].Index, applied.Index);
        Assert.Equal(applied, SessionOf("n2").Results.Values.Single());
    }

    [Fact]
    public async Task Without_a_leader_nothing_is_done_and_that_is_said_when_an_election_would_be_over()
    {
        await StartAsync();
        _cluster.LoseLeader();
        var proposing = _follower.Proposer.ProposeAsync(_follower.Register("web1"), default);
        await _time.SomebodyWaitsAsync(Proposer.RetryAfter);
        _time.Advance(Proposer.RetryAfter);
        await _time.SomebodyWaitsAsync(Proposer.LeaderlessPatience - Proposer.RetryAfter);
        Assert.False(proposing.IsCompleted);
        _time.Advance(Proposer.LeaderlessPatience - Proposer.RetryAfter);

        await Assert.ThrowsAsync<NoLeaderException>(() => proposing);
        _cluster.Elect("n1");
        Assert.Empty(Commands("web1"));
    }

    [Fact]
    public async Task In_a_minority_that_lasts_a_write_is_refused_at_once()
    {
        await StartAsync();
        _follower.Cut();
        _time.Advance(Proposer.LeaderlessPatience);
        var handed = _follower.Proposals;

        var refused = await Assert.ThrowsAsync<NoLeaderException>(
            () => _follower.Proposer.ProposeAsync(_follower.Register("web1"), default));

        Assert.Contains("Nobody has led for 2 s", refused.Message);
        Assert.Equal(handed, _follower.Proposals);
        _follower.Heal();
        Assert.IsType<Applied>(await _follower.Proposer.ProposeAsync(_follower.Register("web1"), default));
    }

    [Fact]
    public async Task An_election_of_a_second_is_bridged()
    {
        await StartAsync();
        _cluster.LoseLeader();
        var proposing = _follower.Proposer.ProposeAsync(_follower.Register("web1"), default);
        await _time.SomebodyWaitsAsync(Proposer.RetryAfter);
        _time.Advance(TimeSpan.FromMilliseconds(900));
        _cluster.Elect("n3");

        Assert.IsType<Applied>(await proposing);
    }

    [Fact]
    public async Task What_the_leader_refuses_for_the_load_is_said_to_be_overloaded_not_unknown()
    {
        await StartAsync();
        _follower.RefusedByLeader = ProposeStatus.Overloaded;
        var proposing = _follower.Proposer.ProposeAsync(_follower.Register("web1"), default);
        await PassPausesUntilAsync(proposing);

        await Assert.ThrowsAsync<OverloadedException>(() => proposing);
        Assert.Empty(Commands("web1"));
    }

    [Fact]
    public async Task What_the_leader_has_no_space_for_is_taken_by_the_next_one()
    {
        await StartAsync();
        _follower.RefusedByLeader = ProposeStatus.NoSpace;
        var proposing = _follower.Proposer.ProposeAsync(_follower.Register("web1"), default);
        await _time.SomebodyWaitsAsync(PendingProposal.OverloadPause);
        _time.Advance(PendingProposal.OverloadPause);
        await _time.SomebodyWaitsAsync(PendingProposal.OverloadPause);
        Assert.False(proposing.IsCompleted);

        _follower.RefusedByLeader = null;
        _cluster.Elect("n3");

        Assert.IsType<Applied>(await proposing);
        Assert.Single(Commands("web1"));
    }

    [Fact]
    public async Task Where_no_other_takes_over_from_a_leader_without_space_that_is_said()
    {
        await StartAsync();
        _follower.RefusedByLeader = ProposeStatus.NoSpace;
        var proposing = _follower.Proposer.ProposeAsync(_follower.Register("web1"), default);
        await PassPausesUntilAsync(proposing);

        await Assert.ThrowsAsync<NoSpaceException>(() => proposing);
        Assert.Empty(Commands("web1"));
    }

    [Fact]
    public async Task A_node_whose_own_disk_is_full_says_so_at_once()
    {
        await StartAsync();
        _follower.IsFull = true;
        _follower.RefusedByLeader = ProposeStatus.NoSpace;
        var proposing = _follower.Proposer.ProposeAsync(_follower.Register("web1"), default);
        await _time.SomebodyWaitsAsync(PendingProposal.OverloadPause);
        _time.Advance(PendingProposal.OverloadPause);

        await Assert.ThrowsAsync<NoSpaceException>(() => proposing);
    }

    [Fact]
    public async Task One_copy_that_is_refused_says_nothing_about_another_that_is_out()
    {
        await StartAsync();
        _follower.LosesForwards = true;
        var proposing = _follower.Proposer.ProposeAsync(_follower.Register("web1"), default);
        await _time.SomebodyWaitsAsync(Proposer.RetryAfter);
        _follower.RefusedByLeader = ProposeStatus.Overloaded;
        _time.Advance(Proposer.RetryAfter);
        await PassPausesUntilAsync(proposing);

        await Assert.ThrowsAsync<OutcomeUnknownException>(() => proposing);
    }

    [Fact]
    public async Task What_was_forwarded_and_has_no_answer_at_the_deadline_has_an_unknown_outcome()
    {
        await StartAsync();
        _follower.LosesForwards = true;
        var proposing = _follower.Proposer.ProposeAsync(_follower.Register("web1"), default);
        await PassDeadlineAsync();

        await Assert.ThrowsAsync<OutcomeUnknownException>(() => proposing);
    }

    [Fact]
    public async Task A_command_whose_outcome_was_given_up_is_not_applied_after_a_later_one()
    {
        await StartAsync();
        _cluster.Hold = true;
        var proposing = _follower.Proposer.ProposeAsync(_follower.Register("web1"), default);
        await PassDeadlineAsync();
        await Assert.ThrowsAsync<OutcomeUnknownException>(() => proposing);
        var late = _cluster.Held;

        _cluster.Hold = false;
        Assert.IsType<Applied>(await _follower.Proposer.ProposeAsync(_follower.Register("web2"), default));
        _cluster.Release();

        Assert.True(late > 0);
        Assert.DoesNotContain("web1", _leader.Replica.State.Vms.Keys);
        Assert.Contains("web2", _leader.Replica.State.Vms.Keys);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_was_given_up_is_asked_for_again_through_another_node_under_another_leader_and_applied_once(
        bool wasAppended)
    {
        await StartAsync();
        await KnowKeysAsync();
        await _follower.Proposer.ProposeAsync(_follower.Register("web0"), default);
        _cluster.Hold = true;
        var proposing = _follower.Proposer.ProposeAsync(_follower.Register("web1"), default);
        await PassDeadlineAsync();
        var unknown = await Assert.ThrowsAsync<OutcomeUnknownException>(() => proposing);
        _cluster.Hold = false;
        if (wasAppended)
        {
            _cluster.Release();
        }

        _cluster.Elect("n3");
        var key = IdempotencyKey.Of(unknown.Number!.Value, requestHash: 7);
        var results = new List<CommandResult>();
        foreach (var node in new[] { "n3", "n1", "n2" })
        {
            var again = _cluster[node].Register("web1");
            key.Stamp(again);
            results.Add(await _cluster[node].Proposer.ProposeAsync(again, default));
        }

        Assert.Single(results.Distinct());
        Assert.IsType<Applied>(results[0]);
        Assert.Contains("web1", _leader.Replica.State.Vms.Keys);
        Assert.Single(_cluster.Members.Select(member => member.Replica.State.Hash).Distinct());
    }

    [Fact]
    public async Task A_command_with_a_key_is_applied_once_when_it_is_sent_again_after_a_change_of_leader()
    {
        await StartAsync();
        await KnowKeysAsync();
        var key = IdempotencyKey.Parse("k1", 7)!;
        var first = _follower.Register("web1");
        key.Stamp(first);
        var applied = await _follower.Proposer.ProposeAsync(first, default);
        _cluster.Elect("n3");
        await _cluster["n3"].Proposer.ProposeAsync(Command.Of(new RemoveVM { Vm = "web1" }), default);

        var again = _cluster["n3"].Register("web1");
        key.Stamp(again);

        Assert.Equal(applied, await _cluster["n3"].Proposer.ProposeAsync(again, default));
        Assert.DoesNotContain("web1", _leader.Replica.State.Vms.Keys);
    }

    [Fact]
    public async Task What_was_given_up_with_a_key_to_ask_again_is_not_applied_after_a_later_command_either()
    {
        await StartAsync();
        await KnowKeysAsync();
        _cluster.Hold = true;
        var proposing = _follower.Proposer.ProposeAsync(_follower.Register("web1"), default);
        var neighbour = _follower.Proposer.ProposeAsync(_follower.Register("web3"), default);
        await PassDeadlineAsync();
        var unknown = await Assert.ThrowsAsync<OutcomeUnknownException>(() => proposing);
        await Assert.ThrowsAsync<OutcomeUnknownException>(() => neighbour);

        _cluster.Hold = false;
        Assert.IsType<Applied>(await _follower.Proposer.ProposeAsync(_follower.Register("web2"), default));
        _cluster.Release();

        Assert.True(_leader.Replica.State.Sessions.All[unknown.Number!.Value.Session].Closed);
        Assert.Equal(["web2"], _leader.Replica.State.Vms.Keys);
    }

    [Fact]
    public async Task A_command_that_is_out_while_its_session_is_retired_still_gets_its_answer()
    {
        await StartAsync();
        await KnowKeysAsync();
        _cluster.Hold = true;
        var proposing = _follower.Proposer.ProposeAsync(_follower.Register("web1"), default);
        for (var passed = TimeSpan.Zero; passed < Proposer.Deadline - Proposer.RetryAfter; passed += Proposer.RetryAfter)
        {
            await _time.SomebodyWaitsAsync(Proposer.RetryAfter);
            _time.Advance(Proposer.RetryAfter);
        }

        var later = _follower.Proposer.ProposeAsync(_follower.Register("web2"), default);
        await _time.SomebodyWaitsAsync(Proposer.RetryAfter);
        _time.Advance(Proposer.RetryAfter);
        await Assert.ThrowsAsync<OutcomeUnknownException>(() => proposing);
        Assert.False(later.IsCompleted);

        _cluster.Hold = false;
        _cluster.Release();

        Assert.IsType<Applied>(await later);
    }

    [Fact]
    public async Task A_leader_that_holds_too_much_refuses()
    {
        await StartAsync();
        _leader.IsOverloaded = true;
        var proposing = _leader.Proposer.ProposeAsync(_leader.Register("web1"), default);
        await PassPausesUntilAsync(proposing);

        await Assert.ThrowsAsync<OverloadedException>(() => proposing);
    }

    [Fact]
    public async Task More_callers_than_the_bound_are_refused_at_once()
    {
        await StartAsync();
        _cluster.LoseLeader();
        using var stop = new CancellationTokenSource();
        var waiting = Enumerable.Range(0, Proposer.MaxCallers)
            .Select(i => _leader.Proposer.ProposeAsync(_leader.Register($"web{i}"), stop.Token)).ToArray();

        await Assert.ThrowsAsync<OverloadedException>(() => _leader.Proposer.ProposeAsync(_leader.Register("one"), default));
        Assert.Equal(Proposer.MaxCallers, _leader.Proposer.InFlight);

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.WhenAll(waiting));
        Assert.Equal(0, _leader.Proposer.InFlight);
    }

    [Fact]
    public async Task A_command_that_an_older_node_would_not_understand_is_not_proposed()
    {
        foreach (var member in _cluster.Members)
        {
            member.ClusterVersion = member.Name == "n3" ? CommandVersions.Oldest : CommandVersions.Newest;
        }

        await StartAsync();
        foreach (var member in _cluster.Members)
        {
            Assert.IsType<Applied>(await member.Proposer.ProposeAsync(Command.Of(member.Describe()), default));
        }

        var before = _leader.Replica.State.Index;
        var refused = await Assert.ThrowsAsync<VersionGateException>(AdvanceAsync);
        Assert.Equal(
            "AdvanceTime needs cluster version 2, the cluster has 1: n3 must run a newer blixard-node first.",
            refused.Message);
        Assert.Equal(before, _leader.Replica.State.Index);

        _cluster["n3"].ClusterVersion = CommandVersions.Newest;
        await _cluster["n3"].Proposer.ProposeAsync(Command.Of(_cluster["n3"].Describe()), default);
        var raise = Command.Of(ClusterVersions.Plan(
            _leader.Replica.State, [.. _leader.Status.Configuration.Members.Select(member => member.Value)])!);
        Assert.IsType<Applied>(await _leader.Proposer.ProposeAsLeaderAsync(raise, 1, default));
        Assert.IsType<Applied>(await AdvanceAsync());

        Task<CommandResult> AdvanceAsync() => _leader.Proposer.ProposeAsLeaderAsync(
            Command.Of(new AdvanceTime { ElapsedMs = 1 }), 1, default);
    }

    [Fact]
    public async Task A_malformed_command_is_rejected_without_being_proposed()
    {
        await StartAsync();
        var before = _cluster.Log.Count;
        var result = await _leader.Proposer.ProposeAsync(_leader.Register("../etc"), default);

        Assert.Equal(RejectionReason.Invalid, Assert.IsType<Rejected>(result).Reason);
        Assert.Equal(before, _cluster.Log.Count);
    }

    [Fact]
    public async Task A_forgotten_session_is_replaced_and_the_command_applied()
    {
        await StartAsync();
        await _follower.Proposer.ProposeAsync(_follower.Register("web1"), default);
        var forgotten = SessionOf("n2").Id;
        ForgetAllSessions();

        Assert.IsType<Applied>(await _follower.Proposer.ProposeAsync(_follower.Register("web2"), default));
        Assert.DoesNotContain(forgotten, _leader.Replica.State.Sessions.All.Keys);
        Assert.Contains("web2", _follower.Replica.State.Vms.Keys);
    }

    [Fact]
    public async Task What_a_snapshot_covers_is_answered_from_its_sessions()
    {
        await StartAsync();
        await _follower.Proposer.ProposeAsync(_follower.Register("web1"), default);
        _cluster.Hold = true;
        var proposing = _follower.Proposer.ProposeAsync(_follower.Register("web2"), default);
        await _time.SomebodyWaitsAsync(Proposer.RetryAfter);
        _follower.Cut();
        _cluster.Hold = false;
        _cluster.Release();
        Assert.False(proposing.IsCompleted);

        _follower.HealFromSnapshotOf(_leader);

        var applied = Assert.IsType<Applied>(await proposing);
        Assert.Equal(Commands("web2").Single().Index, applied.Index);
    }

    [Fact]
    public async Task A_session_that_was_forgotten_within_a_snapshot_leaves_the_outcome_unknown()
    {
        await StartAsync();
        _cluster.Hold = true;
        var proposing = _follower.Proposer.ProposeAsync(_follower.Register("web1"), default);
        await _time.SomebodyWaitsAsync(Proposer.RetryAfter);
        _follower.Cut();
        _cluster.Hold = false;
        _cluster.Release();
        ForgetAllSessions();

        _follower.HealFromSnapshotOf(_leader);
        _time.Advance(Proposer.RetryAfter);

        await Assert.ThrowsAsync<OutcomeUnknownException>(() => proposing);
    }

    [Fact]
    public async Task A_decision_of_the_leader_carries_its_term()
    {
        await StartAsync();
        Assert.IsType<Applied>(await _leader.Proposer.ProposeAsLeaderAsync(_leader.Register("web1"), 1, default));
        Assert.Equal(1UL, Decode(Commands("web1").Single()).DecidedTerm);
    }

    [Theory]
    [InlineData("n2", 1)]
    [InlineData("n1", 2)]
    public async Task A_decision_is_not_taken_from_who_does_not_lead_in_that_term(string node, ulong term)
    {
        await StartAsync();
        await Assert.ThrowsAsync<NoLeaderException>(
            () => _cluster[node].Proposer.ProposeAsLeaderAsync(_cluster[node].Register("web1"), term, default));
        Assert.Empty(Commands("web1"));
    }

    [Fact]
    public async Task A_decision_whose_leadership_ends_before_it_is_committed_is_not_made_again()
    {
        await StartAsync();
        _cluster.Hold = true;
        var proposing = _leader.Proposer.ProposeAsLeaderAsync(_leader.Register("web1"), 1, default);
        await _time.SomebodyWaitsAsync(Proposer.RetryAfter);

        _cluster.Hold = false;
        _cluster.Elect("n2");

        await Assert.ThrowsAsync<OutcomeUnknownException>(() => proposing);
        Assert.Empty(Commands("web1"));
    }

    /// <summary>n1 leads, the nodes are known, and each has its session.</summary>
    private async Task StartAsync()
    {
        _cluster.Elect("n1");
        foreach (var member in _cluster.Members)
        {
            Assert.IsType<Applied>(await member.Proposer.ProposeAsync(Command.Of(member.Describe()), default));
        }
    }

    /// <summary>The cluster has the version from which on there are keys.</summary>
    private async Task KnowKeysAsync()
    {
        foreach (var member in _cluster.Members)
        {
            member.ClusterVersion = CommandVersions.Keys;
            await member.Proposer.ProposeAsync(Command.Of(member.Describe()), default);
        }

        var raise = Command.Of(new SetClusterVersion { Version = CommandVersions.Keys });
        Assert.IsType<Applied>(await _leader.Proposer.ProposeAsLeaderAsync(raise, 1, default));
    }

    /// <summary>
    /// Pause after pause, for as long as it takes: a timer that somebody else left behind may be due in one, too, and
    /// then the clock goes on before the proposal has set its own.
    /// </summary>
    private async Task PassPausesUntilAsync(Task proposing)
    {
        while (!proposing.IsCompleted)
        {
            var waits = _time.SomebodyWaitsAsync(PendingProposal.OverloadPause);
            if (await Task.WhenAny(proposing, waits) == waits)
            {
                await waits;
                _time.Advance(PendingProposal.OverloadPause);
            }
        }
    }

    private async Task PassDeadlineAsync()
    {
        for (var passed = TimeSpan.Zero; passed < Proposer.Deadline; passed += Proposer.RetryAfter)
        {
            await _time.SomebodyWaitsAsync(Proposer.RetryAfter);
            _time.Advance(Proposer.RetryAfter);
        }
    }

    private void ForgetAllSessions()
    {
        for (var i = 0; i < _leader.Replica.State.Settings.MaxSessions; i++)
        {
            var open = Command.Of(new OpenSession { Nonce = (ulong)i + 1 });
            open.Actor = "n9";
            open.TimeUnixMs = _time.GetUtcNow().ToUnixTimeMilliseconds();
            _cluster.Propose(_leader, CommandCodec.Encode(open), null);
        }
    }

    private StateMachine.State.Session SessionOf(string node) =>
        _leader.Replica.State.Sessions.All.Values.Last(session => session.Actor == node);

    private LogEntry[] Commands(string vm) =>
        [.. _cluster.Log.Where(entry => entry.Kind == EntryKind.Command && Decode(entry).RegisterVm?.Vm == vm)];

    private static Command Decode(LogEntry entry) => CommandCodec.Decode(new(entry.Index, entry.Term, entry.Data));
}
