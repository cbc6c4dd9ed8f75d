using Blixard.StateMachine.Fencing;

namespace Blixard.StateMachine.Commands;

/// <summary>The form of the commands about leases, fences and drains.</summary>
internal static class LeaseRules
{
    public static string? Check(RejoinNode body) =>
        Rules.Name("node", body.Node)
        ?? Epoch(body.Epoch)
        ?? Rules.RequiredText("boot_id", body.BootId, 64)
        ?? KillBudget(body.KillBudgetMs)
        ?? Watchdog(body.WatchdogMs);

    public static string? Check(SuspectNode body, ulong decidedTerm) =>
        Decided("a node is suspected", decidedTerm)
        ?? Rules.Name("node", body.Node)
        ?? Epoch(body.Epoch)
        ?? Rules.Text("reason", body.Reason, CommandValidator.MaxReasonLength);

    public static string? Check(ClearSuspect body, ulong decidedTerm) =>
        Decided("a suspicion is ended", decidedTerm)
        ?? Rules.Name("node", body.Node)
        ?? Epoch(body.Epoch)
        ?? (body.Suspect == 0 ? "suspect is missing" : null);

    public static string? Check(FenceNode body, ulong decidedTerm) =>
        Decided("a node is fenced", decidedTerm)
        ?? Rules.Name("node", body.Node)
        ?? Epoch(body.Epoch)
        ?? (body.Suspect == 0 ? "suspect is missing" : null)
        ?? Rules.Text("reason", body.Reason, CommandValidator.MaxReasonLength);

    public static string? Check(ConfirmNodeDead body, ulong decidedTerm) =>
        Decided("a node is declared dead", decidedTerm)
        ?? Rules.Name("node", body.Node)
        ?? Rules.RequiredText("reason", body.Reason, CommandValidator.MaxReasonLength)
        ?? Rules.Name("confirmed_by", body.ConfirmedBy);

    public static string? Check(DrainNode body) =>
        Rules.Name("node", body.Node)
        ?? Rules.Text("reason", body.Reason, CommandValidator.MaxReasonLength)
        ?? Rules.OptionalTime("deadline_unix_ms", body.DeadlineUnixMs);

    public static string? Check(UndrainNode body) =>
        Rules.Name("node", body.Node) ?? Rules.Text("reason", body.Reason, CommandValidator.MaxReasonLength);

    public static string? Check(SetTerm body, long now) =>
        new LeaseProfile(body.RenewMs, body.TermMs, body.SoftMs, body.SlackMs).Refuse()
        ?? Rules.OptionalTime("disarmed_until_unix_ms", body.DisarmedUntilUnixMs)
        ?? (body.DisarmedUntilUnixMs == 0 || body.DisarmedUntilUnixMs - now is > 0 and <= FencingBudget.LongestMs
            ? null
            : $"disarmed_until_unix_ms is not within the next {Rules.Number(FencingBudget.LongestMs)} ms")
        ?? Rules.Text("reason", body.Reason, CommandValidator.MaxReasonLength);

    public static string? Check(LowerMaxTerm body, ulong decidedTerm) =>
        Decided("the longest term is lowered", decidedTerm) ?? (body.SetTerm == 0 ? "set_term is missing" : null);

    public static string? Check(AdoptCluster body, ulong decidedTerm) =>
        Decided("a cluster's id is adopted", decidedTerm) ?? (body.ClusterId == 0 ? "cluster_id is missing" : null);

    public static string? KillBudget(long milliseconds) =>
        milliseconds is >= FencingBudget.KillBaseMs and <= FencingBudget.LongestMs ? null
        : $"kill_budget_ms {Rules.Number(milliseconds)} is not between {Rules.Number(FencingBudget.KillBaseMs)} and "
            + $"{Rules.Number(FencingBudget.LongestMs)}";

    public static string? Watchdog(long milliseconds) => milliseconds <= FencingBudget.LongestMs
        ? null
        : $"watchdog_ms {Rules.Number(milliseconds)} is more than {Rules.Number(FencingBudget.LongestMs)}";

    private static string? Epoch(ulong epoch) => epoch is 0 or > long.MaxValue ? "epoch is missing" : null;

    private static string? Decided(string what, ulong decidedTerm) =>
        decidedTerm == 0 ? $"{what} by the leader: decided_term is missing" : null;
}
