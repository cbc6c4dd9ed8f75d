namespace Blixard.StateMachine.Commands;

/// <summary>
/// Is a command well formed? Asked at the edge, so that a bad proposal is refused before it is in the log, and again in
/// Apply, where the answer is the command's result. What depends on the state is Apply's own business.
/// </summary>
public static class CommandValidator
{
    public const int MaxObservations = 4096;
    public const int MaxAssignments = 32768;
    public const int MaxChecks = 32;
    public const int MaxLabels = 64;

    /// <summary>Of one VM, and of one kind.</summary>
    public const int MaxInterfaces = 32;

    /// <summary>IFNAMSIZ less the final zero.</summary>
    public const int MaxInterfaceNameLength = 15;

    /// <summary>Of the store path of a runner.</summary>
    public const int MaxRunnerLength = 512;

    /// <summary>Lines of the journal that an observation carries.</summary>
    public const int MaxJournalLines = 5;

    /// <summary>Of such a line's message, in bytes of UTF-8.</summary>
    public const int MaxJournalLineBytes = 256;

    /// <summary>Of one annotation's value, in bytes.</summary>
    public const int MaxAnnotationBytes = 4096;

    /// <summary>Of a client's idempotency key, in characters.</summary>
    public const int MaxKeyLength = 128;

    /// <summary>Nodes that one VM may name as its candidates.</summary>
    public const int MaxCandidates = 256;

    /// <summary>VMs in one GateInstalled.</summary>
    public const int MaxGates = 4096;

    public const int MaxMessageLength = 512;
    public const int MaxReasonLength = 256;

    /// <summary>Can a client's request go by this key? 1 to <see cref="MaxKeyLength"/> visible ASCII characters.</summary>
    public static bool IsKey(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        foreach (var c in key)
        {
            if (c is < '!' or > '~')
            {
                return false;
            }
        }

        return key.Length is > 0 and <= MaxKeyLength;
    }

    /// <summary>Null, or the rejection that Apply would give.</summary>
    public static Rejected? Check(Command command) => CheckEnvelope(command) ?? CheckBody(command);

    /// <summary>The part that must hold before the session can be asked.</summary>
    internal static Rejected? CheckEnvelope(Command command)
    {
        var problem = command switch
        {
            { BodyCase: Command.BodyOneofCase.None } => "the command has no body",
            { ClientId: 0, Sequence: not 0 } or { ClientId: 0, AcknowledgedBelow: not 0 } =>
                "a sequence without a session",
            { ClientId: not 0, Sequence: 0 } => "sequence 0: a session counts from 1",
            { ClientId: not 0, BodyCase: Command.BodyOneofCase.OpenSession } =>
                "a session can't be opened within another",
            _ when command.AcknowledgedBelow > command.Sequence =>
                $"sequence {command.Sequence} is itself below the acknowledged {command.AcknowledgedBelow}",
            { IdempotencyKey.Length: 0, RequestHash: not 0 } => "a request hash without an idempotency key",
            { IdempotencyKey.Length: > 0 } when !IsKey(command.IdempotencyKey) =>
                $"the idempotency key is not 1 to {MaxKeyLength} visible ASCII characters",
            { Supersedes.ClientId: 0 } => "a superseded session without its id",
            { Supersedes.Sequence: 0, BodyCase: not Command.BodyOneofCase.OpenSession }
                or { Supersedes.Sequence: not 0, IdempotencyKey.Length: 0 } =>
                "a session is superseded by another, a number by a command with an idempotency key",
            _ => Rules.Time("time_unix_ms", command.TimeUnixMs) ?? Rules.Name("actor", command.Actor),
        };
        return Invalid(problem);
    }

