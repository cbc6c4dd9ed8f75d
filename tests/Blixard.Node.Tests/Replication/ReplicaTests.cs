using Blixard.Node.Replication;
using Blixard.Node.Tests.Api;
using Blixard.Raft.Host;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.Node.Tests.Replication;

public sealed class ReplicaTests : IDisposable
{
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(30);

    private readonly FakeTime _time = new();
    private readonly MemoryCluster _cluster;

    public ReplicaTests() => _cluster = new(_time, "n1", "n2");

    public void Dispose() => _cluster.Dispose();

    [Fact]
    public async Task A_linearizable_read_waits_until_this_node_has_applied_what_was_acknowledged()
    {
        await StartAsync();
        var behind = _cluster["n2"];
        behind.Cut();
        await RegisterAsync("web1");
        await Assert.ThrowsAsync<NoLeaderException>(() => behind.Replica.ReadAsync(Consistency.Linearizable, null, default));

        behind.Heal();

        Assert.Contains("web1", (await behind.Replica.ReadAsync(Consistency.Linearizable, null, default)).Vms.Keys);
    }

    [Fact]
    public async Task A_stale_read_is_answered_while_this_node_is_cut_off()
    {
        await StartAsync();
        _cluster["n2"].Cut();
        await RegisterAsync("web1");

        Assert.DoesNotContain("web1", (await _cluster["n2"].Replica.ReadAsync(Consistency.Stale, null, default)).Vms.Keys);
    }

    [Fact]
    public async Task An_index_that_was_seen_elsewhere_is_waited_for()
    {
        await StartAsync();
        _cluster["n2"].Cut();
        await RegisterAsync("web1");
        var index = _cluster["n1"].Replica.State.Index;
        var reading = _cluster["n2"].Replica.ReadAsync(Consistency.Stale, index, default);
        Assert.False(reading.IsCompleted);

        _cluster["n2"].Heal();

        Assert.Contains("web1", (await reading).Vms.Keys);
    }

    [Fact]
    public async Task A_wait_ends_with_a_change_of_that_resource_and_not_of_another()
    {
        await StartAsync();
        await RegisterAsync("web1");
        var replica = _cluster["n1"].Replica;
        var since = replica.State.Index;
        var waiting = replica.WaitForChangeAsync(EntityKind.Vm, "web2", since, Wait, default);

        await RegisterAsync("web3");
        Assert.False(waiting.IsCompleted);
        await RegisterAsync("web2");

        Assert.Contains("web2", (await waiting).Vms.Keys);
    }

    [Fact]
    public async Task A_wait_for_all_of_a_kind_ends_with_any_of_them()
    {
        await StartAsync();
        var replica = _cluster["n1"].Replica;
        var nodes = replica.WaitForChangeAsync(EntityKind.Node, null, replica.State.Index, Wait, default);
        var vms = replica.WaitForChangeAsync(EntityKind.Vm, null, replica.State.Index, Wait, default);
        await RegisterAsync("web1");

        Assert.Contains("web1", (await vms).Vms.Keys);
        Assert.False(nodes.IsCompleted);
        _time.Advance(Wait);
        await nodes;
    }

    [Fact]
    public async Task A_wait_for_what_has_happened_already_is_over_at_once()
    {
        await StartAsync();
        var replica = _cluster["n1"].Replica;
        var since = replica.State.Index;
        await RegisterAsync("web1");

        Assert.Contains("web1", (await replica.WaitForChangeAsync(EntityKind.Vm, "web1", since, Wait, default)).Vms.Keys);
    }

    [Fact]
    public async Task A_wait_without_a_change_ends_after_its_time()
    {
        await StartAsync();
        var replica = _cluster["n1"].Replica;
        var waiting = replica.WaitForChangeAsync(EntityKind.Vm, "web1", replica.State.Index, Wait, default);
        _time.Advance(Wait);

        Assert.Equal(replica.State.Index, (await waiting).Index);
    }

    [Fact]
    public async Task A_wait_from_before_what_is_held_is_over_at_once()
    {
        await StartAsync();
        await RegisterAsync("web1");
        _cluster["n2"].Cut();
        await RegisterAsync("web2");
        _cluster["n2"].HealFromSnapshotOf(_cluster["n1"]);

        var state = await _cluster["n2"].Replica.WaitForChangeAsync(EntityKind.Vm, "web9", 1, Wait, default);
        Assert.Contains("web2", state.Vms.Keys);
    }

    private async Task StartAsync()
    {
        _cluster.Elect("n1");
        await _cluster["n1"].Proposer.ProposeAsync(Command.Of(_cluster["n1"].Describe()), default);
    }

    private async Task RegisterAsync(string vm) =>
        Assert.IsType<Applied>(await _cluster["n1"].Proposer.ProposeAsync(_cluster["n1"].Register(vm), default));
}
