using Blixard.StateMachine.Fencing;

namespace Blixard.StateMachine.State;

/// <summary>Where a node stands with its lease. Permanent numbers (snapshots).</summary>
public enum LeaseStanding
{
    /// <summary>It never took part in leases.</summary>
    None = 0,

    /// <summary>It renews, as far as the log knows: strict VMs may be assigned to it.</summary>
    Active = 1,

    /// <summary>It has not renewed in time; from here on nobody acknowledges a renewal of it.</summary>
    Suspect = 2,

    /// <summary>Nothing strict of this epoch can run there any more. It comes back with the next epoch.</summary>
    Fenced = 3,

    /// <summary>The log was recovered: no wait proves anything about this node.</summary>
    Unknown = 4,
}

/// <summary>
/// A node's lease as it is agreed on. The renewals themselves are not replicated: only what a node is, and what is
/// wrong with it.
/// </summary>
public sealed record NodeLease
{
    public static NodeLease None { get; } = new();

    /// <summary>Grows by one with each RejoinNode; 0: it never took part.</summary>
    public ulong Epoch { get; init; }

    public LeaseStanding Standing { get; init; }

    /// <summary>The boot of the host in which this epoch is renewed.</summary>
    public string BootId { get; init; } = "";

    /// <summary>K, in milliseconds: what the host takes from the expiry until everything strict is dead.</summary>
    public uint KillBudgetMs { get; init; }

    /// <summary>
    /// W, in milliseconds: after which a hardware watchdog resets a host that hangs; 0: there is none.
    /// </summary>
    public uint WatchdogMs { get; init; }

    /// <summary>The log index of the SuspectNode; 0: not suspect.</summary>
    public ulong SuspectedAt { get; init; }

    /// <summary>Why it stands so, as whoever decided it said.</summary>
    public string Reason { get; init; } = "";

    /// <summary>Since when, in Unix milliseconds.</summary>
    public long Since { get; init; }

    /// <summary>An epoch that is neither fenced nor voided: its lease may be running.</summary>
    public bool IsHeld => Standing is LeaseStanding.Active or LeaseStanding.Suspect;

    /// <summary>The figures by which the leader waits for this node.</summary>
    public FencingBudget Budget(LeaseTerms terms)
    {
        ArgumentNullException.ThrowIfNull(terms);
        return new FencingBudget(terms.MaxTermMs, KillBudgetMs, WatchdogMs, terms.MaxSlackMs);
    }
}

/// <summary>Someone wants a node's VMs away.</summary>
/// <param name="Request">The log index of the DrainNode.</param>
/// <param name="Actor">The node through which it was asked for.</param>
/// <param name="Reason">As asked.</param>
/// <param name="Since">In Unix milliseconds.</param>
/// <param name="DeadlineAt">No move begins after it, in Unix milliseconds; 0: there is no end.</param>
public sealed record NodeDrain(ulong Request, string Actor, string Reason, long Since, long DeadlineAt);
