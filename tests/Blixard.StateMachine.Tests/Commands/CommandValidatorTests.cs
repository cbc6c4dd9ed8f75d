using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.Tests.Commands;

public sealed class CommandValidatorTests
{
    private const string NameRule =
        "is not a name: 1 to 63 letters, digits, '_', '-' or '.', the first a letter or digit, no '..'";

    /// <summary>What is wrong, how a good command is spoiled, and what is said about it.</summary>
    private static readonly (string Name, Command.BodyOneofCase Body, Action<Command> Spoil, string Detail)[] Bad =
    [
        ("no body", RegisterVm, c => c.ClearBody(), "the command has no body"),
        ("no actor", RegisterVm, c => c.Actor = "", $"actor \"\" {NameRule}"),
        ("no time", RegisterVm, c => c.TimeUnixMs = 0, "time_unix_ms 0 is not a time in milliseconds since 1970"),
        ("time in microseconds", RegisterVm, c => c.TimeUnixMs = 1_800_000_000_000_000,
            "time_unix_ms 1800000000000000 is not a time in milliseconds since 1970"),
        ("sequence without session", RegisterVm, c => c.ClientId = 0, "a sequence without a session"),
        ("session without sequence", RegisterVm, c => c.Sequence = 0, "sequence 0: a session counts from 1"),
        ("acknowledged ahead", RegisterVm, c => c.AcknowledgedBelow = 17,
            "sequence 16 is itself below the acknowledged 17"),
        ("session within a session", Command.BodyOneofCase.OpenSession, c => (c.ClientId, c.Sequence) = (1, 1),
            "a session can't be opened within another"),
        ("no nonce", Command.BodyOneofCase.OpenSession, c => c.OpenSession.Nonce = 0, "nonce is missing"),

        ("path in a name", RegisterVm, c => c.RegisterVm.Vm = "../etc", $"vm \"../etc\" {NameRule}"),
        ("escaped name", RegisterVm, c => c.RegisterVm.Vm = "a\\x2db", $"vm \"a\\x2db\" {NameRule}"),
        ("control character", RegisterVm, c => c.RegisterVm.Vm = "a\nb", $"vm \"a?b\" {NameRule}"),
        ("upper case uuid", RegisterVm, c => c.RegisterVm.Uuid = "6F1CF8A0-3D0C-4E57-9F0E-0D9D6C3A7B11",
            "uuid \"6F1CF8A0-3D0C-4E57-9F0E-0D9D6C3A7B11\" is not a UUID in lower case"),
        ("uuid without hyphens", RegisterVm, c => c.RegisterVm.Uuid = "6f1cf8a03d0c4e579f0e0d9d6c3a7b11",
            "uuid \"6f1cf8a03d0c4e579f0e0d9d6c3a7b11\" is not a UUID in lower case"),
        ("unit of another vm", RegisterVm, c => c.RegisterVm.Unit = "microvm-web2.service",
            "unit \"microvm-web2.service\" does not belong to VM web1: expected microvm-web1.service"),
        ("helper unit", RegisterVm,
            c => (c.RegisterVm.Unit, c.RegisterVm.UserService) = ("microvm-virtiofsd@web1.service", false),
            "unit \"microvm-virtiofsd@web1.service\" does not belong to VM web1: expected microvm@web1.service"),
        ("unknown state", RegisterVm, c => c.RegisterVm.State = (VmState)6, "state 6 is not a VM state"),
        ("negative state", RegisterVm, c => c.RegisterVm.State = (VmState)(-1), "state -1 is not a VM state"),
        ("long sub-state", RegisterVm, c => c.RegisterVm.SubState = new string('x', 65),
            "sub_state has 65 characters, the most is 64"),
        ("bad node", RegisterVm, c => c.RegisterVm.Node = "n 1", $"node \"n 1\" {NameRule}"),

        ("removed name", Command.BodyOneofCase.RemoveVm, c => c.RemoveVm.Vm = "", $"vm \"\" {NameRule}"),
        ("removal's reason", Command.BodyOneofCase.RemoveVm, c => c.RemoveVm.Reason = "a\tb",
            "reason \"a?b\" has a control character"),

        ("no boot", UpdateState, c => c.UpdateState.BootId = "", "boot_id is missing"),
        ("no sequence", UpdateState, c => c.UpdateState.ObservationSeq = 0, "observation_seq is missing"),
        ("two sequences", UpdateState, c => c.UpdateState.UnchangedSince = 1,
            "both observation_seq and unchanged_since are set"),
        ("keep-alive with news", UpdateState,
            c => (c.UpdateState.ObservationSeq, c.UpdateState.UnchangedSince) = (0, 1),
            "a keep-alive carries no observations"),
        ("vm twice", UpdateState, c => c.UpdateState.Vms.Add(c.UpdateState.Vms[0]), "VM web1 is listed twice"),
        ("too many vms", UpdateState, c => c.UpdateState.Vms.AddRange(Enumerable.Repeat(c.UpdateState.Vms[0], 4096)),
            "4097 observations, the most is 4096"),
        ("observed unit", UpdateState, c => c.UpdateState.Vms[0].Unit = "ssh.service",
            "VM web1: unit \"ssh.service\" does not belong to VM web1: expected microvm-web1.service"),
        ("error lines", UpdateState,
            c => c.UpdateState.Vms[0].Errors.AddRange(Enumerable.Repeat(new JournalError { TimeUnixMs = 1 }, 6)),
            "VM web1: 6 errors, the most is 5"),
        ("error line of no time", UpdateState, c => c.UpdateState.Vms[0].Errors.Add(new JournalError()),
            "VM web1: time of a line 0 is not a time in milliseconds since 1970"),
        ("error line of many bytes", UpdateState,
            c => c.UpdateState.Vms[0].Errors.Add(new JournalError { TimeUnixMs = 1, Message = new string('ä', 129) }),
            "VM web1: 258 bytes of a line, the most is 256"),
        ("error line that rings", UpdateState,
            c => c.UpdateState.Vms[0].Errors.Add(new JournalError { TimeUnixMs = 1, Message = "\a" }),
            "VM web1: a line \"?\" has a control character"),
        ("error line of no syslog", UpdateState,
            c => c.UpdateState.Vms[0].Errors.Add(new JournalError { TimeUnixMs = 1, Priority = 8 }),
            "VM web1: priority 8 is not one of syslog"),
        ("weight of a check", UpdateState, c => c.UpdateState.Vms[0].Checks[0].Weight = 1001,
            "VM web1: weight 1001 of check service_state is not 0 to 1000"),
        ("recovery in the past of time", UpdateState,
            c => c.UpdateState.Vms[0].Recovery = new() { NextUnixMs = -1 },
            "VM web1: next_unix_ms -1 is not a time in milliseconds since 1970"),
        ("observed name", UpdateState, c => c.UpdateState.Vms[0].Vm = ".x", $"vm \".x\" {NameRule}"),
        ("unset counter", UpdateState, c => c.UpdateState.Vms[0].Resources.MemoryBytes = ulong.MaxValue,
            "VM web1: memory_bytes is 18446744073709551615: a figure that is not available is left out"),
        ("negative time", UpdateState, c => c.UpdateState.Vms[0].SinceUnixMs = -1,
            "VM web1: since_unix_ms -1 is not a time in milliseconds since 1970"),
        ("long probe", UpdateState, c => c.UpdateState.Vms[0].Probe = new string('x', 257),
            "VM web1: probe has 257 characters, the most is 256"),
        ("check twice", UpdateState, c => c.UpdateState.Vms[0].Checks.Add(c.UpdateState.Vms[0].Checks[0]),
            "VM web1: check service_state is listed twice"),
        ("too many checks", UpdateState, c => c.UpdateState.Vms[0].Checks.AddRange(
            Enumerable.Repeat(c.UpdateState.Vms[0].Checks[0], 32)), "VM web1: 33 checks, the most is 32"),

        ("hypervisor with a space", UpdateState,
            c => c.UpdateState.Vms[0].Facts = new VmFacts { Hypervisor = "a b" }, $"VM web1: hypervisor \"a b\" {NameRule}"),
        ("long tap", UpdateState, c => c.UpdateState.Vms[0].Facts = new VmFacts { Taps = { new string('x', 16) } },
            "VM web1: one of taps has 16 characters, the most is 15"),
        ("empty macvtap", UpdateState, c => c.UpdateState.Vms[0].Facts = new VmFacts { Macvtaps = { "" } },
            "VM web1: one of macvtaps is missing"),
        ("too many taps", UpdateState, c => c.UpdateState.Vms[0].Facts =
            new VmFacts { Taps = { Enumerable.Repeat("vm-a", 33) } }, "VM web1: 33 taps, the most is 32"),
        ("runner with a line feed", UpdateState,
            c => c.UpdateState.Vms[0].Facts = new VmFacts { CurrentRunner = "/a\nb" },
            "VM web1: current_runner \"/a?b\" has a control character"),
        ("unknown source of a limit", UpdateState,
            c => c.UpdateState.Vms[0].Facts = new VmFacts { MemoryLimitSource = (MemoryLimitSource)6 },
            "VM web1: memory_limit_source 6 is none"),

        ("no source", Command.BodyOneofCase.UpdateHealth, c => c.UpdateHealth.Source = "", $"source \"\" {NameRule}"),
        ("long message", Command.BodyOneofCase.UpdateHealth,
            c => c.UpdateHealth.Checks[0].Message = new string('x', 513),
            "message of check network has 513 characters, the most is 512"),

        ("assigned by nobody", Command.BodyOneofCase.UpdateMonitoringAssignments, c => c.DecidedTerm = 0,
            "monitoring is assigned by the leader: decided_term is missing"),
        ("assigned twice", Command.BodyOneofCase.UpdateMonitoringAssignments,
            c => c.UpdateMonitoringAssignments.Assignments.Add(c.UpdateMonitoringAssignments.Assignments[0]),
            "VM web1 is listed twice"),
        ("assigned to a bad name", Command.BodyOneofCase.UpdateMonitoringAssignments,
            c => c.UpdateMonitoringAssignments.Assignments[0].Node = "a/b", $"node \"a/b\" {NameRule}"),

        ("no member", Command.BodyOneofCase.RegisterNode, c => c.RegisterNode.MemberId = 0, "member_id is missing"),
        ("label twice", Command.BodyOneofCase.RegisterNode, c => c.RegisterNode.Labels.Add(c.RegisterNode.Labels[0]),
            "label zone is listed twice"),
        ("empty label", Command.BodyOneofCase.RegisterNode, c => c.RegisterNode.Labels[0].Value = "",
            "value of label zone is missing"),
        ("long address", Command.BodyOneofCase.RegisterNode, c => c.RegisterNode.ApiAddress = new string('x', 256),
            "api_address has 256 characters, the most is 255"),

        ("status of another command", UpdateNode, c => c.UpdateNode.Status = NodeStatus.Fenced,
            "UpdateNode can't set status 4: only Active (1) or Lost (5)"),
        ("status without a term", UpdateNode, c => c.DecidedTerm = 0,
            "a node's status is decided by the leader: decided_term is missing"),
    ];

