namespace Blixard.StateMachine.Commands;

/// <summary>Envelopes around bodies; the proposer fills in session, time and actor.</summary>
public sealed partial class Command
{
    /// <summary>The name of the case, as in the log's dumps and in reasons.</summary>
    public string Kind => BodyCase switch
    {
        BodyOneofCase.RegisterVm => nameof(RegisterVM),
        BodyOneofCase.UpdateState => nameof(Commands.UpdateState),
        BodyOneofCase.RemoveVm => nameof(RemoveVM),
        BodyOneofCase.UpdateHealth => nameof(Commands.UpdateHealth),
        BodyOneofCase.UpdateMonitoringAssignments => nameof(Commands.UpdateMonitoringAssignments),
        BodyOneofCase.SetAnnotation => nameof(Commands.SetAnnotation),
        BodyOneofCase.SetHealthPolicy => nameof(Commands.SetHealthPolicy),
        BodyOneofCase.ForgetObservation => nameof(Commands.ForgetObservation),
        BodyOneofCase.RegisterNode => nameof(Commands.RegisterNode),
        BodyOneofCase.UpdateNode => nameof(Commands.UpdateNode),
        BodyOneofCase.ChangeMembership => nameof(Commands.ChangeMembership),
        BodyOneofCase.SettleMembershipChange => nameof(Commands.SettleMembershipChange),
        BodyOneofCase.CancelMembershipChange => nameof(Commands.CancelMembershipChange),
        BodyOneofCase.OpenSession => nameof(Commands.OpenSession),
        BodyOneofCase.SetClusterVersion => nameof(Commands.SetClusterVersion),
        BodyOneofCase.AdvanceTime => nameof(Commands.AdvanceTime),
        BodyOneofCase.DrainNode => nameof(Commands.DrainNode),
        BodyOneofCase.UndrainNode => nameof(Commands.UndrainNode),
        BodyOneofCase.SuspectNode => nameof(Commands.SuspectNode),
        BodyOneofCase.ClearSuspect => nameof(Commands.ClearSuspect),
        BodyOneofCase.FenceNode => nameof(Commands.FenceNode),
        BodyOneofCase.RejoinNode => nameof(Commands.RejoinNode),
        BodyOneofCase.ConfirmNodeDead => nameof(Commands.ConfirmNodeDead),
        BodyOneofCase.ManageVm => nameof(ManageVM),
        BodyOneofCase.UnmanageVm => nameof(UnmanageVM),
        BodyOneofCase.SetDesiredState => nameof(Commands.SetDesiredState),
        BodyOneofCase.AssignVm => nameof(AssignVM),
        BodyOneofCase.GateInstalled => nameof(Commands.GateInstalled),
        BodyOneofCase.ReportGated => nameof(Commands.ReportGated),
        BodyOneofCase.ReportStopped => nameof(Commands.ReportStopped),
        BodyOneofCase.BeginOperation => nameof(Commands.BeginOperation),
        BodyOneofCase.SettleOperation => nameof(Commands.SettleOperation),
        BodyOneofCase.SetSettings => nameof(Commands.SetSettings),
        BodyOneofCase.SetTerm => nameof(Commands.SetTerm),
        BodyOneofCase.LowerMaxTerm => nameof(Commands.LowerMaxTerm),
        BodyOneofCase.AdoptCluster => nameof(Commands.AdoptCluster),
        _ => "None",
    };

    public static Command Of(RegisterVM body) => new() { RegisterVm = body };

    public static Command Of(UpdateState body) => new() { UpdateState = body };

    public static Command Of(RemoveVM body) => new() { RemoveVm = body };

    public static Command Of(UpdateHealth body) => new() { UpdateHealth = body };

    public static Command Of(UpdateMonitoringAssignments body) => new() { UpdateMonitoringAssignments = body };

    public static Command Of(SetAnnotation body) => new() { SetAnnotation = body };

    public static Command Of(SetHealthPolicy body) => new() { SetHealthPolicy = body };

    public static Command Of(ForgetObservation body) => new() { ForgetObservation = body };

    public static Command Of(RegisterNode body) => new() { RegisterNode = body };

    public static Command Of(UpdateNode body) => new() { UpdateNode = body };

    public static Command Of(ChangeMembership body) => new() { ChangeMembership = body };

    public static Command Of(SettleMembershipChange body) => new() { SettleMembershipChange = body };

    public static Command Of(CancelMembershipChange body) => new() { CancelMembershipChange = body };

    public static Command Of(OpenSession body) => new() { OpenSession = body };

    public static Command Of(SetClusterVersion body) => new() { SetClusterVersion = body };

    public static Command Of(AdvanceTime body) => new() { AdvanceTime = body };

    public static Command Of(DrainNode body) => new() { DrainNode = body };

    public static Command Of(UndrainNode body) => new() { UndrainNode = body };

    public static Command Of(SuspectNode body) => new() { SuspectNode = body };

    public static Command Of(ClearSuspect body) => new() { ClearSuspect = body };

    public static Command Of(FenceNode body) => new() { FenceNode = body };

    public static Command Of(RejoinNode body) => new() { RejoinNode = body };

    public static Command Of(ConfirmNodeDead body) => new() { ConfirmNodeDead = body };

    public static Command Of(ManageVM body) => new() { ManageVm = body };

    public static Command Of(UnmanageVM body) => new() { UnmanageVm = body };

    public static Command Of(SetDesiredState body) => new() { SetDesiredState = body };

    public static Command Of(AssignVM body) => new() { AssignVm = body };

    public static Command Of(GateInstalled body) => new() { GateInstalled = body };

    public static Command Of(ReportGated body) => new() { ReportGated = body };

    public static Command Of(ReportStopped body) => new() { ReportStopped = body };

    public static Command Of(BeginOperation body) => new() { BeginOperation = body };

    public static Command Of(SettleOperation body) => new() { SettleOperation = body };

    public static Command Of(SetSettings body) => new() { SetSettings = body };

    public static Command Of(SetTerm body) => new() { SetTerm = body };

    public static Command Of(LowerMaxTerm body) => new() { LowerMaxTerm = body };

    public static Command Of(AdoptCluster body) => new() { AdoptCluster = body };
}
