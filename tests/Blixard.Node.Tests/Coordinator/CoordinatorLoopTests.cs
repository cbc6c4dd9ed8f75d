using Blixard.Node.Coordinator;
using Blixard.Node.Tests.Api;
using Blixard.Node.Tests.Replication;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;
using Microsoft.Extensions.Logging.Abstractions;

namespace Blixard.Node.Tests.Coordinator;

public sealed class CoordinatorLoopTests : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly FakeTime _time = new();
    private readonly MemoryCluster _cluster;
    private readonly CoordinatorLoop[] _loops;

    public CoordinatorLoopTests()
    {
        _cluster = new(_time, "n1", "n2", "n3");
        _loops = [.. _cluster.Members.Select(member => new CoordinatorLoop(
            new(ForgetAfter: TimeSpan.FromHours(1)),
            member.Replica,
            member,
            member.Proposer,
            member.Events,
            _time,
            NullLogger<CoordinatorLoop>.Instance))];
    }

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
    public async Task New_VMs_get_a_monitor_as_soon_as_they_are_there()
    {
        await StartAsync();
        await RegisterAsync("web1", "web2", "web3");

        var state = await StateAsync(state => state.Vms.Values.All(vm => vm.Monitor is not null));
        Assert.Equal(["n1", "n2", "n3"], state.Vms.Values.Select(vm => vm.Monitor).Order());
    }

    [Fact]
    public async Task A_lost_node_loses_its_VMs_to_the_others_and_gets_some_back_on_its_return()
    {
        await StartAsync();
        await RegisterAsync("web1", "web2", "web3");
        await StateAsync(state => state.Vms.Values.All(vm => vm.Monitor is not null));

        Silence("n2", 3.5);
        await LookAgainAsync();
        var lost = await StateAsync(state => state.Vms.Values.All(vm => vm.Monitor is "n1" or "n3"));
        Assert.Equal(NodeStatus.Lost, lost.Nodes["n2"].Status);

        Silence("n2", 0);
        await LookAgainAsync();
        var back = await StateAsync(state => state.Vms.Values.Any(vm => vm.Monitor == "n2"));
        Assert.Equal(NodeStatus.Active, back.Nodes["n2"].Status);
    }

    [Fact]
    public async Task The_next_leader_goes_on_deciding()
    {
        await StartAsync();
        Silence("n1", 5);
        _cluster.Elect("n3");

        var state = await StateAsync(state => state.Nodes["n1"].Status == NodeStatus.Lost);
        Assert.Equal("no answer for 5000 ms", state.Nodes["n1"].StatusReason);
    }

    [Fact]
    public async Task Nobody_decides_while_nobody_leads()
    {
        await StartAsync();
        Silence("n2", 5);
        _cluster.LoseLeader();
        var index = _cluster["n1"].Replica.State.Index;
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(index, _cluster["n1"].Replica.State.Index);

        _cluster.Elect("n1");
        await StateAsync(state => state.Nodes["n2"].Status == NodeStatus.Lost);
    }

    [Fact]
    public async Task The_version_is_raised_and_log_time_measured_by_the_leader()
    {
        foreach (var member in _cluster.Members)
        {
            member.ClusterVersion = 2;
        }

        await StartAsync();
        await StateAsync(state => state.ClusterVersion == 2);
        var passed = TimeSpan.Zero;
        while (passed < TimeSpan.FromSeconds(60))
        {
            await LookAgainAsync();
            passed += CoordinatorLoop.LookEvery;
        }

        var state = await StateAsync(state => state.LogTime > 0);
        Assert.InRange(state.LogTime, 60_000, 60_250);
    }

    [Fact]
    public async Task A_vm_that_its_node_has_had_no_more_for_the_time_set_is_forgotten_by_the_leader()
    {
        foreach (var member in _cluster.Members)
        {
            member.ClusterVersion = CommandVersions.Newest;
        }

        await StartAsync();
        await StateAsync(state => state.ClusterVersion == CommandVersions.Newest);
        await RegisterAsync("web1");
        var empty = new UpdateState
        {
            Node = "n1",
            BootId = _cluster["n1"].Describe().BootId,
            ObservationSeq = 1,
            Complete = true,
        };
        Assert.IsType<Applied>(await _cluster["n1"].Proposer.ProposeAsync(Command.Of(empty), default));
        Assert.Equal(Staleness.Absent, _cluster["n1"].Replica.State.Vms["web1"].Observations["n1"].Staleness);

        _time.Advance(TimeSpan.FromMinutes(59));
        await LookAgainAsync();
        Assert.Contains("web1", _cluster["n1"].Replica.State.Vms.Keys);
        _time.Advance(TimeSpan.FromMinutes(2));
        await LookAgainAsync();
        await StateAsync(state => state.Vms.IsEmpty);
    }

    private async Task StartAsync()
    {
        _cluster.Elect("n1");
        foreach (var member in _cluster.Members)
        {
            await member.Proposer.ProposeAsync(Command.Of(member.Describe()), default);
        }

        foreach (var loop in _loops)
        {
            await loop.StartAsync(default);
        }
    }

    private async Task RegisterAsync(params string[] vms)
    {
        foreach (var vm in vms)
        {
            await _cluster["n1"].Proposer.ProposeAsync(_cluster["n1"].Register(vm), default);
        }
    }

    private void Silence(string node, double seconds) =>
        _cluster[node].SeenByLeader = _cluster[node].SeenByLeader with { SinceContact = TimeSpan.FromSeconds(seconds) };

    private async Task LookAgainAsync()
    {
        await _time.SomebodyWaitsAsync(CoordinatorLoop.LookEvery);
        _time.Advance(CoordinatorLoop.LookEvery);
    }

    private async Task<ClusterState> StateAsync(Func<ClusterState, bool> condition)
    {
        var replica = _cluster["n1"].Replica;
        while (true)
        {
            var next = replica.NextState;
            if (replica.State is var state && condition(state))
            {
                return state;
            }

            await next.WaitAsync(Patience);
        }
    }
}
