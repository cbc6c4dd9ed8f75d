using Blixard.Node.Coordinator;
using Blixard.Node.Tests.Api;
using Blixard.Node.Tests.Replication;
using Blixard.Raft.Core;
using Blixard.StateMachine.Commands;

namespace Blixard.Node.Tests.Coordinator;

public sealed class DecisionsTests : IDisposable
{
    private readonly MemoryCluster _cluster = new(new FakeTime(), "n1", "n2", "n3");

    private MemoryMember Leader => _cluster["n1"];

    public void Dispose() => _cluster.Dispose();

    [Fact]
    public async Task Nothing_is_decided_while_all_is_well()
    {
        await StartAsync();
        Assert.Empty(Decide());
    }

    [Fact]
    public async Task A_node_that_is_silent_for_more_than_three_seconds_is_lost()
    {
        await StartAsync();
        Silence("n2", 3.0);
        Assert.Empty(Decide());

        Silence("n2", 3.1);

        var decision = Assert.Single(Decide());
        Assert.Equal(("n2", NodeStatus.Lost), (decision.Command.UpdateNode.Node, decision.Command.UpdateNode.Status));
        Assert.Equal(("node n2 is Lost", "no answer for 3100 ms"), (decision.Subject, decision.Reason));
    }

    [Fact]
    public async Task A_lost_node_that_answers_is_active_again()
    {
        await StartAsync();
        await LoseAsync("n2");
        Silence("n2", 0.1);

        Assert.Equal(NodeStatus.Active, Assert.Single(Decide()).Command.UpdateNode.Status);
    }

    [Fact]
    public async Task A_new_leader_does_not_take_a_lost_node_for_returned_before_it_has_acknowledged_anything()
    {
        await StartAsync();
        await LoseAsync("n2");
        _cluster["n2"].SeenByLeader = _cluster["n2"].SeenByLeader with
        {
            Match = 0,
            State = ProgressState.Probe,
            SinceContact = TimeSpan.FromMilliseconds(100),
        };

        Assert.Empty(Decide());
    }

    [Fact]
    public async Task A_new_leader_finds_a_node_lost_that_it_has_never_heard()
    {
        await StartAsync();
        _cluster["n2"].SeenByLeader = _cluster["n2"].SeenByLeader with
        {
            Match = 0,
            State = ProgressState.Probe,
            SinceContact = TimeSpan.FromSeconds(4),
        };

        Assert.Equal(NodeStatus.Lost, Assert.Single(Decide()).Command.UpdateNode.Status);
    }

    [Fact]
    public async Task A_node_that_is_no_member_is_not_judged()
    {
        await StartAsync();
        var stranger = _cluster["n2"].Describe();
        (stranger.Node, stranger.MemberId) = ("n9", 99);
        var command = Command.Of(stranger);
        (command.Actor, command.TimeUnixMs) = ("n9", 1000);
        _cluster.Propose(Leader, CommandCodec.Encode(command), null);

        Assert.Empty(Decide());
    }

    [Fact]
    public async Task VMs_without_a_monitor_are_assigned_only_once_liveness_is_settled()
    {
        await StartAsync();
        foreach (var vm in new[] { "web1", "web2", "web3" })
        {
            await Leader.Proposer.ProposeAsync(Leader.Register(vm), default);
        }

        Silence("n2", 10);
        Assert.Equal("node n2 is Lost", Assert.Single(Decide()).Subject);
        await LoseAsync("n2");

        var decision = Assert.Single(Decide());
        Assert.Equal(3, decision.Command.UpdateMonitoringAssignments.Assignments.Count);
        Assert.DoesNotContain(decision.Command.UpdateMonitoringAssignments.Assignments, each => each.Node == "n2");
        Assert.Equal("VMs assigned: 2 to n1, 1 to n3", decision.Reason);
    }

