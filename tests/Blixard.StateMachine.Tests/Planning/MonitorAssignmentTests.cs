using Blixard.StateMachine.Commands;
using Blixard.StateMachine.Planning;
using Blixard.StateMachine.State;

namespace Blixard.StateMachine.Tests.Planning;

public sealed class MonitorAssignmentTests
{
    [Fact]
    public void New_vms_go_round_robin_over_the_nodes()
    {
        var replica = Replica.With("n1", "n2", "n3");
        foreach (var vm in new[] { "a", "b", "c", "d", "e" })
        {
            // Defined in two places, so that none is its location.
            replica.Do(Make.RegisterVM(vm, "n1"));
            replica.Do(Make.RegisterVM(vm, "n2"));
        }

        Assert.Equal("a:n1 b:n2 c:n3 d:n1 e:n2", Show(MonitorAssignment.Plan(replica.State)));
    }

    [Fact]
    public void A_vm_is_judged_from_outside_if_there_is_an_outside()
    {
        var replica = Replica.With("n1", "n2");
        replica.Do(Make.RegisterVM("a", "n1", VmState.Running));
        replica.Do(Make.RegisterVM("b", "n2", VmState.Running));

        Assert.Equal("a:n2 b:n1", Show(MonitorAssignment.Plan(replica.State)));
    }

    [Fact]
    public void A_single_node_judges_its_own()
    {
        var replica = Replica.With("n1");
        replica.Do(Make.RegisterVM("a", "n1", VmState.Running));

        Assert.Equal("a:n1", Show(MonitorAssignment.Plan(replica.State)));
    }

    [Fact]
    public void Nobody_is_assigned_where_nobody_is_active()
    {
        var replica = Replica.With("n1");
        replica.Do(Make.RegisterVM("a", "n1"));
        replica.Do(Make.Lost("n1"));

        Assert.Null(MonitorAssignment.Plan(replica.State));
        Assert.Null(MonitorAssignment.Plan(ClusterState.Empty));
    }

    [Fact]
    public void The_vms_of_a_lost_monitor_move_and_no_other()
    {
        var replica = Settled(nodes: 3, vms: 6);
        var before = Monitors(replica);

        replica.Do(Make.Lost("n2"));
        Carry(replica);

        var after = Monitors(replica);
        Assert.All(before.Where(pair => pair.Value != "n2"), pair => Assert.Equal(pair.Value, after[pair.Key]));
        Assert.DoesNotContain("n2", after.Values);
    }

    [Fact]
    public void A_node_that_returns_takes_only_the_surplus()
    {
        var replica = Settled(nodes: 3, vms: 6);
        replica.Do(Make.Lost("n2"));
        Carry(replica);

        replica.Do(Make.Active("n2"));
        var plan = MonitorAssignment.Plan(replica.State)!;

        Assert.Equal(2, plan.Assignments.Count);
        Assert.All(plan.Assignments, assignment => Assert.Equal("n2", assignment.Node));
    }

    [Fact]
    public void Whatever_happens_counts_differ_by_at_most_one_and_as_few_as_possible_move()
    {
        for (var seed = 0; seed < 100; seed++)
        {
            var random = new Random(seed);
            var replica = Replica.With([.. Enumerable.Range(1, random.Next(1, 6)).Select(i => $"n{i}")]);
            for (var step = 0; step < 12; step++)
            {
                Disturb(replica, random);
                var before = Monitors(replica);
                var plan = MonitorAssignment.Plan(replica.State);
                Assert.Equal(plan, MonitorAssignment.Plan(replica.State));
                Carry(replica);

                var active = replica.State.Nodes.Values.Where(node => node.Status == NodeStatus.Active).ToArray();
                if (active.Length == 0)
                {
                    Assert.Null(plan);
                    continue;
                }

                var monitors = Monitors(replica).Values;
                var counts = active.Select(node => monitors.Count(monitor => monitor == node.Name)).ToArray();
                Assert.True(counts.Max() - counts.Min() <= 1, $"seed {seed}: {string.Join(' ', counts)}");
                Assert.Equal(replica.State.Vms.Count, counts.Sum());
                Assert.Equal(FewestMoves(before, [.. active.Select(node => node.Name)]), plan?.Assignments.Count ?? 0);
                Assert.Null(MonitorAssignment.Plan(replica.State));
            }
        }
    }

    /// <summary>Orphans, plus what stands above the fair shares when the larger shares go to the most loaded.</summary>
    private static int FewestMoves(SortedDictionary<string, string?> monitors, string[] active)
    {
        var kept = active.Select(node => monitors.Values.Count(monitor => monitor == node)).OrderDescending().ToArray();
        var (each, extra) = int.DivRem(monitors.Count, active.Length);
        return monitors.Count - kept.Select((count, i) => Math.Min(count, each + (i < extra ? 1 : 0))).Sum();
    }

    private static void Disturb(Replica replica, Random random)
    {
        var node = $"n{random.Next(1, replica.State.Nodes.Count + 1)}";
        replica.Apply(random.Next(6) switch
        {
            0 => Make.Lost(node),
            1 or 2 => Make.Active(node),
            3 => Make.RemoveVM($"vm{random.Next(20)}"),
            _ => Make.RegisterVM($"vm{random.Next(20)}", node, (VmState)random.Next(3)),
        });
    }

    private static Replica Settled(int nodes, int vms)
    {
        var replica = Replica.With([.. Enumerable.Range(1, nodes).Select(i => $"n{i}")]);
        for (var i = 0; i < vms; i++)
        {
            replica.Do(Make.RegisterVM($"vm{i}", "n1"));
        }

        Carry(replica);
        return replica;
    }

    private static void Carry(Replica replica)
    {
        if (MonitorAssignment.Plan(replica.State) is { } plan)
        {
            replica.Do(Make.Decided(Command.Of(plan)));
        }
    }

    private static SortedDictionary<string, string?> Monitors(Replica replica) =>
        new(replica.State.Vms.ToDictionary(pair => pair.Key, pair => pair.Value.Monitor), StringComparer.Ordinal);

    private static string Show(UpdateMonitoringAssignments? plan) =>
        string.Join(' ', plan!.Assignments.Select(assignment => $"{assignment.Vm}:{assignment.Node}"));
}
