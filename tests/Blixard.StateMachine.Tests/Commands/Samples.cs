using Blixard.StateMachine.Commands;
using Google.Protobuf;

namespace Blixard.StateMachine.Tests.Commands;

/// <summary>
/// One command per case of the oneof, with every field set to something that is not its default: what the golden files
/// hold. Never changed once released; a new field gets a new sample and a new file.
/// </summary>
internal static class Samples
{
    public static IEnumerable<Command> All =>
        Enum.GetValues<Command.BodyOneofCase>().Except([Command.BodyOneofCase.None]).Select(Of);

    /// <summary>By the name of their golden file.</summary>
    public static SortedDictionary<string, Command> Golden
    {
        get
        {
            var golden = new SortedDictionary<string, Command>(StringComparer.Ordinal)
            {
                ["KeepAlive"] = KeepAlive(),
                ["UpdateStateWithFacts"] = UpdateStateWithFacts(),
                ["UpdateStateWithUsage"] = UpdateStateWithUsage(),
                ["UpdateStateWithStorage"] = UpdateStateWithStorage(),
                ["UpdateNodeWithBudget"] = UpdateNodeWithBudget(),
                ["RegisterNodeWithClusterVersion"] = RegisterNodeWithClusterVersion(),
                ["SetAnnotationWithKey"] = SetAnnotationWithKey(),
                ["Compressed"] = Compressed(),
                ["UpdateStateWithHealth"] = UpdateStateWithHealth(),
                ["UpdateHealthWithWeight"] = UpdateHealthWithWeight(),
            };
            foreach (var command in All)
            {
                golden.Add(command.Kind, command);
            }

            return golden;
        }
    }

    public static Command Of(Command.BodyOneofCase body)
    {
        var command = body switch
        {
            Command.BodyOneofCase.RegisterVm => Command.Of(new RegisterVM
            {
                Vm = "web1",
                Uuid = "6f1cf8a0-3d0c-4e57-9f0e-0d9d6c3a7b11",
                Node = "n1",
                Unit = "microvm-web1.service",
                UserService = true,
                State = VmState.Running,
                SubState = "running",
            }),
            Command.BodyOneofCase.UpdateState => Command.Of(UpdateState()),
            Command.BodyOneofCase.RemoveVm => Command.Of(new RemoveVM { Vm = "web1", Reason = "moved away" }),
            Command.BodyOneofCase.UpdateHealth => Command.Of(new UpdateHealth
            {
                Vm = "web1",
                Node = "n1",
                Source = "monitor",
                Checks = { new CheckResult { Name = "network", Passed = true, Message = "Network OK" } },
                Healthy = false,
                Message = "1 of 4 checks failed",
            }),
            Command.BodyOneofCase.UpdateMonitoringAssignments => Command.Of(new UpdateMonitoringAssignments
            {
                Assignments = { new UpdateMonitoringAssignments.Types.Assignment { Vm = "web1", Node = "n1" } },
            }),
            Command.BodyOneofCase.SetAnnotation => Command.Of(new SetAnnotation
            {
                Vm = "web1",
                Key = "owner",
                Value = ByteString.CopyFrom(0x6d, 0x65, 0x00, 0xff),
            }),
            Command.BodyOneofCase.SetHealthPolicy => Command.Of(new SetHealthPolicy { Vm = "web1", Policy = Policy() }),
            Command.BodyOneofCase.ForgetObservation => Command.Of(
                new ForgetObservation { Vm = "web1", Node = "n1", Reason = "not on n1 for more than 24 h" }),
            Command.BodyOneofCase.RegisterNode => Command.Of(new RegisterNode
            {
                Node = "n1",
                MemberId = 0xfedcba9876543210,
                BootId = "2b8d1c6e-7b1f-4f0a-8a55-5a3f0e9c1d42",
                ApiAddress = "10.77.0.11:7480",
                RaftAddress = "10.77.0.11:7481",
                Version = "0.1.0",
                Labels = { new Label { Key = "zone", Value = "a" } },
                Cpus = 8,
                MemoryBytes = 34_359_738_368,
            }),
            Command.BodyOneofCase.UpdateNode => Command.Of(new UpdateNode
            {
                Node = "n1",
                Status = NodeStatus.Lost,
                Reason = "no answer for 3100 ms",
                ApiAddress = "10.77.0.12:7480",
                RaftAddress = "10.77.0.12:7481",
                Version = "0.1.1",
                Labels = new LabelSet { Labels = { new Label { Key = "rack", Value = "r1" } } },
            }),
            Command.BodyOneofCase.ChangeMembership => Command.Of(new ChangeMembership
            {
                Kind = MembershipChangeKind.Add,
                Node = "n2",
                MemberId = 0xfedcba9876543211,
                RaftAddress = "10.77.0.12:7481",
                ApiAddress = "10.77.0.12:7480",
            }),
            Command.BodyOneofCase.CancelMembershipChange => Command.Of(new CancelMembershipChange { Request = 4 }),
            Command.BodyOneofCase.SettleMembershipChange => Command.Of(
                new SettleMembershipChange { Request = 4, Refused = "1234 entries behind" }),
            Command.BodyOneofCase.SetClusterVersion => Command.Of(new SetClusterVersion { Version = 2 }),
            Command.BodyOneofCase.AdvanceTime => Command.Of(new AdvanceTime { ElapsedMs = 60_123 }),
            Command.BodyOneofCase.OpenSession => Command.Of(new OpenSession { Nonce = 0x0123456789abcdef }),
            _ => FencingSamples.Of(body),
        };
        command.TimeUnixMs = 1_800_000_000_123;
        command.Actor = "n1";
        command.DecidedTerm = 3;
        if (body != Command.BodyOneofCase.OpenSession)
        {
            command.ClientId = 1;
            command.Sequence = (ulong)body;
            command.AcknowledgedBelow = 1;
        }

        return command;
    }

