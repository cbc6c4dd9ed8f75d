using Blixard.Node.Identity;
using Blixard.Node.Replication;
using Blixard.Node.Tests.Api;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;
using Microsoft.Extensions.Logging.Abstractions;

namespace Blixard.Node.Tests.Replication;

public sealed class NodeRegistrationTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly FakeTime _time = new();
    private readonly MemoryCluster _cluster;

    public NodeRegistrationTests() => _cluster = new(_time, "n1", "n2");

    public void Dispose() => _cluster.Dispose();

    [Fact]
    public async Task A_node_registers_itself_as_soon_as_there_is_a_leader()
    {
        using var registration = await StartAsync(_cluster["n2"].Describe());
        await _time.SomebodyWaitsAsync(Proposer.RetryAfter);
        Assert.Empty(_cluster.Log);

        _cluster.Elect("n1");

        var node = await NodeAsync(node => node is not null);
        Assert.Equal((NodeStatus.Active, "n2:7480"), (node!.Status, node.ApiAddress));
        await registration.StopAsync(default);
    }

    [Fact]
    public async Task A_node_that_another_description_is_known_of_corrects_it()
    {
        _cluster.Elect("n1");
        using var registration = await StartAsync(_cluster["n2"].Describe());
        await NodeAsync(node => node is not null);
        var other = new UpdateNode { Node = "n2", ApiAddress = "elsewhere:1" };

        await _cluster["n1"].Proposer.ProposeAsync(Command.Of(other), default);

        await NodeAsync(node => node!.ApiAddress == "n2:7480");
        await registration.StopAsync(default);
    }

    [Fact]
    public async Task A_node_whose_name_is_taken_asks_again_later()
    {
        _cluster.Elect("n1");
        var taken = _cluster["n1"].Describe();
        taken.MemberId = 99;
        await _cluster["n1"].Proposer.ProposeAsync(Command.Of(taken), default);
        var impostor = _cluster["n2"].Describe();
        impostor.Node = "n1";
        using var registration = await StartAsync(impostor);

        // Commands about n1 come from n1 only, so it is refused however often it asks.
        await _time.SomebodyWaitsAsync(NodeRegistration.RetryAfter);
        _time.Advance(NodeRegistration.RetryAfter);
        await _time.SomebodyWaitsAsync(NodeRegistration.RetryAfter);

        Assert.Equal(99UL, _cluster["n1"].Replica.State.Nodes["n1"].MemberId);
        await registration.StopAsync(default);
    }

    [Fact]
    public async Task A_new_node_notes_that_it_is_not_before_it_is_registered()
    {
        _cluster.Elect("n1");
        var known = new List<bool>();
        var newcomer = new Newcomer(true, () => known.Add(_cluster["n1"].Replica.State.Nodes.ContainsKey("n2")));
        using var registration = await StartAsync(_cluster["n2"].Describe(), newcomer);
        await NodeAsync(node => node is not null);

        Assert.Equal([false], known);
        Assert.False(newcomer.IsNew);

        // A greeting of before, answered late.
        newcomer.Lost("n2");
        Assert.False(newcomer.Fate.IsCompleted);
        await registration.StopAsync(default);
    }

    [Fact]
    public async Task A_node_that_is_registered_and_knows_nothing_of_it_has_lost_its_disk_and_ends()
    {
        _cluster.Elect("n1");
        using (var before = await StartAsync(_cluster["n2"].Describe()))
        {
            await NodeAsync(node => node is not null);
            await before.StopAsync(default);
        }

        var log = _cluster.Log.Count;
        var newcomer = new Newcomer(true, () => Assert.Fail("it is not new"));
        using var registration = await StartAsync(_cluster["n2"].Describe(), newcomer);

        var refused = await Assert.ThrowsAsync<IdentityException>(() => registration.ExecuteTask!.WaitAsync(Patience));
        Assert.Contains("blixard cluster remove n2", refused.Message, StringComparison.Ordinal);
        Assert.True(newcomer.IsNew);
        Assert.Equal(log, _cluster.Log.Count);
    }

    private async Task<NodeRegistration> StartAsync(RegisterNode self, Newcomer? newcomer = null)
    {
        var member = _cluster["n2"];
        var registration = new NodeRegistration(
            self,
            member.Replica,
            member.Proposer,
            member.Events,
            newcomer ?? new Newcomer(false, () => { }),
            _time,
            NullLogger<NodeRegistration>.Instance);
        await registration.StartAsync(default);
        return registration;
    }

    private async Task<ClusterNode?> NodeAsync(Func<ClusterNode?, bool> condition)
    {
        var replica = _cluster["n2"].Replica;
        while (true)
        {
            var next = replica.NextState;
            var node = replica.State.Nodes.GetValueOrDefault("n2");
            if (condition(node))
            {
                return node;
            }

            await next.WaitAsync(Patience);
        }
    }
}
