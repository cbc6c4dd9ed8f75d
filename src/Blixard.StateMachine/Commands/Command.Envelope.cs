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
        BodyOneofCase.ForgetObservation => nameof(Commands.ForgetObservation),
        BodyOneofCase.RegisterNode => nameof(Commands.RegisterNode),
        BodyOneofCase.UpdateNode => nameof(Commands.UpdateNode),
        BodyOneofCase.ChangeMembership => nameof(Commands.ChangeMembership),
        BodyOneofCase.SettleMembershipChange => nameof(Commands.SettleMembershipChange),
        BodyOneofCase.CancelMembershipChange => nameof(Commands.CancelMembershipChange),
        BodyOneofCase.OpenSession => nameof(Commands.OpenSession),
        BodyOneofCase.SetClusterVersion => nameof(Commands.SetClusterVersion),
        BodyOneofCase.AdvanceTime => nameof(Commands.AdvanceTime),
        _ => "None",
    };

    public static Command Of(RegisterVM body) => new() { RegisterVm = body };

    public static Command Of(UpdateState body) => new() { UpdateState = body };

    public static Command Of(RemoveVM body) => new() { RemoveVm = body };

    public static Command Of(UpdateHealth body) => new() { UpdateHealth = body };

    public static Command Of(UpdateMonitoringAssignments body) => new() { UpdateMonitoringAssignments = body };

    public static Command Of(SetAnnotation body) => new() { SetAnnotation = body };

    public static Command Of(ForgetObservation body) => new() { ForgetObservation = body };

    public static Command Of(RegisterNode body) => new() { RegisterNode = body };

    public static Command Of(UpdateNode body) => new() { UpdateNode = body };

    public static Command Of(ChangeMembership body) => new() { ChangeMembership = body };

    public static Command Of(SettleMembershipChange body) => new() { SettleMembershipChange = body };

    public static Command Of(CancelMembershipChange body) => new() { CancelMembershipChange = body };

    public static Command Of(OpenSession body) => new() { OpenSession = body };

    public static Command Of(SetClusterVersion body) => new() { SetClusterVersion = body };

    public static Command Of(AdvanceTime body) => new() { AdvanceTime = body };
}
