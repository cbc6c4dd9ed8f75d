using Blixard.StateMachine.Fencing;

namespace Blixard.StateMachine.State;

/// <summary>
/// The times of leases that hold, and the longest that may still be outstanding from before. A longer term counts at
/// once; a shorter one is granted at once and counts only after LowerMaxTerm.
/// </summary>
public sealed record LeaseTerms
{
    public static LeaseTerms Default { get; } = new();

    public LeaseProfile Profile { get; init; } = LeaseProfile.Standard;

    /// <summary>The log index of the last SetTerm; 0: there was none.</summary>
    public ulong SetAt { get; init; }

    /// <summary>The longest term that may be outstanding, in milliseconds.</summary>
    public long MaxTermMs { get; init; } = LeaseProfile.Standard.TermMs;

    /// <summary>The slack that the leader still adds, in milliseconds.</summary>
    public long MaxSlackMs { get; init; } = LeaseProfile.Standard.SlackMs;

    /// <summary>What <see cref="MaxTermMs"/> becomes with LowerMaxTerm, in milliseconds.</summary>
    public long TargetMs { get; init; } = LeaseProfile.Standard.TermMs;

    /// <summary>Until then nobody is fenced; Unix milliseconds, 0: armed.</summary>
    public long DisarmedUntil { get; init; }

    /// <summary>Why it was set so, as whoever did it said.</summary>
    public string Reason { get; init; } = "";

    /// <summary>The node through which it was set; empty: nobody did.</summary>
    public string Actor { get; init; } = "";

    /// <summary>Leases of a longer term, or the wait for them, are not over yet.</summary>
    public bool IsLowering => MaxTermMs > TargetMs || MaxSlackMs > Profile.SlackMs;

    /// <summary>
    /// For how long a renewal holds that is acknowledged now, in milliseconds. A wall clock that is wrong makes it
    /// shorter, which is safe, or as long as may be outstanding anyway.
    /// </summary>
    /// <param name="nowUnixMs">The leader's wall clock; matters only while disarmed.</param>
    public long GrantMs(long nowUnixMs) => Math.Min(
        MaxTermMs, Profile.TermMs + (DisarmedUntil == 0 ? 0 : Math.Max(0, DisarmedUntil - nowUnixMs)));
}
