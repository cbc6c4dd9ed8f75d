using System.Collections.Immutable;
using System.Reflection;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.Fencing;
using Blixard.StateMachine.State;
using Google.Protobuf;

namespace Blixard.StateMachine.Tests.State;

/// <summary>
/// A property that is added to the state and forgotten in the fields would be missing in the hash and in events;
/// forgotten in the images, it would be lost with the next snapshot. Every property there is gets another value here.
/// </summary>
public sealed class FieldCoverageTests
{
    private static readonly NodeObservation Observation = new()
    {
        Node = "n1",
        Unit = "microvm@web.service",
        Resources = new Resources(),
        Facts = new Facts(),
    };

    private static readonly NodeLease Lease = new() { Epoch = 1, Standing = LeaseStanding.Active };

    private static readonly NodeDrain Drain = new(7, "n2", "kernel", 1, 0);

    private static readonly ClusterNode Node =
        new() { Name = "n1", MemberId = 1, RegisteredAt = 1, Lease = Lease, Drain = Drain };

    private static readonly Management Managed =
        new() { Index = 3, Policy = FailoverPolicy.Strict, Desired = DesiredState.Running };

    private static readonly Placement Placed = new() { Generation = 3, Node = "n1", State = PlacementState.Assigned };

    private static readonly Operation Asked =
        new() { Index = 4, Kind = OperationKind.Move, State = OperationState.Pending };

    private static readonly Health Judged = new("monitor", "n2", Ordinal.Map<Check>(), null, "", 1);

    private static readonly Vm Web = new()
    {
        Name = "web",
        Uuid = Make.Uuid(),
        CreatedAt = 1,
        Observations = Ordinal.Map<NodeObservation>().Add("n1", Observation),
        Health = Ordinal.Map<Health>().Add("monitor", Judged),
        Management = Managed,
        Placement = Placed,
        Operation = Asked,
    };

    /// <summary>The keys of the maps they stand in: with another one it is another entity.</summary>
    private static readonly string[] Keys = ["Name", "Node", "Source"];

    public static TheoryData<string> NodeProperties => Names<ClusterNode>();

    public static TheoryData<string> VmProperties => Names<Vm>();

    public static TheoryData<string> ObservationProperties => Names<NodeObservation>();

    public static TheoryData<string> ResourceProperties => Names<Resources>();

    public static TheoryData<string> FactProperties => Names<Facts>();

    public static TheoryData<string> PolicyProperties => Names<VmHealthPolicy>();

    public static TheoryData<string> ProbeProperties => Names<Probe>();

    public static TheoryData<string> LeaseProperties => Names<NodeLease>();

    public static TheoryData<string> DrainProperties => Names<NodeDrain>();

    public static TheoryData<string> ManagementProperties => Names<Management>();

    public static TheoryData<string> PlacementProperties => [.. Names<Placement>(), nameof(Placement.Node)];

    public static TheoryData<string> OperationProperties => Names<Operation>();

    public static TheoryData<string> TermsProperties => Names<LeaseTerms>();

    public static TheoryData<string> PlacementSettingsProperties => Names<PlacementSettings>();

    [Theory]
    [MemberData(nameof(LeaseProperties))]
    public void Every_property_of_a_lease_counts(string property) =>
        Counts(With(Node, Web), With(Node with { Lease = Changed(Lease, property) }, Web));

    [Theory]
    [MemberData(nameof(DrainProperties))]
    public void Every_property_of_a_drain_counts(string property) =>
        Counts(With(Node, Web), With(Node with { Drain = Changed(Drain, property) }, Web));

    [Theory]
    [MemberData(nameof(ManagementProperties))]
    public void Every_property_of_a_management_counts(string property) =>
        Counts(With(Node, Web), With(Node, Web with { Management = Changed(Managed, property) }));

