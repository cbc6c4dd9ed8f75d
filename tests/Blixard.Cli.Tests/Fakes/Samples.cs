using System.Globalization;
using Blixard.Client.Contracts;

namespace Blixard.Cli.Tests.Fakes;

/// <summary>Three nodes and VMs in every state, at one instant.</summary>
internal static class Samples
{
    public static readonly DateTimeOffset Now = DateTimeOffset.Parse(
        "2026-05-31T16:30:00.000Z", CultureInfo.InvariantCulture);

    public static IReadOnlyList<Vm> Vms { get; } =
    [
        NewVm("build", "n2", "microvm@build.service") with
        {
            State = VmState.Failed,
            SubState = "failed",
            Since = Now.AddMinutes(-3),
            Result = "exit-code",
            ExitCode = 1,
            Restarts = 4,
            Health = Unhealthy("service_state", "Service state: Failed"),
        },
        NewVm("db", "n3", "microvm@db.service") with
        {
            State = VmState.Unknown,
            Stale = true,
            StaleReason = "node lost",
            Since = Now.AddHours(-5),
            LastSeen = Now.AddSeconds(-40),
            Observations = [Seen("n3", VmState.Running, "running", stale: true) with { Unit = "microvm@db.service" }],
        },
        NewVm("idle", "n1", "microvm@idle.service") with { State = VmState.Stopped, SubState = "dead" },
        NewVm("web1", "n1", "microvm@web1.service") with
        {
            State = VmState.Running,
            SubState = "running",
            Since = Now.AddDays(-2).AddHours(-4),
            LastSeen = Now.AddSeconds(-5),
            LastUpdate = Now.AddMinutes(-7),
            Monitor = "n2",
            MainPid = 4711,
            Result = "success",
            Restarts = 0,
            Hypervisor = "qemu",
            Vcpus = 2,
            Taps = ["vm-web1"],
            VsockCid = 4711,
            RunningRunner = "/nix/store/1abc-microvm-qemu-web1",
            CurrentRunner = "/nix/store/2def-microvm-qemu-web1",
            RestartPending = true,
            Candidates = ["n1", "n2"],
            RunningOn = ["n1"],
            Health = new VmHealth
            {
                Healthy = true,
                Checks =
                [
                    Check("service_state", CheckStatus.Passing, "Service state: Running"),
                    Check("resource_usage", CheckStatus.Passing, "CPU: 12.3%, Memory: 456MB"),
                ],
            },
            Observations =
            [
                Seen("n1", VmState.Running, "running", stale: false),
                Seen("n2", VmState.Stopped, "dead", stale: false),
            ],
            Resources = new VmResources
            {
                SampledAt = Now.AddSeconds(-4),
                CpuPercent = 12.34,
                CpuSeconds = 23456.78,
                MemoryBytes = 456L << 20,
                MemoryLimitBytes = 1L << 30,
                MemoryLimitSource = MemoryLimitSource.Qmp,
                MemoryPercent = 44.53,
                DiskReadBytes = 1_500_000_000,
                DiskWriteBytes = 0,
                NetRxBytes = 1023,
                NetTxBytes = 1024,
                DiskReadBytesPerSecond = 2048,
                DiskWriteBytesPerSecond = 0,
                DiskReadOperations = 1200,
                DiskWriteOperations = 0,
                DiskReadOperationsPerSecond = 3,
                DiskWriteOperationsPerSecond = 0,
                NetRxPackets = 11,
                NetTxPackets = 12,
                NetRxErrors = 0,
                NetTxErrors = 0,
                NetRxDropped = 4,
                NetTxDropped = 0,
                Pids = 7,
                PidsLimit = 4915,
                CpuPressureSomePercent = 1.5,
                CpuPressureFullPercent = 0,
                MemoryPressureSomePercent = 0,
            },
        },
        NewVm("web10", "n2", "microvm@web10.service") with
        {
            State = VmState.Running,
            SubState = "running",
            Since = Now.AddSeconds(-42),
            Monitor = "n1",
            Health = Unhealthy("network", "Network unreachable"),
            Resources = new VmResources { CpuPercent = 0 },
        },
        NewVm("twin", "n1", "microvm@twin.service") with
        {
            State = VmState.Running,
            SubState = "running",
            Since = Now.AddMinutes(-90),
            Alarms = [VmAlarms.DuplicateRunning],
            Candidates = ["n1"],
            Observations = [Seen("n1", VmState.Running, "running", stale: false)],
            RunningOn = ["n1"],
            RefusedClaims = [new VmClaim { Node = "n2", Since = Now.AddMinutes(-2) }],
        },
    ];

    public static IReadOnlyList<NodeInfo> Nodes { get; } =
    [
        Node("n1", MemberRole.Leader, NodeStatus.Active, 0),
        Node("n2", MemberRole.Follower, NodeStatus.Active, 0.2) with
        {
            Labels = new Dictionary<string, string> { ["zone"] = "b", ["rack"] = "r 2" },
        },
        Node("n3", MemberRole.Follower, NodeStatus.Lost, 40),
    ];

