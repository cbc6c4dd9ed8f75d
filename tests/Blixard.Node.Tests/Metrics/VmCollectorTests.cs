using Blixard.Node.Metrics;
using Blixard.Node.Tests.Api;
using Blixard.StateMachine.Commands;

namespace Blixard.Node.Tests.Metrics;

public class VmCollectorTests
{
    [Fact]
    public async Task A_running_vm_has_its_state_and_what_the_host_measures_of_it()
    {
        await using var host = await ApiHost.StartClusterAsync();
        host.RegisterVm("web1", "n1");
        host.Agent.Vms =
        [
            new LocalVm
            {
                Name = "web1",
                State = VmState.Running,
                CpuUsageUsec = 2_500_000,
                NetworkRxBytes = 7,
                NetworkRxDropped = 8,
                Restarts = 3,
                Pressures = [new("memory", 1_500_000, 500_000), new("cpu", 2_000_000, null)],
                Checks = [new LocalCheck("service_state", true)],
            },
        ];

        var lines = Lines(Collect(host));

        Assert.Equal(
            [
                """blixard_vm_check{vm="web1",check="service_state"} 1""",
                """blixard_vm_cpu_seconds_total{vm="web1"} 2.5""",
                """blixard_vm_health{vm="web1",status="critical"} 0""",
                """blixard_vm_health{vm="web1",status="degraded"} 0""",
                """blixard_vm_health{vm="web1",status="healthy"} 0""",
                """blixard_vm_health{vm="web1",status="unhealthy"} 0""",
                """blixard_vm_health{vm="web1",status="unknown"} 1""",
                """blixard_vm_health{vm="web1",status="unresponsive"} 0""",
                """blixard_vm_network_receive_bytes_total{vm="web1"} 7""",
                """blixard_vm_network_receive_dropped_total{vm="web1"} 8""",
                """blixard_vm_restarts_total{vm="web1"} 3""",
                """blixard_vm_stalled_seconds_total{vm="web1",resource="cpu",waiting="some"} 2""",
                """blixard_vm_stalled_seconds_total{vm="web1",resource="memory",waiting="all"} 0.5""",
                """blixard_vm_stalled_seconds_total{vm="web1",resource="memory",waiting="some"} 1.5""",
                """blixard_vm_state{vm="web1",state="failed"} 0""",
                """blixard_vm_state{vm="web1",state="running"} 1""",
                """blixard_vm_state{vm="web1",state="starting"} 0""",
                """blixard_vm_state{vm="web1",state="stopped"} 0""",
                """blixard_vm_state{vm="web1",state="stopping"} 0""",
                """blixard_vm_state{vm="web1",state="unknown"} 0""",
            ],
            lines.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task What_the_monitor_found_is_exported_with_what_the_host_checks_itself()
    {
        await using var host = await ApiHost.StartClusterAsync();
        host.RegisterVm("web1", "n1");
        host.Do("n1", Command.Of(new UpdateMonitoringAssignments
        {
            Assignments = { new UpdateMonitoringAssignments.Types.Assignment { Vm = "web1", Node = "n2" } },
        }));
        host.Do("n2", Command.Of(new UpdateHealth
        {
            Vm = "web1",
            Node = "n2",
            Source = "monitor",
            Healthy = false,
            Checks = { new CheckResult { Name = "network", Passed = false, Message = "Network unreachable" } },
        }));
        host.Agent.Vms =
            [new LocalVm { Name = "web1", State = VmState.Running, Checks = [new LocalCheck("service_state", true)] }];

        var lines = Lines(Collect(host));

        Assert.Contains("""blixard_vm_healthy{vm="web1"} 0""", lines);
        Assert.Contains("""blixard_vm_check{vm="web1",check="network"} 0""", lines);
        Assert.Contains("""blixard_vm_check{vm="web1",check="service_state"} 1""", lines);
    }

    [Fact]
    public async Task A_vm_is_exported_by_the_node_that_runs_it_or_ran_it_last()
    {
        await using var host = await ApiHost.StartClusterAsync();
        foreach (var vm in (string[])["here", "failed-here", "elsewhere", "nowhere"])
        {
            host.RegisterVm(vm, "n1");
            host.RegisterVm(vm, "n2");
        }

        host.Report(
            "n1",
            ApiHost.Seen("here", VmState.Running),
            ApiHost.Seen("failed-here", VmState.Stopped),
            ApiHost.Seen("elsewhere", VmState.Stopped),
            ApiHost.Seen("nowhere", VmState.Stopped));
        host.Report("n2", ApiHost.Seen("elsewhere", VmState.Running), ApiHost.Seen("nowhere", VmState.Stopped));
        host.RegisterVm("alone", "n1");
        host.Report("n1", ApiHost.Seen("alone", VmState.Stopped));
        host.Agent.Vms =
        [
            Local("here", VmState.Running),
            Local("failed-here", VmState.Starting),
            Local("elsewhere", VmState.Stopped),
            Local("nowhere", VmState.Stopped),
            Local("alone", VmState.Stopped),
            Local("not-registered-yet", VmState.Stopped),
        ];

        Assert.Equal(["alone", "failed-here", "here", "not-registered-yet"], VmsIn(Collect(host)));
    }

    [Fact]
    public async Task Above_the_cap_the_last_by_name_are_left_out_and_counted()
    {
        await using var host = await ApiHost.StartAsync();
        host.Agent.Vms =
        [
            .. Enumerable.Range(0, VmCollector.MaxVms + 2).Select(i => Local($"vm{i:d5}", VmState.Running)).Reverse(),
        ];

        var text = Collect(host);

        Assert.Equal(VmCollector.MaxVms, VmsIn(text).Count);
        Assert.DoesNotContain($"vm{VmCollector.MaxVms:d5}", text.ToString());
        Assert.Equal(2 * 6, text.Dropped(DropReason.VmLimit));
    }

    [Fact]
    public async Task A_vm_with_everything_stays_within_the_published_budget()
    {
        await using var host = await ApiHost.StartClusterAsync();
        host.RegisterVm("web1", "n1");
        var seen = ApiHost.Seen("web1", VmState.Running);
        seen.Checks.Add(new CheckResult { Name = "service_state", Passed = true });
        host.Report("n1", seen);
        host.Agent.Vms = [Full("web1", checks: VmCollector.MaxChecks + 4)];

        var text = Collect(host);

        Assert.Equal(VmCollector.MaxSeriesPerVm, Lines(text).Length);
        Assert.Equal(4, text.Dropped(DropReason.VmLimit));
        Assert.Contains($"{VmCollector.MaxSeriesPerVm} series", File.ReadAllText(Repository.PathOf("docs/metrics.md")));
        Assert.Contains($"{VmCollector.MaxVms} VMs", File.ReadAllText(Repository.PathOf("docs/metrics.md")));
    }

    /// <summary>A VM of which everything is known.</summary>
    internal static LocalVm Full(string name, int checks) => new()
    {
        Name = name,
        State = VmState.Running,
        CpuUsageUsec = 1,
        MemoryBytes = 2,
        MemoryLimitBytes = 3,
        SwapBytes = 4,
        DiskReadBytes = 5,
        DiskWriteBytes = 6,
        DiskReads = 7,
        DiskWrites = 8,
        NetworkRxBytes = 9,
        NetworkTxBytes = 10,
        NetworkRxPackets = 11,
        NetworkTxPackets = 12,
        NetworkRxErrors = 15,
        NetworkTxErrors = 16,
        NetworkRxDropped = 17,
        NetworkTxDropped = 18,
        Pids = 13,
        PidsLimit = 19,
        Pressures = [new("cpu", 1, 1), new("memory", 1, 1), new("io", 1, 1)],
        Restarts = 14,
        Vcpus = 15,
        RestartPending = true,
        Checks = [.. Enumerable.Range(0, checks).Select(i => new LocalCheck($"check{i}", true))],
    };

    private static LocalVm Local(string name, VmState state) => new() { Name = name, State = state };

    private static PrometheusText Collect(ApiHost host)
    {
        var text = new PrometheusText(strict: true);
        new VmCollector(host.Agent, host.Replica, ApiHost.Facts).Collect(text);
        return text;
    }

    private static string[] Lines(PrometheusText text) =>
        [.. text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => line[0] != '#')];

    private static List<string> VmsIn(PrometheusText text) =>
    [
        .. Lines(text).Where(line => line.StartsWith("blixard_vm_state", StringComparison.Ordinal))
            .Select(line => line.Split('"')[1]).Distinct().Order(StringComparer.Ordinal),
    ];
}
