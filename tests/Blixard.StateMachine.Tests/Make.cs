using System.Text;
using Blixard.StateMachine.Commands;
using Google.Protobuf;

namespace Blixard.StateMachine.Tests;

/// <summary>Commands, with everything that a test does not care about filled in.</summary>
internal static partial class Make
{
    public const string Boot = "boot-1";

    public static string Uuid(int number = 1) => $"00000000-0000-4000-8000-{number:d12}";

    public static ulong Member(string node) => 0x1000UL + node[^1];

    public static Command RegisterNode(string node, string boot = Boot) => Command.Of(new RegisterNode
    {
        Node = node,
        MemberId = Member(node),
        BootId = boot,
        ApiAddress = $"{node}:7480",
        RaftAddress = $"{node}:7481",
        Version = "0.1.0",
        Cpus = 8,
        MemoryBytes = 1UL << 34,
    }).By(node);

    public static Command RegisterVM(string vm, string node, VmState state = VmState.Unknown, int uuid = 1) =>
        Command.Of(new RegisterVM
        {
            Vm = vm,
            Uuid = Uuid(uuid),
            Node = node,
            Unit = $"microvm@{vm}.service",
            State = state,
        }).By(node);

    public static VmObservation Seen(string vm, VmState state = VmState.Running) =>
        new() { Vm = vm, Unit = $"microvm@{vm}.service", State = state };

    public static Command Report(string node, ulong sequence, params VmObservation[] vms) =>
        Report(node, sequence, Boot, complete: false, vms);

    public static Command CompleteReport(string node, ulong sequence, params VmObservation[] vms) =>
        Report(node, sequence, Boot, complete: true, vms);

    public static Command Report(string node, ulong sequence, string boot, bool complete, params VmObservation[] vms)
    {
        var body = new UpdateState { Node = node, BootId = boot, ObservationSeq = sequence, Complete = complete };
        body.Vms.AddRange(vms);
        return Command.Of(body).By(node);
    }

    public static Command KeepAlive(string node, ulong since, string boot = Boot) =>
        Command.Of(new UpdateState { Node = node, BootId = boot, UnchangedSince = since }).By(node);

    public static Command RemoveVM(string vm) => Command.Of(new RemoveVM { Vm = vm }).By("n1");

    public static Command Judge(string vm, string node, bool? healthy, params CheckResult[] checks)
    {
        var body = new UpdateHealth { Vm = vm, Node = node, Source = "monitor" };
        body.Checks.AddRange(checks);
        if (healthy is { } verdict)
        {
            body.Healthy = verdict;
        }

        return Command.Of(body).By(node);
    }

    public static CheckResult Check(string name, bool passed) => new() { Name = name, Passed = passed };

    /// <summary>A decision of the leader of term 1, like every command that a <see cref="Replica"/> commits.</summary>
    public static Command Assign(params (string Vm, string Node)[] assignments)
    {
        var body = new UpdateMonitoringAssignments();
        foreach (var (vm, node) in assignments)
        {
            body.Assignments.Add(new UpdateMonitoringAssignments.Types.Assignment { Vm = vm, Node = node });
        }

        return Decided(Command.Of(body));
    }

    public static Command Lost(string node) =>
        Decided(Command.Of(new UpdateNode { Node = node, Status = NodeStatus.Lost, Reason = "no answer" }));

    public static Command Active(string node) =>
        Decided(Command.Of(new UpdateNode { Node = node, Status = NodeStatus.Active }));

    public static Command Forget(string vm, string node) =>
        Decided(Command.Of(new ForgetObservation { Vm = vm, Node = node, Reason = "gone for long" }));

    public static Command Add(string node) => Command.Of(new ChangeMembership
    {
        Kind = MembershipChangeKind.Add,
        Node = node,
        MemberId = Member(node),
        RaftAddress = $"{node}:7481",
        ApiAddress = $"{node}:7480",
    }).By("n1");

    public static Command Ask(MembershipChangeKind kind, string node) =>
        Command.Of(new ChangeMembership { Kind = kind, Node = node }).By("n1");

    public static Command Cancel(ulong request) =>
        Command.Of(new CancelMembershipChange { Request = request }).By("n2");

    public static Command Settle(ulong request, string refused = "") =>
        Decided(Command.Of(new SettleMembershipChange { Request = request, Refused = refused }));

    public static Command Annotate(string vm, string key, string value) =>
        Annotate(vm, key, Encoding.UTF8.GetBytes(value));

    public static Command Annotate(string vm, string key, byte[] value) => Command.Of(
        new SetAnnotation { Vm = vm, Key = key, Value = ByteString.CopyFrom(value) }).By("n1");

    public static Command Raise(uint version) =>
        Decided(Command.Of(new SetClusterVersion { Version = version }));

    public static Command Advance(TimeSpan elapsed) =>
        Decided(Command.Of(new AdvanceTime { ElapsedMs = (ulong)elapsed.TotalMilliseconds }));

    public static Command OpenSession(ulong nonce = 7) => Command.Of(new OpenSession { Nonce = nonce }).By("n1");

    public static Command By(this Command command, string actor)
    {
        command.Actor = actor;
        command.TimeUnixMs = Replica.Start;
        return command;
    }

    public static Command At(this Command command, long time)
    {
        command.TimeUnixMs = time;
        return command;
    }

    public static Command In(this Command command, ulong session, ulong sequence, ulong acknowledgedBelow = 0)
    {
        command = command.Clone();
        command.ClientId = session;
        command.Sequence = sequence;
        command.AcknowledgedBelow = acknowledgedBelow;
        return command;
    }

    /// <summary>Under a client's key.</summary>
    public static Command Keyed(this Command command, string key, ulong requestHash = 1)
    {
        command = command.Clone();
        command.IdempotencyKey = key;
        command.RequestHash = requestHash;
        return command;
    }

    /// <summary>Of a number that was given up.</summary>
    public static Command Instead(this Command command, ulong session, ulong sequence)
    {
        command = command.Clone();
        command.Supersedes = new Superseded { ClientId = session, Sequence = sequence };
        return command;
    }

    public static Command Term(this Command command, ulong decided)
    {
        command.DecidedTerm = decided;
        return command;
    }

    public static Command Decided(Command command, ulong term = 1)
    {
        command.By("n1").DecidedTerm = term;
        return command;
    }
}
