namespace Blixard.StateMachine.Fencing;

/// <summary>A node asks to keep its lease.</summary>
/// <param name="Node">Who asks.</param>
/// <param name="Epoch">The epoch that it renews.</param>
/// <param name="BootId">Of its host.</param>
/// <param name="Incarnation">
/// Grows with each start of its daemon in a boot: CLOCK_BOOTTIME then, in microseconds.
/// </param>
/// <param name="SentAtUs">
/// t_s: its CLOCK_BOOTTIME before it sent this, in microseconds. The lease counts from there.
/// </param>
/// <param name="KillBudgetMs">Its K.</param>
/// <param name="WatchdogMs">Its W.</param>
/// <param name="ArmedUnder">
/// The index of the SetTerm under which the deadline was granted that is armed now; 0: the default terms, or none is
/// armed.
/// </param>
public sealed record LeaseRenewal(
    string Node,
    ulong Epoch,
    string BootId,
    ulong Incarnation,
    long SentAtUs,
    uint KillBudgetMs,
    uint WatchdogMs,
    ulong ArmedUnder);

/// <summary>What a leader says to a <see cref="LeaseRenewal"/>.</summary>
public enum LeaseVerdict
{
    None = 0,

    /// <summary>The lease lasts for the term from when the renewal was sent.</summary>
    Granted = 1,

    /// <summary>The node takes no part yet: it rejoins in epoch 1.</summary>
    NoLease = 2,

    /// <summary>The replicated boot is another one: the node rejoins in the next epoch.</summary>
    Rebooted = 3,

    /// <summary>The epoch is over: the node proves its strict slice empty and rejoins in the next one.</summary>
    Fenced = 4,

    /// <summary>The node is suspect: the leader has to end that first. Ask again.</summary>
    Suspect = 5,

    /// <summary>K or W are more than the cluster counts with: the node updates them first.</summary>
    BudgetGrew = 6,

    /// <summary>A later start of this node's daemon has renewed: there are two of them.</summary>
    Superseded = 7,

    /// <summary>The one who was asked does not lead, or not long enough to know. Ask again.</summary>
    NotLeading = 8,
}

/// <param name="Verdict">What to do.</param>
/// <param name="SentAtUs">Of the renewal that this answers.</param>
/// <param name="TermMs">T: for how long, from <paramref name="SentAtUs"/> on; 0 unless granted.</param>
/// <param name="SetAt">
/// The index of the SetTerm that the term is of; comes back as <see cref="LeaseRenewal.ArmedUnder"/>.
/// </param>
/// <param name="Epoch">The replicated one, so that a node knows which is the next.</param>
/// <param name="Index">Of the state that was asked: nothing is granted to a VM before the node has applied it.</param>
public sealed record LeaseAnswer(
    LeaseVerdict Verdict, long SentAtUs, long TermMs, ulong SetAt, ulong Epoch, ulong Index);