    private const Command.BodyOneofCase RegisterVm = Command.BodyOneofCase.RegisterVm;
    private const Command.BodyOneofCase UpdateState = Command.BodyOneofCase.UpdateState;
    private const Command.BodyOneofCase UpdateNode = Command.BodyOneofCase.UpdateNode;

    public static TheoryData<string> BadNames => [.. Bad.Select(bad => bad.Name)];

    [Theory]
    [MemberData(nameof(BadNames))]
    public void A_malformed_command_is_refused_at_the_edge_and_by_every_replica(string name)
    {
        var (_, body, spoil, detail) = Bad.Single(bad => bad.Name == name);
        var command = Samples.Of(body);
        spoil(command);

        Assert.Equal(new Rejected(RejectionReason.Invalid, detail), CommandValidator.Check(command));

        if (command.BodyCase != Command.BodyOneofCase.None)
        {
            var replica = new Replica();
            replica.Do(Make.OpenSession());
            Assert.Equal(
                new Rejected(RejectionReason.Invalid, detail), replica.Apply(command, term: 3).Result);
            Assert.Empty(replica.State.Vms);
            Assert.Empty(replica.State.Nodes);
        }
    }

    [Theory]
    [InlineData("a", true)]
    [InlineData("web-1.example_x", true)]
    [InlineData("9", true)]
    [InlineData("a.", true)]
    [InlineData("", false)]
    [InlineData(".a", false)]
    [InlineData("-a", false)]
    [InlineData("_a", false)]
    [InlineData("a..b", false)]
    [InlineData("a/b", false)]
    [InlineData("a@b", false)]
    [InlineData("a b", false)]
    [InlineData("å", false)]
    [InlineData("a\0", false)]
    public void Names_stand_in_unit_names_and_paths_without_escaping(string name, bool good) =>
        Assert.Equal(good, Rules.IsName(name));

    [Fact]
    public void A_name_has_at_most_63_characters()
    {
        Assert.True(Rules.IsName(new string('a', 63)));
        Assert.False(Rules.IsName(new string('a', 64)));
    }

    [Fact]
    public void A_refusal_does_not_repeat_a_huge_value()
    {
        var command = Make.RemoveVM(new string('x', 100_000));

        Assert.InRange(CommandValidator.Check(command)!.Detail.Length, 1, 250);
    }
}