    private static Command KeepAlive()
    {
        var command = Of(Command.BodyOneofCase.UpdateState);
        command.UpdateState = new UpdateState { Node = "n1", BootId = "boot-1", UnchangedSince = 300 };
        return command;
    }

    private static Command UpdateStateWithFacts()
    {
        var command = Of(Command.BodyOneofCase.UpdateState);
        var seen = command.UpdateState.Vms[0];
        seen.Unseen = true;
        seen.Facts = new VmFacts
        {
            Hypervisor = "cloud-hypervisor",
            Vcpus = 4,
            Taps = { "vm-web1", "vm-web1b" },
            Macvtaps = { "mv-web1" },
            VsockCid = 4711,
            RunningRunner = "/nix/store/0c1-microvm-qemu-web1",
            CurrentRunner = "/nix/store/0c2-microvm-qemu-web1",
            MemoryLimitSource = MemoryLimitSource.CommandLine,
        };
        return command;
    }

    private static Command UpdateStateWithUsage()
    {
        var command = Of(Command.BodyOneofCase.UpdateState);
        var usage = command.UpdateState.Vms[0].Resources;
        usage.SwapBytes = 0;
        usage.CpuUserUsec = 1;
        usage.CpuSystemUsec = 2;
        usage.DiskReadBytesPerSecond = 3;
        usage.DiskWriteBytesPerSecond = 4;
        usage.DiskReadsPerSecond = 5;
        usage.DiskWritesPerSecond = 6;
        usage.NetworkRxBytesPerSecond = 7;
        usage.NetworkTxBytesPerSecond = 8;
        usage.NetworkRxPacketsPerSecond = 9;
        usage.NetworkTxPacketsPerSecond = 10;
        usage.NetworkRxErrors = 11;
        usage.NetworkTxErrors = 12;
        usage.NetworkRxDropped = 13;
        usage.NetworkTxDropped = 14;
        usage.PidsLimit = 15;
        usage.CpuPressureSomeMillipercent = 16;
        usage.CpuPressureFullMillipercent = 17;
        usage.MemoryPressureSomeMillipercent = 18;
        usage.MemoryPressureFullMillipercent = 19;
        usage.IoPressureSomeMillipercent = 20;
        usage.IoPressureFullMillipercent = 9_223_372_036_854_775_807;
        return command;
    }

    private static Command UpdateStateWithStorage()
    {
        var command = UpdateStateWithFacts();
        command.UpdateState.Vms[0].Facts.Storage = StorageKind.SharedCached;
        return command;
    }