    public static ClusterStatus Cluster { get; } = new()
    {
        ClusterId = "6f1d2c3b4a5d6e7f",
        ClusterName = "lab",
        AnsweredBy = "n1",
        Leader = "n1",
        Term = 4,
        CommitIndex = 123456,
        AppliedIndex = 123456,
        Quorum = new QuorumStatus { Voters = 3, Healthy = 2, Needed = 2, Safe = true, Tolerates = 0 },
        Members = [Member("n1", MemberRole.Leader, 0), Member("n2", MemberRole.Follower, 3), Lost("n3", 4000)],
        Vms = VmSummary.Of(Vms),
        Attention = VmAttention.Of(Vms, ClusterStatus.AttentionLimit),
        Warnings = ["The API speaks without TLS on 10.77.0.11:7480."],
        Stale = false,
    };

    public static LocalStatus LocalStatus { get; } = new()
    {
        Pid = 3601,
        Uptime = 1427,
        Memory = new LocalMemory { Rss = 50143232, HeapTotal = 28908416, HeapUsed = 9082576 },
        State = "running",
        Status = "working",
        NumVms = 3,
        Queue = new LocalTasks { Paused = false, Working = 1, MaxJobs = 2, Channels = [], Backlog = ["web1"] },
        LastRefresh = Now.AddMinutes(-2),
        RefreshErrors = [new LocalRefreshError { Date = Now.AddMinutes(-7), Message = "the system bus is gone" }],
        Misses =
        [
            new LocalMiss
            {
                Kind = LocalMiss.Manager,
                Name = "user dev",
                Since = Now.AddSeconds(-75),
                Reason = "user dev is not known on this host",
            },
            new LocalMiss { Kind = LocalMiss.Figures, Name = "web1", Reason = "control group /a can't be read" },
        ],
        EventListeners = [],
        RefreshLog = [new LocalRefresh { Date = Now.AddMinutes(-2), Seconds = 0.006, Units = 3, Differences = 1 }],
        Watchers = ["system bus"],
    };

    public static Vm NewVm(string name, string node, string unit) => new()
    {
        Name = name,
        Uuid = UuidOf(name),
        CreatedAt = Now.AddDays(-30),
        State = VmState.Unknown,
        Node = node,
        Unit = unit,
        UserService = false,
        Health = new VmHealth { Checks = [] },
        Stale = false,
        Resources = new VmResources(),
        Candidates = [node],
        Observations = [],
        Alarms = [],
    };

    public static EventRecord Ready(ulong index, bool lists = true) => new()
    {
        Type = EventType.Ready,
        Index = index,
        Date = Now,
        Uuid = "11111111-2222-4333-8444-555555555555",
        Vms = lists ? Vms : null,
        Nodes = lists ? Nodes : null,
    };

    public static EventRecord Modify(string vm, ulong index, params FieldChange[] changes) => new()
    {
        Type = EventType.Modify,
        Index = index,
        Date = Now.AddMilliseconds(index),
        Kind = EventKind.Vm,
        Name = vm,
        Uuid = UuidOf(vm),
        Changes = changes,
        Reason = "unit changed",
    };

    public static Problem ProblemOf(string type, int status, string detail) =>
        new() { Type = type, Title = "Problem", Status = status, Detail = detail };

    public static string UuidOf(string name)
    {
        var hex = Convert.ToHexStringLower(System.Text.Encoding.ASCII.GetBytes(name.PadRight(6, 'z')))[..12];
        return $"{hex[..8]}-0000-4000-8000-{hex}";
    }

    public static ClusterMember Member(string name, MemberRole role, ulong lag) => new()
    {
        Id = $"000000000000000{name[1]}",
        Name = name,
        Role = role,
        Membership = MembershipKind.Voter,
        Leader = role == MemberRole.Leader,
        Status = NodeStatus.Active,
        RaftAddress = $"10.77.0.1{name[1]}:7481",
        ApiAddress = $"10.77.0.1{name[1]}:7480",
        Version = "0.1.0",
        MatchIndex = 123456 - lag,
        Lag = lag,
        LastContactSeconds = role == MemberRole.Leader ? 0 : 0.1,
    };

    private static ClusterMember Lost(string name, ulong lag) =>
        Member(name, MemberRole.Follower, lag) with { Status = NodeStatus.Lost, LastContactSeconds = 40 };

    private static NodeInfo Node(string name, MemberRole role, NodeStatus status, double contact) => new()
    {
        Id = $"000000000000000{name[1]}",
        Name = name,
        RaftAddress = $"10.77.0.1{name[1]}:7481",
        ApiAddress = $"10.77.0.1{name[1]}:7480",
        Version = "0.1.0",
        Status = status,
        Role = role,
        BootId = "4f0b7f3a-8d4e-4f0a-9a37-0a6f3c1e2d9b",
        Labels = new Dictionary<string, string>(),
        Capacity = new NodeCapacity { Cpus = 8, MemoryBytes = 16L << 30 },
        Vms = VmSummary.Of(Vms.Where(vm => vm.Node == name)),
        Monitoring = Vms.Count(vm => vm.Monitor == name),
        LastContactSeconds = contact,
    };

    private static VmHealth Unhealthy(string check, string message) =>
        new() { Healthy = false, Checks = [Check(check, CheckStatus.Failing, message)] };

    private static VmCheck Check(string name, CheckStatus status, string message) =>
        new() { Name = name, Status = status, Message = message, At = Now.AddSeconds(-10) };

    private static VmObservation Seen(string node, VmState state, string subState, bool stale) => new()
    {
        StaleReason = stale ? "node lost" : null,
        LastSeen = Now.AddSeconds(stale ? -40 : -5),
        Node = node,
        State = state,
        SubState = subState,
        Unit = "microvm@web1.service",
        Stale = stale,
        LastUpdate = Now.AddMinutes(-7),
    };
}