    [Fact]
    public async Task VMs_that_are_settled_are_looked_at_again_when_something_has_changed_or_a_minute_has_passed()
    {
        await StartAsync();
        var settled = new SettledVms();
        Assert.False(settled.Are(Leader.Replica.State, now: 0));
        Assert.Empty(Decide(settled: settled));
        Assert.True(settled.Are(Leader.Replica.State, now: 59_999));
        Assert.False(settled.Are(Leader.Replica.State, now: 60_000));
        Assert.False(settled.Are(Leader.Replica.State, now: -1));

        await Leader.Proposer.ProposeAsync(Leader.Register("web1"), default);
        Assert.False(settled.Are(Leader.Replica.State, now: 0));
        Assert.Equal("monitoring", Assert.Single(Decide(settled: settled)).Subject);

        // What was proposed may not have been done: it is not settled before the state says so.
        Assert.False(settled.Are(Leader.Replica.State, now: 0));
        Assert.Single(Decide(settled: settled));

        // Nor are VMs while it is not settled who is there.
        await Leader.Proposer.ProposeAsLeaderAsync(Assert.Single(Decide()).Command, 1, default);
        Silence("n2", 10);
        Assert.Equal("node n2 is Lost", Assert.Single(Decide(settled: settled)).Subject);
        Assert.False(settled.Are(Leader.Replica.State, now: 0));
    }

    [Fact]
    public async Task The_cluster_gets_a_version_once_every_node_knows_it()
    {
        await StartAsync();
        foreach (var node in new[] { "n1", "n2" })
        {
            Assert.Empty(Decide());
            await UpgradeAsync(node, 2);
        }

        Assert.Empty(Decide());
        await UpgradeAsync("n3", 2);

        Assert.Equal(2U, Assert.Single(Decide()).Command.SetClusterVersion.Version);
    }

    [Fact]
    public async Task A_member_that_never_said_a_word_holds_the_version_back()
    {
        _cluster.Elect("n1");
        await UpgradeAsync("n1", 2);
        await UpgradeAsync("n2", 2);

        Assert.Empty(Decide());
    }

    [Fact]
    public async Task Log_time_goes_on_every_minute_once_the_cluster_knows_it()
    {
        await StartAsync();
        Assert.Empty(Decide(TimeSpan.FromMinutes(2)));
        foreach (var node in new[] { "n1", "n2", "n3" })
        {
            await UpgradeAsync(node, 2);
        }

        var raise = Assert.Single(Decide()).Command;
        Assert.IsType<Applied>(await Leader.Proposer.ProposeAsLeaderAsync(raise, 1, default));

        Assert.Empty(Decide(TimeSpan.FromMilliseconds(59_999)));
        var decision = Assert.Single(Decide(TimeSpan.FromMilliseconds(60_001)));
        Assert.Equal((60_001UL, true), (decision.Command.AdvanceTime.ElapsedMs, decision.IsRoutine));
    }

    private async Task UpgradeAsync(string node, uint version)
    {
        _cluster[node].ClusterVersion = version;
        Assert.IsType<Applied>(
            await _cluster[node].Proposer.ProposeAsync(Command.Of(_cluster[node].Describe()), default));
    }

    private IReadOnlyList<Decision> Decide(TimeSpan sinceTime = default, SettledVms? settled = null) =>
        Decisions.Of(Leader.Replica.State, Leader.Status, sinceTime, now: 0, forgetAfter: TimeSpan.Zero, settled);

    private void Silence(string node, double seconds) =>
        _cluster[node].SeenByLeader = _cluster[node].SeenByLeader with { SinceContact = TimeSpan.FromSeconds(seconds) };

    private async Task LoseAsync(string node)
    {
        var lost = new UpdateNode { Node = node, Status = NodeStatus.Lost, Reason = "for the test" };
        Assert.IsType<Applied>(await Leader.Proposer.ProposeAsLeaderAsync(Command.Of(lost), 1, default));
    }

    private async Task StartAsync()
    {
        _cluster.Elect("n1");
        foreach (var member in _cluster.Members)
        {
            await member.Proposer.ProposeAsync(Command.Of(member.Describe()), default);
        }
    }
}
