using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.Fencing;

/// <summary>The times of leases that a cluster has chosen, in milliseconds.</summary>
/// <param name="RenewMs">H: how often a node renews.</param>
/// <param name="TermMs">T: for how long an acknowledged renewal holds, counted from before it was sent.</param>
/// <param name="SoftMs">S: from here on, without a renewal, nothing new is started; 0: there is no such point.</param>
/// <param name="SlackMs">Delta: added to the computed wait.</param>
public sealed record LeaseProfile(long RenewMs, long TermMs, long SoftMs, long SlackMs)
{
    /// <summary>A guest gets so much time for a graceful stop, or none at all.</summary>
    public const long GracefulMs = 10_000;

    /// <summary>For hosts with a watchdog of 10 s: nobody notices an outage of a few seconds.</summary>
    public static LeaseProfile Standard { get; } = new(RenewMs: 5000, TermMs: 30_000, SoftMs: 20_000, SlackMs: 2000);

    /// <summary>Chosen: back within ten seconds, and VMs stop in an outage of three.</summary>
    public static LeaseProfile Fast { get; } = new(RenewMs: 1000, TermMs: 5000, SoftMs: 0, SlackMs: 1000);

    /// <summary>After so long without a renewal the leader suspects the node.</summary>
    public long SuspectAfterMs => 2 * RenewMs;

    /// <summary>
    /// At the soft point guests are shut down in good order; else they are killed at the end of the term.
    /// </summary>
    public bool StopsGracefully => SoftMs > 0 && TermMs - SoftMs >= GracefulMs;

    /// <summary>
    /// The longest outage of the network that stops no VM, whenever it begins: the last renewal may be one interval old
    /// then, and the next comes up to one after its end. By the fastest clock that a node may have.
    /// </summary>
    public long LongestOutageMs =>
        ((StopsGracefully ? SoftMs : TermMs) - (2 * RenewMs)) * 1000 / (1000 + FencingBudget.AgentRatePermille);

    /// <summary>Null, or why these times make no lease.</summary>
    public string? Refuse() =>
        OutOfRange("renew_ms", RenewMs, 100)
        ?? OutOfRange("term_ms", TermMs, 1000)
        ?? OutOfRange("slack_ms", SlackMs, 0)
        ?? (TermMs <= 3 * RenewMs
            ? $"a lease term of {Rules.Number(TermMs)} ms ends before a third renewal, {Rules.Number(RenewMs)} ms apart: "
                + "one lost message would stop VMs"
            : null)
        ?? (SoftMs != 0 && (SoftMs <= 2 * RenewMs || SoftMs >= TermMs)
            ? $"the soft point {Rules.Number(SoftMs)} ms must lie after two renewals and before the end of the term"
            : null);

    private static string? OutOfRange(string what, long value, long least) =>
        value < least || value > FencingBudget.LongestMs
            ? $"{what} {Rules.Number(value)} is not between {Rules.Number(least)} and "
                + $"{Rules.Number(FencingBudget.LongestMs)}"
            : null;
}
