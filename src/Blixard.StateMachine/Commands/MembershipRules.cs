namespace Blixard.StateMachine.Commands;

/// <summary>The form of the commands about who is a member.</summary>
internal static class MembershipRules
{
    public static string? Check(ChangeMembership body) => body.Kind switch
    {
        MembershipChangeKind.Add => Rules.Name("node", body.Node)
            ?? (body.MemberId == 0 ? "member_id is missing" : null)
            ?? Rules.Address("raft_address", body.RaftAddress)
            ?? (body.ApiAddress.Length == 0 ? null : Rules.Address("api_address", body.ApiAddress)),
        MembershipChangeKind.Remove or MembershipChangeKind.Promote =>
            Rules.Name("node", body.Node) ?? OnlyOfAdd(body),
        MembershipChangeKind.Transfer => Rules.OptionalName("node", body.Node) ?? OnlyOfAdd(body),
        _ => $"kind {Rules.Number((long)body.Kind)} of a change of the members is not known",
    };

    public static string? Check(SettleMembershipChange body, ulong decidedTerm) =>
        (decidedTerm == 0 ? "a change of the members is settled by the leader: decided_term is missing" : null)
        ?? (body.Request == 0 ? "request is missing" : null)
        ?? Rules.Text("refused", body.Refused, CommandValidator.MaxMessageLength);

    public static string? Check(CancelMembershipChange body) => body.Request == 0 ? "request is missing" : null;

    private static string? OnlyOfAdd(ChangeMembership body) =>
        body.MemberId != 0 || body.RaftAddress.Length > 0 || body.ApiAddress.Length > 0
            ? "member_id and addresses are of a node to add"
            : null;
}
