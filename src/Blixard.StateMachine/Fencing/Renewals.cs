using Blixard.StateMachine.State;

namespace Blixard.StateMachine.Fencing;

/// <summary>What a node says when it renews its lease.</summary>
/// <param name="Node">Its name.</param>
/// <param name="Epoch">In which it renews.</param>
/// <param name="BootId">Of its host.</param>
/// <param name="KillBudgetMs">K of this host as it is now, in milliseconds.</param>
/// <param name="WatchdogMs">W of this host as it is now, in milliseconds; 0: there is none.</param>
public sealed record Renewal(string Node, ulong Epoch, string BootId, uint KillBudgetMs, uint WatchdogMs);

/// <summary>What the leader makes of a renewal.</summary>
public enum RenewalVerdict
{
    /// <summary>The lease holds for its term, counted from before the renewal was sent.</summary>
    Granted = 1,

    /// <summary>That epoch is over, or there was none: the node rejoins in the next one.</summary>
    Fenced = 2,

    /// <summary>The epoch is of another boot of that host: the node rejoins in the next one.</summary>
    Rebooted = 3,

    /// <summary>The node is suspect: nothing is acknowledged until that is cleared or it is fenced.</summary>
    Suspect = 4,

    /// <summary>Its K or W have grown: they must be in the state before a wait can rest on them.</summary>
    Outgrown = 5,

    /// <summary>The cluster has no such node, or no leases yet.</summary>
    Refused = 6,
}

/// <summary>
/// Whether a renewal is acknowledged, from a state that contains all that was agreed on before the renewal was received
/// (docs/failover.md, rule 1).
/// </summary>
public static class Renewals
{
    /// <summary>The verdict, and for people why.</summary>
    public static (RenewalVerdict Verdict, string Reason) Judge(ClusterState state, Renewal renewal)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(renewal);
        if (!state.Nodes.TryGetValue(renewal.Node, out var node))
        {
            return (RenewalVerdict.Refused, $"there is no node {renewal.Node}");
        }

        var lease = node.Lease;
        if (!lease.IsHeld || lease.Epoch != renewal.Epoch)
        {
            return (
                RenewalVerdict.Fenced,
                $"epoch {renewal.Epoch} is over: the node is in epoch {lease.Epoch}, {lease.Standing}");
        }

        if (lease.BootId != renewal.BootId)
        {
            return (RenewalVerdict.Rebooted, $"epoch {renewal.Epoch} is of another boot");
        }

        if (lease.Standing == LeaseStanding.Suspect)
        {
            return (RenewalVerdict.Suspect, $"suspect since index {lease.SuspectedAt}: {lease.Reason}");
        }

        return renewal.KillBudgetMs > lease.KillBudgetMs || renewal.WatchdogMs > lease.WatchdogMs
            ? (RenewalVerdict.Outgrown,
                $"K is {renewal.KillBudgetMs} ms and W {renewal.WatchdogMs} ms by now, and the cluster waits for "
                    + $"{lease.KillBudgetMs} and {lease.WatchdogMs} ms")
            : (RenewalVerdict.Granted, "");
    }
}
