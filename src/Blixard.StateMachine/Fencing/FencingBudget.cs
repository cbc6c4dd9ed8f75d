using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.Fencing;

/// <summary>
/// How long the leader must wait, from the receipt of a node's last renewal, until none of the node's strict VMs can
/// run any more. Whole milliseconds, rounded to the safe side. The same figures are used by Apply, by the planners,
/// by the check at start and by <c>blixard fencing explain</c>. The reasons: docs/failover.md.
/// </summary>
/// <param name="MaxTermMs">The longest lease term that may be outstanding, by the node's clock.</param>
/// <param name="KillMs">
/// K: from the expiry of the lease until the fence has killed everything, by the node's clock.
/// </param>
/// <param name="WatchdogMs">W: from a hang of the node until its hardware watchdog resets it; 0: there is none.</param>
/// <param name="SlackMs">Delta: added to what is computed.</param>
public sealed record FencingBudget(long MaxTermMs, long KillMs, long WatchdogMs, long SlackMs)
{
    /// <summary>
    /// By how much a node's CLOCK_MONOTONIC and CLOCK_BOOTTIME may be off, in thousandths: chrony slews by up to 8.3 %
    /// (chrony.conf(5), maxslewrate).
    /// </summary>
    public const long AgentRatePermille = 90;

    /// <summary>By how much the leader's CLOCK_MONOTONIC_RAW, which nobody slews, may be off, in thousandths.</summary>
    public const long LeaderRatePermille = 1;

    /// <summary>The kill budget of a guest without memory: timer, a stall of PID 1, exec, kill.</summary>
    public const long KillBaseMs = 2000;

    /// <summary>What dying takes a guest longer per GiB of its memory.</summary>
    public const long KillPerGiBMs = 100;

    /// <summary>
    /// The longest of each of the four times: what is longer is a mistake, and sums must not overflow.
    /// </summary>
    public const long LongestMs = 30L * 24 * 60 * 60 * 1000;

    private const long GiB = 1L << 30;

    /// <summary>The smallest safe E.</summary>
    public long WaitMs => CeilDiv(OutstandingMs * (1000 + LeaderRatePermille), 1000 - AgentRatePermille) + SlackMs;

    /// <summary>
    /// How long a wait of E takes at most: the leader waits until its slewed CLOCK_BOOTTIME too has passed it, which
    /// may be slow.
    /// </summary>
    public long WaitAtMostMs => CeilDiv(WaitMs * 1000, 1000 - AgentRatePermille);

    /// <summary>False: a node that hangs as a whole is reset by nobody, and the budget says nothing of it.</summary>
    public bool CoversHang => WatchdogMs > 0;

    private long OutstandingMs => MaxTermMs + KillMs + WatchdogMs;

    /// <summary>
    /// How long an old and a new copy may run at the same time if the leader waits only for <paramref name="waitMs"/>
    /// and both clocks are as wrong as they may be. 0 for every wait of at least <see cref="WaitMs"/>.
    /// </summary>
    public long WorstOverlapMs(long waitMs)
    {
        // In real time the old copy ends at outstanding / (1 - rho_A), and the new one begins at wait / (1 + rho_L):
        // the difference over their common denominator, so that nothing is rounded before it is known.
        const long Agent = 1000 - AgentRatePermille;
        const long Leader = 1000 + LeaderRatePermille;
        var difference = (OutstandingMs * 1000 * Leader) - (waitMs * 1000 * Agent);
        return difference <= 0 ? 0 : CeilDiv(difference, Agent * Leader);
    }

    /// <summary>Null, or why the leader must not wait only for so long, with the smallest safe wait.</summary>
    public string? Refuse(long waitMs) => waitMs >= WaitMs
        ? null
        : $"a wait of {Rules.Number(waitMs)} ms is not safe: with a lease term of up to {Rules.Number(MaxTermMs)} ms, a "
            + $"kill budget of {Rules.Number(KillMs)} ms, a watchdog of {Rules.Number(WatchdogMs)} ms and a slack of "
            + $"{Rules.Number(SlackMs)} ms the smallest safe one is {Rules.Number(WaitMs)} ms";

    /// <summary>The kill budget that a host needs for a strict guest of so much memory.</summary>
    public static long KillNeededMs(ulong memoryBytes)
    {
        // More than any host has: the sum stays far from an overflow.
        var bytes = (long)Math.Min(memoryBytes, 1UL << 50);
        return KillBaseMs + CeilDiv(bytes * KillPerGiBMs, GiB);
    }

    private static long CeilDiv(long dividend, long divisor) => (dividend + divisor - 1) / divisor;
}
