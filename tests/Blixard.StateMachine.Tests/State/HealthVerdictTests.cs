using System.Collections.Immutable;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.StateMachine.Tests.State;

public sealed class HealthVerdictTests
{
    private static readonly Check Service = new("service_state", true, "") { Critical = true };

    private static readonly Check Errors = new("journal_errors", true, "") { Weight = 25 };

    private static readonly Check Network = new("network", true, "");

    [Fact]
    public void Nobody_knows_how_a_vm_is_that_nobody_checked() =>
        Assert.Equal(HealthStatus.Unknown, Vm(VmState.Running, [], []).HealthStatus);

    [Fact]
    public void A_vm_whose_checks_all_pass_is_healthy() =>
        Assert.Equal(HealthStatus.Healthy, Vm(VmState.Running, [Service, Errors], [Network]).HealthStatus);

    [Fact]
    public void A_failing_check_of_little_weight_degrades() =>
        Assert.Equal(HealthStatus.Degraded, Vm(VmState.Running, [Service, Failing(Errors)], [Network]).HealthStatus);

    [Fact]
    public void Failing_checks_add_up() => Assert.Equal(
        HealthStatus.Unhealthy,
        Vm(VmState.Running, [Service, Failing(Errors), new("disk", false, "") { Weight = 75 }], [Network]).HealthStatus);

    [Fact]
    public void A_critical_check_that_fails_is_enough() =>
        Assert.Equal(HealthStatus.Unhealthy, Vm(VmState.Stopped, [Failing(Service)], []).HealthStatus);

    [Fact]
    public void A_policys_weights_and_thresholds_go_before()
    {
        var policy = VmHealthPolicy.None with
        {
            Weights = Ordinal.Map<uint>().Add("journal_errors", 7),
            DegradedAt = 8,
            UnhealthyAt = 9,
        };
        var vm = Vm(VmState.Running, [Service, Failing(Errors)], [Network]) with { HealthPolicy = policy };

        Assert.Equal(HealthStatus.Healthy, vm.HealthStatus);
        Assert.Equal(
            HealthStatus.Degraded, (vm with { HealthPolicy = policy with { DegradedAt = 7 } }).HealthStatus);
        Assert.Equal(
            HealthStatus.Unhealthy,
            (vm with { HealthPolicy = policy with { DegradedAt = 7, UnhealthyAt = 7 } }).HealthStatus);
    }

    [Fact]
    public void A_probe_says_how_much_it_weighs_and_whether_it_is_critical()
    {
        var probe = new Probe { Name = "web", Weight = 1 };
        var vm = Vm(VmState.Running, [Service], [Network, new("web", false, "")]);

        Assert.Equal(HealthStatus.Degraded, (vm with { HealthPolicy = Policy(probe) }).HealthStatus);
        Assert.Equal(
            HealthStatus.Unhealthy, (vm with { HealthPolicy = Policy(probe with { Critical = true }) }).HealthStatus);

        static VmHealthPolicy Policy(Probe probe) =>
            VmHealthPolicy.None with { Probes = Ordinal.Map<Probe>().Add(probe.Name, probe) };
    }

    [Fact]
    public void A_running_vm_of_which_nothing_is_seen_from_outside_is_unresponsive()
    {
        var ssh = new Check("ssh", false, "");

        Assert.Equal(HealthStatus.Unresponsive, Vm(VmState.Running, [Service], [Failing(Network), ssh]).HealthStatus);
        Assert.Equal(HealthStatus.Unhealthy, Vm(VmState.Running, [Service], [Network, ssh]).HealthStatus);
    }

    [Fact]
    public void A_running_vm_whose_host_has_fallen_silent_is_unresponsive() => Assert.Equal(
        HealthStatus.Unresponsive,
        Vm(VmState.Running, [Service], [Network, new(HealthVerdict.Freshness, false, "")]).HealthStatus);

    [Fact]
    public void That_a_host_is_taken_to_be_silent_is_nothing_to_the_host_itself()
    {
        var silent = Vm(VmState.Running, [Service], [new(HealthVerdict.Freshness, false, "")]);
        Assert.Equal(HealthStatus.Healthy, HealthVerdict.OnItsHost(silent));
        Assert.Equal(
            HealthStatus.Unresponsive,
            HealthVerdict.OnItsHost(Vm(VmState.Running, [Service], [Failing(Network)])));
    }

    [Fact]
    public void Freshness_alone_is_no_sight_from_outside() => Assert.Equal(
        HealthStatus.Unresponsive,
        Vm(VmState.Running, [Service], [Failing(Network), new(HealthVerdict.Freshness, true, "")]).HealthStatus);

    [Fact]
    public void A_failed_unit_is_critical() =>
        Assert.Equal(HealthStatus.Critical, Vm(VmState.Failed, [Failing(Service)], []).HealthStatus);

    [Fact]
    public void A_vm_whose_host_has_given_up_is_critical_until_it_is_well_all_the_same()
    {
        var exhausted = new RecoveryRecord(3, 1, "", 0, Exhausted: true);

        Assert.Equal(
            HealthStatus.Critical,
            With(Vm(VmState.Running, [Service], [Failing(Network)]), exhausted).HealthStatus);
        Assert.Equal(
            HealthStatus.Healthy, With(Vm(VmState.Running, [Service], [Network]), exhausted).HealthStatus);
    }