    [Theory]
    [MemberData(nameof(PlacementProperties))]
    public void Every_property_of_a_placement_counts(string property) =>
        Counts(With(Node, Web), With(Node, Web with { Placement = Changed(Placed, property) }));

    [Theory]
    [MemberData(nameof(OperationProperties))]
    public void Every_property_of_an_operation_counts(string property) =>
        Counts(With(Node, Web), With(Node, Web with { Operation = Changed(Asked, property) }));

    [Theory]
    [MemberData(nameof(TermsProperties))]
    public void Every_property_of_the_terms_counts(string property) => Counts(
        ClusterState.Empty, Hashed(ClusterState.Empty with { Terms = Changed(LeaseTerms.Default, property) }));

    [Theory]
    [MemberData(nameof(PlacementSettingsProperties))]
    public void Every_setting_of_placement_counts(string property) => Counts(
        ClusterState.Empty,
        Hashed(ClusterState.Empty with { PlacementSettings = Changed(PlacementSettings.Default, property) }));

    [Fact]
    public void The_id_of_the_cluster_counts() =>
        Counts(ClusterState.Empty, Hashed(ClusterState.Empty with { ClusterId = 1 }));

    [Theory]
    [MemberData(nameof(NodeProperties))]
    public void Every_property_of_a_node_counts(string property) =>
        Counts(With(Node, Web), With(Changed(Node, property), Web));

    [Theory]
    [MemberData(nameof(VmProperties))]
    public void Every_property_of_a_vm_counts(string property) =>
        Counts(With(Node, Web), With(Node, Changed(Web, property)));

    [Theory]
    [MemberData(nameof(ObservationProperties))]
    public void Every_property_of_an_observation_counts(string property) => Counts(
        With(Node, Web), With(Node, Web with { Observations = Map("n1", Changed(Observation, property)) }));

    [Theory]
    [MemberData(nameof(ResourceProperties))]
    public void Every_figure_counts(string property)
    {
        var observation = Observation with { Resources = Changed(Observation.Resources!, property) };

        Counts(With(Node, Web), With(Node, Web with { Observations = Map("n1", observation) }));
    }

    [Theory]
    [MemberData(nameof(FactProperties))]
    public void Every_fact_counts(string property)
    {
        var observation = Observation with { Facts = Changed(Observation.Facts!, property) };

        Counts(With(Node, Web), With(Node, Web with { Observations = Map("n1", observation) }));
    }

    [Fact]
    public void Facts_of_which_nothing_is_known_are_told_from_none() => Counts(
        With(Node, Web), With(Node, Web with { Observations = Map("n1", Observation with { Facts = null }) }));

    [Theory]
    [InlineData(nameof(Health.Node))]
    [InlineData(nameof(Health.Checks))]
    [InlineData(nameof(Health.Healthy))]
    [InlineData(nameof(Health.Message))]
    [InlineData(nameof(Health.LastUpdate))]
    public void Every_property_of_a_verdict_counts(string property) => Counts(
        With(Node, Web), With(Node, Web with { Health = Map("monitor", Changed(Judged, property)) }));

    [Theory]
    [MemberData(nameof(PolicyProperties))]
    public void Every_property_of_a_health_policy_counts(string property) => Counts(
        With(Node, Web with { HealthPolicy = VmHealthPolicy.None }),
        With(Node, Web with { HealthPolicy = Changed(VmHealthPolicy.None, property) }));

    [Theory]
    [MemberData(nameof(ProbeProperties))]
    public void Every_property_of_a_probe_counts(string property)
    {
        var probe = new Probe { Name = "web" };

        Counts(With(probe), With(Changed(probe, property)));

        static ClusterState With(Probe probe) => FieldCoverageTests.With(
            Node, Web with { HealthPolicy = VmHealthPolicy.None with { Probes = Map("web", probe) } });
    }