    internal static Rejected? CheckBody(Command command) => Invalid(command.BodyCase switch
    {
        Command.BodyOneofCase.RegisterVm => VmRules.Check(command.RegisterVm),
        Command.BodyOneofCase.UpdateState => VmRules.Check(command.UpdateState),
        Command.BodyOneofCase.RemoveVm => VmRules.Check(command.RemoveVm),
        Command.BodyOneofCase.UpdateHealth => VmRules.Check(command.UpdateHealth),
        Command.BodyOneofCase.UpdateMonitoringAssignments =>
            NodeRules.Check(command.UpdateMonitoringAssignments, command.DecidedTerm),
        Command.BodyOneofCase.SetAnnotation => VmRules.Check(command.SetAnnotation),
        Command.BodyOneofCase.SetHealthPolicy => HealthPolicyRules.Check(command.SetHealthPolicy),
        Command.BodyOneofCase.ForgetObservation => VmRules.Check(command.ForgetObservation, command.DecidedTerm),
        Command.BodyOneofCase.RegisterNode => NodeRules.Check(command.RegisterNode),
        Command.BodyOneofCase.UpdateNode => NodeRules.Check(command.UpdateNode, command.DecidedTerm),
        Command.BodyOneofCase.ChangeMembership => MembershipRules.Check(command.ChangeMembership),
        Command.BodyOneofCase.SettleMembershipChange =>
            MembershipRules.Check(command.SettleMembershipChange, command.DecidedTerm),
        Command.BodyOneofCase.CancelMembershipChange => MembershipRules.Check(command.CancelMembershipChange),
        Command.BodyOneofCase.OpenSession => command.OpenSession.Nonce == 0 ? "nonce is missing" : null,
        Command.BodyOneofCase.SetClusterVersion =>
            ClusterRules.Check(command.SetClusterVersion, command.DecidedTerm),
        Command.BodyOneofCase.AdvanceTime => ClusterRules.Check(command.AdvanceTime, command.DecidedTerm),
        Command.BodyOneofCase.DrainNode => LeaseRules.Check(command.DrainNode),
        Command.BodyOneofCase.UndrainNode => LeaseRules.Check(command.UndrainNode),
        Command.BodyOneofCase.SuspectNode => LeaseRules.Check(command.SuspectNode, command.DecidedTerm),
        Command.BodyOneofCase.ClearSuspect => LeaseRules.Check(command.ClearSuspect, command.DecidedTerm),
        Command.BodyOneofCase.FenceNode => LeaseRules.Check(command.FenceNode, command.DecidedTerm),
        Command.BodyOneofCase.RejoinNode => LeaseRules.Check(command.RejoinNode),
        Command.BodyOneofCase.ConfirmNodeDead => LeaseRules.Check(command.ConfirmNodeDead, command.DecidedTerm),
        Command.BodyOneofCase.AdoptCluster => LeaseRules.Check(command.AdoptCluster, command.DecidedTerm),
        Command.BodyOneofCase.SetTerm => LeaseRules.Check(command.SetTerm, command.TimeUnixMs),
        Command.BodyOneofCase.LowerMaxTerm => LeaseRules.Check(command.LowerMaxTerm, command.DecidedTerm),
        Command.BodyOneofCase.ManageVm => ManagementRules.Check(command.ManageVm),
        Command.BodyOneofCase.UnmanageVm => ManagementRules.Check(command.UnmanageVm),
        Command.BodyOneofCase.SetDesiredState => ManagementRules.Check(command.SetDesiredState),
        Command.BodyOneofCase.AssignVm => ManagementRules.Check(command.AssignVm, command.DecidedTerm),
        Command.BodyOneofCase.GateInstalled => ManagementRules.Check(command.GateInstalled),
        Command.BodyOneofCase.ReportGated => ManagementRules.Check(command.ReportGated),
        Command.BodyOneofCase.ReportStopped => ManagementRules.Check(command.ReportStopped),
        Command.BodyOneofCase.BeginOperation => ManagementRules.Check(command.BeginOperation),
        Command.BodyOneofCase.SettleOperation => ManagementRules.Check(command.SettleOperation),
        Command.BodyOneofCase.SetSettings => ManagementRules.Check(command.SetSettings),
        _ => "the command has no body",
    });

    private static Rejected? Invalid(string? problem) =>
        problem is null ? null : new Rejected(RejectionReason.Invalid, problem);
}