    [Fact]
    public void Of_a_vm_on_a_lost_node_nothing_is_known()
    {
        var vm = Vm(VmState.Running, [Service], [Network]);
        var lost = vm.Observations["n1"] with { Staleness = Staleness.NodeLost };

        Assert.Equal(
            HealthStatus.Unknown, (vm with { Observations = vm.Observations.SetItem("n1", lost) }).HealthStatus);
    }

    [Fact]
    public void The_verdict_is_told_and_is_no_part_of_the_hash()
    {
        var vm = Vm(VmState.Running, [Service], [Network]);
        var fields = VmFields.Of(vm, other: null);
        var without = new FieldList();
        without.Text("state", "Running");
        var with = new FieldList();
        with.Text("state", "Running");
        with.Concluded("health_status", "Healthy");

        Assert.Contains(
            new FieldChange("health_status", FieldAction.Added, null, FieldValue.Of("Healthy")),
            fields.Since(new FieldList()));
        Assert.Equal(without.Hash(EntityKind.Vm, "web"), with.Hash(EntityKind.Vm, "web"));
    }

    /// <summary>
    /// Whatever else is the case: turning one check from passing to failing never makes the verdict better.
    /// </summary>
    [Fact]
    public void A_check_that_fails_never_improves_the_verdict()
    {
        const int Seed = 4;
        var random = new Random(Seed);
        string[] names = ["service_state", "journal_errors", "network", "ssh", HealthVerdict.Freshness, "anomaly"];
        for (var round = 0; round < 20_000; round++)
        {
            var vm = Drawn(random, names);
            foreach (var worse in WithOneMoreFailing(vm))
            {
                Assert.True(
                    worse.HealthStatus >= vm.HealthStatus,
                    $"seed {Seed}, round {round}: {vm.HealthStatus} became {worse.HealthStatus}");
                Assert.Equal(
                    vm.HealthStatus == HealthStatus.Unknown, worse.HealthStatus == HealthStatus.Unknown);
            }
        }
    }

    private static IEnumerable<Vm> WithOneMoreFailing(Vm vm)
    {
        foreach (var check in vm.Observations["n1"].Checks.Values.Where(check => check.Passed))
        {
            var seen = vm.Observations["n1"];
            seen = seen with { Checks = seen.Checks.SetItem(check.Name, Failing(check)) };
            yield return vm with { Observations = vm.Observations.SetItem("n1", seen) };
        }

        foreach (var health in vm.Health.Values)
        {
            foreach (var check in health.Checks.Values.Where(check => check.Passed))
            {
                yield return vm with
                {
                    Health = vm.Health.SetItem(
                        health.Source, health with { Checks = health.Checks.SetItem(check.Name, Failing(check)) }),
                };
            }
        }
    }

    private static Vm Drawn(Random random, string[] names)
    {
        Check[] Checks() =>
        [
            .. names.Where(_ => random.Next(2) == 0).Select(name => new Check(name, random.Next(3) > 0, "")
            {
                Weight = random.Next(2) == 0 ? null : (uint)random.Next(0, 120),
                Critical = random.Next(6) == 0,
            }),
        ];

        var vm = Vm((VmState)random.Next(0, 6), Checks(), Checks());
        vm = random.Next(4) == 0
            ? With(vm, new RecoveryRecord(3, 1, "", 0, Exhausted: random.Next(2) == 0))
            : vm;
        return random.Next(2) == 0 ? vm : vm with
        {
            HealthPolicy = VmHealthPolicy.None with
            {
                DegradedAt = (uint)random.Next(0, 100),
                UnhealthyAt = (uint)random.Next(100, 200),
                Weights = Ordinal.Map<uint>().Add(names[random.Next(names.Length)], (uint)random.Next(0, 300)),
                Probes = Ordinal.Map<Probe>().Add("ssh", new Probe
                {
                    Name = "ssh",
                    Weight = (uint)random.Next(0, 300),
                    Critical = random.Next(3) == 0,
                }),
            },
        };
    }

    private static Check Failing(Check check) => check with { Passed = false };

    private static Vm With(Vm vm, RecoveryRecord recovery) => vm with
    {
        Observations = vm.Observations.SetItem("n1", vm.Observations["n1"] with { Recovery = recovery }),
    };

    private static Vm Vm(VmState state, Check[] host, Check[] monitor) => new()
    {
        Name = "web",
        Uuid = Make.Uuid(),
        CreatedAt = 1,
        Observations = Ordinal.Map<NodeObservation>().Add("n1", new NodeObservation
        {
            Node = "n1",
            Unit = "microvm@web.service",
            State = state,
            Checks = ByName(host),
        }),
        Health = monitor.Length == 0
            ? Ordinal.Map<Health>()
            : Ordinal.Map<Health>().Add("monitor", new("monitor", "n2", ByName(monitor), null, "", 1)),
    };

    private static ImmutableSortedDictionary<string, Check> ByName(Check[] checks) =>
        Ordinal.Map<Check>().AddRange(checks.Select(check => KeyValuePair.Create(check.Name, check)));
}