    [Fact]
    public void Every_part_of_a_check_counts()
    {
        var check = new Check("c", false, "no");
        Check[] others =
        [
            check with { Passed = true }, check with { Message = "not" }, check with { Weight = 0 },
            check with { Critical = true },
        ];
        Assert.All(others, other => Counts(With(check), With(other)));

        static ClusterState With(Check check) => FieldCoverageTests.With(
            Node, Web with { Observations = Map("n1", Observation with { Checks = Map("c", check) }) });
    }

    [Fact]
    public void Every_part_of_an_error_line_counts()
    {
        var line = new ErrorLine(1, 3, "I/O error");
        ErrorLine[] others = [line with { Time = 2 }, line with { Priority = 2 }, line with { Message = "" }];
        Assert.All(others, other => Counts(With(line), With(other)));

        static ClusterState With(ErrorLine line) => FieldCoverageTests.With(
            Node, Web with { Observations = Map("n1", Observation with { Errors = [line] }) });
    }

    [Fact]
    public void Every_part_of_a_recovery_counts()
    {
        var done = new RecoveryRecord(1, 2, "why", 3, Exhausted: false);
        RecoveryRecord[] others =
        [
            done with { Attempts = 2 }, done with { Last = 3 }, done with { Reason = "" }, done with { Next = 0 },
            done with { Exhausted = true },
        ];
        Assert.All(others, other => Counts(With(done), With(other)));

        static ClusterState With(RecoveryRecord done) => FieldCoverageTests.With(
            Node, Web with { Observations = Map("n1", Observation with { Recovery = done }) });
    }

    [Fact]
    public void Settings_and_version_count()
    {
        var state = ClusterState.Empty;

        Assert.NotEqual(state.Hash, StateHash.Recompute(state with { ClusterVersion = 2 }));
        Assert.NotEqual(state.Hash, StateHash.Recompute(state with { LogTime = 1 }));
        Assert.NotEqual(state.Hash, ClusterState.StartingWith(state.Settings with { MaxSessions = 1 }).Hash);
        Assert.NotEqual(state.Hash, ClusterState.StartingWith(state.Settings with { MaxSessionResults = 1 }).Hash);
    }

    [Fact]
    public void Every_part_of_the_membership_counts()
    {
        var pending = new PendingChange(7, MembershipChangeKind.Remove, "n3", 3, 2, "n1", 1);
        var whole = new Membership
        {
            Pending = pending,
            Settled = [new SettledChange(5, "no")],
            Removed = Membership.Empty.Removed.Add(9, new RemovedMember("n9", 1)),
        };
        Membership[] others =
        [
            Membership.Empty,
            whole with { Pending = null },
            whole with { Pending = pending with { Request = 8 } },
            whole with { Pending = pending with { Kind = MembershipChangeKind.Promote } },
            whole with { Pending = pending with { Node = "n4" } },
            whole with { Pending = pending with { MemberId = 4 } },
            whole with { Pending = pending with { Term = 3 } },
            whole with { Pending = pending with { Actor = "n2" } },
            whole with { Pending = pending with { Since = 2 } },
            whole with { Pending = pending with { CancelledBy = "n2" } },
            whole with { Settled = [] },
            whole with { Settled = [new SettledChange(6, "no")] },
            whole with { Settled = [new SettledChange(5, "")] },
            whole with { Removed = Membership.Empty.Removed },
            whole with { Removed = Membership.Empty.Removed.Add(8, new RemovedMember("n9", 1)) },
            whole with { Removed = Membership.Empty.Removed.Add(9, new RemovedMember("n8", 1)) },
            whole with { Removed = Membership.Empty.Removed.Add(9, new RemovedMember("n9", 2)) },
        ];
        Assert.All(others, other => Counts(With(whole), With(other)));
        Assert.Equal(whole, SnapshotTests.Copy(With(whole)).Membership);
    }

    private static ClusterState With(Membership membership)
    {
        var state = ClusterState.Empty with { Membership = membership };
        return state with { Hash = StateHash.Recompute(state) };
    }