    private static Command UpdateNodeWithBudget()
    {
        var command = Of(Command.BodyOneofCase.UpdateNode);
        command.UpdateNode.KillBudgetMs = 8400;
        command.UpdateNode.WatchdogMs = 10_000;
        return command;
    }

    private static Command RegisterNodeWithClusterVersion()
    {
        var command = Of(Command.BodyOneofCase.RegisterNode);
        command.RegisterNode.ClusterVersion = 2;
        return command;
    }

    private static Command SetAnnotationWithKey()
    {
        var command = Of(Command.BodyOneofCase.SetAnnotation);
        command.IdempotencyKey = "5f2c~!";
        command.RequestHash = 0xfedcba9876543210;
        command.Supersedes = new Superseded { ClientId = 9, Sequence = 300 };
        return command;
    }

    private static HealthPolicy Policy() => new()
    {
        Probes =
        {
            new HealthProbe
            {
                Name = "web",
                Kind = ProbeKind.Http,
                Target = "http://10.0.0.5:8080/health",
                IntervalSeconds = 10,
                TimeoutMs = 2000,
                Weight = 50,
                Failures = 3,
                Successes = 2,
                ExpectedStatus = 204,
                Critical = true,
            },
        },
        Weights = { new CheckWeight { Check = "journal_errors", Weight = 5 } },
        DegradedAt = 10,
        UnhealthyAt = 60,
        MaxCpuPercent = 80,
        MaxMemoryPercent = 85,
        MaxJournalErrors = 3,
        Recovery = RecoveryAction.Restart,
        RecoveryLimit = 3,
        RecoveryAfterSeconds = 30,
        AnomaliesOff = true,
    };

    private static Command UpdateStateWithHealth()
    {
        var command = Of(Command.BodyOneofCase.UpdateState);
        var seen = command.UpdateState.Vms[0];
        seen.Checks[0].Weight = 100;
        seen.Checks[0].Critical = true;
        seen.Errors.Add(
            new JournalError { TimeUnixMs = 1_800_000_000_050, Priority = 3, Message = "I/O error, sector 1" });
        seen.Recovery = new()
        {
            Attempts = 2,
            LastUnixMs = 1_800_000_000_060,
            Reason = "unresponsive for 30 s",
            NextUnixMs = 1_800_000_020_060,
            Exhausted = true,
        };
        return command;
    }

    private static Command UpdateHealthWithWeight()
    {
        var command = Of(Command.BodyOneofCase.UpdateHealth);
        command.UpdateHealth.Checks[0].Weight = 40;
        command.UpdateHealth.Checks[0].Critical = true;
        return command;
    }

    private static Command Compressed()
    {
        var command = Of(Command.BodyOneofCase.UpdateState);
        for (var i = 2; i <= 500; i++)
        {
            command.UpdateState.Vms.Add(new VmObservation { Vm = $"web{i}", Unit = $"microvm@web{i}.service" });
        }

        return command;
    }

    private static UpdateState UpdateState() => new()
    {
        Node = "n1",
        BootId = "2b8d1c6e-7b1f-4f0a-8a55-5a3f0e9c1d42",
        ObservationSeq = 300,
        Complete = true,
        Vms =
        {
            new VmObservation
            {
                Vm = "web1",
                Unit = "microvm-web1.service",
                UserService = true,
                State = VmState.Failed,
                SubState = "failed",
                SinceUnixMs = 1_800_000_000_000,
                Result = "exit-code",
                ExitCode = -9,
                Restarts = 2,
                MainPid = 4711,
                Probe = "tcp://10.0.0.5:22",
                Resources = new ResourceUsage
                {
                    SampledAtUnixMs = 1_800_000_000_100,
                    CpuMillipercent = 12_300,
                    CpuUsageUsec = 99_000_000,
                    MemoryBytes = 0,
                    MemoryLimitBytes = 536_870_912,
                    DiskReadBytes = 1,
                    DiskWriteBytes = 2,
                    DiskReads = 3,
                    DiskWrites = 4,
                    NetworkRxBytes = 5,
                    NetworkTxBytes = 6,
                    NetworkRxPackets = 7,
                    NetworkTxPackets = 8,
                    Pids = 9,
                },
                Checks =
                {
                    new CheckResult { Name = "service_state", Passed = true, Message = "Service state: Failed" },
                },
            },
        },
    };
}
