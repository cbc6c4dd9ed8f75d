using Blixard.Node.Coordinator;
using Blixard.Node.Replication;
using Blixard.Node.Tests.Replication;
using Blixard.Raft.Core;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.Planning;
using Blixard.StateMachine.State;
using Microsoft.Extensions.Logging.Abstractions;

namespace Blixard.Node.Tests.Coordinator;

public sealed class MembershipLoopTests : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly FakeTime _time = new();
    private readonly MemoryCluster _cluster;
    private readonly List<MembershipLoop> _loops = [];
    private readonly Dictionary<string, MembershipTrouble> _troubles = [];

    public MembershipLoopTests() => _cluster = new(_time, "n1", "n2", "n3");

    public async ValueTask DisposeAsync()
    {
        foreach (var loop in _loops)
        {
            await loop.StopAsync(default);
            loop.Dispose();
        }

        _cluster.Dispose();
    }

    [Fact]
    public async Task An_added_node_learns_and_the_wish_is_settled()
    {
        await StartAsync();

        var settled = await AskAsync("n2", Add("n4", 0x44));

        Assert.Equal("", settled.Refused);
        Assert.Equal([new MemberId(0x44)], _cluster.Configuration.Learners);
        Assert.Equal(NodeStatus.Unknown, _cluster["n1"].Replica.State.Nodes["n4"].Status);
    }

    [Fact]
    public async Task A_removed_voter_leaves_the_configuration_and_then_the_state()
    {
        await StartAsync();

        var settled = await AskAsync("n2", Ask(MembershipChangeKind.Remove, "n3"));

        Assert.Equal("", settled.Refused);
        Assert.Equal(Configuration.Of(new(1), new(2)), _cluster.Configuration);
        Assert.Equal(["n1", "n2"], _cluster["n2"].Replica.State.Nodes.Keys);
        Assert.Contains(3UL, _cluster["n2"].Replica.State.Membership.Removed.Keys);
    }

    [Fact]
    public async Task A_change_that_is_withdrawn_before_it_is_in_the_log_is_not_made()
    {
        foreach (var member in _cluster.Members)
        {
            member.ClusterVersion = CommandVersions.Keys;
        }

        _cluster.RefusesChange = _ => new(ChangeStatus.ChangePending, 0, MemberId.None, "not now");
        await StartAsync();
        await _cluster["n1"].Proposer.ProposeAsLeaderAsync(
            Command.Of(new SetClusterVersion { Version = CommandVersions.Keys }), 1, default).WaitAsync(Patience);
        var asking = AskAsync("n2", Ask(MembershipChangeKind.Remove, "n3"));
        var pending = await PendingAsync(_cluster["n2"].Replica);

        var cancelled = await _cluster["n3"].Proposer.ProposeAsync(
            Command.Of(new CancelMembershipChange { Request = pending.Request }), default).WaitAsync(Patience);

        Assert.IsType<Applied>(cancelled);
        Assert.Equal("withdrawn through n3", (await asking).Refused);
        Assert.Null(_cluster["n1"].Replica.State.Membership.Pending);
        Assert.Contains("n3", _cluster["n1"].Replica.State.Nodes.Keys);
        Assert.Empty(_cluster.Changes);
    }

    [Fact]
    public async Task What_the_engine_refuses_comes_back_with_its_reason_and_nothing_is_different()
    {
        await StartAsync();
        _cluster.RefusesChange = _ => new(ChangeStatus.QuorumAtRisk, 0, MemberId.None, "fewer voters than a majority answer");

        var settled = await AskAsync("n2", Ask(MembershipChangeKind.Remove, "n3"));

        Assert.Equal("fewer voters than a majority answer", settled.Refused);
        Assert.Equal(3, _cluster.Configuration.Voters.Count);
        Assert.Equal(["n1", "n2", "n3"], _cluster["n2"].Replica.State.Nodes.Keys);
    }

    [Fact]
    public async Task What_the_engine_calls_a_member_is_told_by_name()
    {
        await StartAsync();
        await AskAsync("n1", Add("n4", 0x44));
        _cluster.RefusesChange = _ => new(
            ChangeStatus.LearnerBehind, 0, new(0x44), $"{new MemberId(0x44)} lacks 1234 entries");

        Assert.Equal("n4 lacks 1234 entries", (await AskAsync("n1", Ask(MembershipChangeKind.Promote, "n4"))).Refused);
    }

    [Fact]
    public async Task The_next_leader_finishes_what_the_last_one_began()
    {
        await StartAsync();
        _cluster.ElectAfterChange = "n2";

        var settled = await AskAsync("n3", Ask(MembershipChangeKind.Remove, "n1"));

        Assert.Equal("", settled.Refused);
        Assert.Single(_cluster.Changes);
        Assert.Equal(["n2", "n3"], _cluster["n3"].Replica.State.Nodes.Keys);
    }

    [Fact]
    public async Task Leadership_goes_where_it_was_asked_to_and_the_new_leader_says_so()
    {
        await StartAsync();

        Assert.Equal("", (await AskAsync("n2", Ask(MembershipChangeKind.Transfer, "n3"))).Refused);

        Assert.True(_cluster["n3"].Status.IsLeader);
    }

    [Fact]
    public async Task Leadership_does_not_go_to_a_learner()
    {
        await StartAsync();
        await AskAsync("n1", Add("n4", 0x44));

        Assert.Equal("n4 is no voter", (await AskAsync("n1", Ask(MembershipChangeKind.Transfer, "n4"))).Refused);
    }

    [Fact]
    public async Task The_only_voter_is_not_removed_while_nobody_can_take_its_place()
    {
        await StartAsync();
        _cluster.Configuration = new([new(1)], [new(2)]);

        Assert.Equal(
            "n1 is the only voter, and no learner is caught up to take its place",
            (await AskAsync("n1", Ask(MembershipChangeKind.Remove, "n1"))).Refused);
    }

    [Fact]
    public async Task A_learner_that_answers_takes_the_place_of_the_only_voter()
    {
        await StartAsync();
        _cluster.Configuration = new([new(1)], [new(2), new(3)]);
        _cluster["n2"].SeenByLeader = _cluster["n2"].SeenByLeader with { IsActive = true, Match = 1 };
        _cluster["n3"].SeenByLeader = _cluster["n3"].SeenByLeader with { IsActive = true, Match = 5 };
        _cluster.ElectAfterChange = "n3";

        Assert.Equal("", (await AskAsync("n2", Ask(MembershipChangeKind.Remove, "n1"))).Refused);

        Assert.Equal(new Configuration([new(3)], [new(2)]), _cluster.Configuration);
    }

    [Fact]
    public async Task Learners_are_promoted_once_they_were_healthy_for_long_enough()
    {
        _cluster.Configuration = new([new(1)], [new(2), new(3)]);
        await StartAsync(VoterRoleRules.Default);

        await PassAsync(VoterRoleRules.Default.StableFor - MembershipLoop.LookEvery);
        Assert.Single(_cluster.Configuration.Voters);

        await PassAsync(MembershipLoop.LookEvery * 3);
        Assert.Equal(Configuration.Of(new(1), new(2), new(3)), _cluster.Configuration);
    }

    [Fact]
    public async Task Without_automatic_roles_nobody_is_promoted_but_by_request()
    {
        _cluster.Configuration = new([new(1)], [new(2), new(3)]);
        await StartAsync();
        await PassAsync(TimeSpan.FromSeconds(30));
        Assert.Single(_cluster.Configuration.Voters);

        Assert.Equal("", (await AskAsync("n3", Ask(MembershipChangeKind.Promote, "n2"))).Refused);

        Assert.Equal(new Configuration([new(1), new(2)], [new(3)]), _cluster.Configuration);
    }

    [Fact]
    public async Task A_wish_that_nobody_can_carry_out_is_told_as_unknown_and_stands()
    {
        await StartAsync();
        _cluster.RefusesChange = _ => new(ChangeStatus.ChangePending, 0, MemberId.None, "another is not finished");
        var asking = AskAsync("n2", Ask(MembershipChangeKind.Remove, "n3"));
        await UntilAsync("n2", state => state.Membership.Pending is not null);
        await PassAsync(MembershipRequests.Deadline);

        var unknown = await Assert.ThrowsAsync<OutcomeUnknownException>(() => asking.WaitAsync(Patience));
        Assert.Contains("asked for, at index", unknown.Message, StringComparison.Ordinal);
        Assert.Equal("n3", _cluster["n2"].Replica.State.Membership.Pending?.Node);

        // Asking again joins the same wish.
        asking = AskAsync("n1", Ask(MembershipChangeKind.Remove, "n3"));
        _cluster.RefusesChange = _ => null;
        await PassAsync(MembershipLoop.LookEvery * 2);
        Assert.Equal("", (await asking.WaitAsync(Patience)).Refused);
    }

    private static ChangeMembership Ask(MembershipChangeKind kind, string node) => new() { Kind = kind, Node = node };

    private static ChangeMembership Add(string node, ulong member) => new()
    {
        Kind = MembershipChangeKind.Add,
        Node = node,
        MemberId = member,
        RaftAddress = $"{node}:7481",
        ApiAddress = $"{node}:7480",
    };

    private async Task<SettledChange> AskAsync(string through, ChangeMembership body)
    {
        var member = _cluster[through];
        using var removal = new Removal(member.Id, member.Events, NullLogger<Removal>.Instance);
        var (settled, rejected) = await new MembershipRequests(member.Proposer, member.Replica, removal, _time)
            .AskAsync(body, key: null, default).WaitAsync(Patience);
        Assert.Null(rejected);
        return settled!.Value;
    }

    /// <param name="rules">Null: roles only by request.</param>
    private static async Task<PendingChange> PendingAsync(Replica replica)
    {
        while (true)
        {
            var next = replica.NextState;
            if (replica.State.Membership.Pending is { } pending)
            {
                return pending;
            }

            await next.WaitAsync(Patience);
        }
    }

    private async Task StartAsync(VoterRoleRules? rules = null)
    {
        _cluster.Elect("n1");
        foreach (var member in _cluster.Members)
        {
            Assert.IsType<Applied>(
                await member.Proposer.ProposeAsync(Command.Of(member.Describe()), default).WaitAsync(Patience));
            var loop = new MembershipLoop(
                new MembershipSettings(rules),
                member.Replica,
                member,
                member.Proposer,
                member.Events,
                _time,
                _troubles[member.Name] = new MembershipTrouble(),
                NullLogger<MembershipLoop>.Instance);
            _loops.Add(loop);
            await loop.StartAsync(default);
        }
    }

    private async Task UntilAsync(string on, Func<ClusterState, bool> holds)
    {
        var replica = _cluster[on].Replica;
        while (true)
        {
            var next = replica.NextState;
            if (holds(replica.State))
            {
                return;
            }

            await next.WaitAsync(Patience);
        }
    }

    /// <summary>In steps in which the loop looks again each time.</summary>
    private async Task PassAsync(TimeSpan time)
    {
        for (var passed = TimeSpan.Zero; passed < time; passed += MembershipLoop.LookEvery)
        {
            await _time.SomebodyWaitsAsync(MembershipLoop.LookEvery);
            _time.Advance(MembershipLoop.LookEvery);
        }

        await _time.SomebodyWaitsAsync(MembershipLoop.LookEvery);
    }
}