    private static ClusterState Hashed(ClusterState state) => state with { Hash = StateHash.Recompute(state) };

    private static void Counts(ClusterState before, ClusterState after)
    {
        Assert.NotEqual(before.Hash, after.Hash);

        // Reading recomputes the hash of what it has read, and refuses what differs from the one that was written.
        Assert.Equal(after.Hash, SnapshotTests.Copy(after).Hash);
    }

    private static ClusterState With(ClusterNode node, Vm vm)
    {
        var state = ClusterState.Empty with { Nodes = Map(node.Name, node), Vms = Map(vm.Name, vm) };
        return state with { Hash = StateHash.Recompute(state) };
    }

    private static ImmutableSortedDictionary<string, T> Map<T>(string key, T value) => Ordinal.Map<T>().Add(key, value);

    private static TheoryData<string> Names<T>() =>
        [.. typeof(T).GetProperties().Where(p => p.CanWrite && !Keys.Contains(p.Name)).Select(p => p.Name)];

    /// <summary>A copy in which the one property has another value.</summary>
    private static T Changed<T>(T record, string property)
        where T : class
    {
        var copy = (T)typeof(T).GetMethod("<Clone>$")!.Invoke(record, null)!;
        var found = typeof(T).GetProperty(property)!;
        var value = Other(found.GetValue(record), Nullable.GetUnderlyingType(found.PropertyType) ?? found.PropertyType);
        typeof(T).GetProperty(property, BindingFlags.Instance | BindingFlags.Public)!.SetValue(copy, value);
        return copy;
    }

    private static object Other(object? value, Type type) => value switch
    {
        ImmutableSortedDictionary<string, Check> => Map("c", new Check("c", true, "")),
        ImmutableSortedDictionary<string, string> => Map("zone", "a"),
        ImmutableSortedDictionary<string, long> => Map("n2", 5L),
        ImmutableSortedDictionary<string, NodeObservation> => Ordinal.Map<NodeObservation>(),
        ImmutableSortedDictionary<string, Health> => Ordinal.Map<Health>(),
        ImmutableSortedDictionary<string, GateRecord> => Map("n2", new GateRecord(3, "boot")),
        ImmutableSortedSet<string> names => names.Add("n9"),
        NodeLease lease => lease with { Epoch = 9 },
        NodeDrain drain => drain with { Request = 9 },
        Management management => management with { Index = 9 },
        Placement placement => placement with { Generation = 9 },
        Operation operation => operation with { Index = 9 },
        LeaseProfile profile => profile with { SoftMs = 1 },
        Resources => new Resources { Pids = 1 },
        Facts => new Facts { Vcpus = 2 },
        ImmutableArray<string> names => names.Add("vm-web"),
        ImmutableArray<ErrorLine> => ImmutableArray.Create(new ErrorLine(1, 3, "")),
        ImmutableSortedDictionary<string, uint> => Map("c", 5u),
        ImmutableSortedDictionary<string, Probe> => Map("p", new Probe { Name = "p" }),
        null when type == typeof(RecoveryRecord) => new RecoveryRecord(0, 0, "", 0, Exhausted: false),
        null when type == typeof(VmHealthPolicy) => VmHealthPolicy.None,
        ProbeKind => ProbeKind.Tcp,
        RecoveryAction => RecoveryAction.Restart,
        Annotations => Annotations.None.With("owner", ByteString.CopyFromUtf8("me")),
        string text => text + "x",
        null when type == typeof(string) => "x",
        bool flag => !flag,
        null when type == typeof(bool) => true,
        VmState => VmState.Stopped,
        Staleness => Staleness.Absent,
        MemoryLimitSource => MemoryLimitSource.Qmp,
        NodeStatus => NodeStatus.Lost,
        Enum number => Enum.ToObject(type, Convert.ToInt32(number, null) + 1),
        _ => Convert.ChangeType(Convert.ToInt64(value ?? 0, null) + 1, type, null),
    };
}
