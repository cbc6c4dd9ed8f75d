using System.Collections.Immutable;
using System.Globalization;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.Fencing;
using Blixard.StateMachine.State;

namespace Blixard.StateMachine.Planning;

/// <summary>What a leader knows beside the replicated state when it decides about leases.</summary>
/// <param name="State">Of this term: everything that earlier leaders committed is in it.</param>
/// <param name="ClusterId">Of the members, as they know each other.</param>
/// <param name="Table">Of this leadership; has observed <paramref name="State"/>.</param>
/// <param name="Suspects">Of this replica; has observed <paramref name="State"/>.</param>
/// <param name="Now">By this host's clocks.</param>
/// <param name="NowUnixMs">By its wall clock: for ends that people set, never for safety.</param>
public sealed record LeaderView(
    ClusterState State,
    ulong ClusterId,
    LeaseTable Table,
    SuspectClocks Suspects,
    LeaderClocks Now,
    long NowUnixMs);

/// <summary>
/// What to decide now about leases and placements: docs/failover.md, rules 6 to 8. Pure but for what it reads of the
/// leader's memory; level-triggered, so that it may be asked at any time and again.
/// </summary>
public static class FailoverPlanner
{
    /// <summary>
    /// In the order in which they should be proposed. Before a SuspectNode of it is proposed,
    /// <see cref="LeaseTable.Suspecting"/> must be told.
    /// </summary>
    public static ImmutableArray<Planned> Plan(LeaderView view)
    {
        ArgumentNullException.ThrowIfNull(view);
        if (view.State.ClusterVersion < CommandVersions.ManagedVms)
        {
            return [];
        }

        if (view.State.ClusterId != view.ClusterId)
        {
            var adopt = Command.Of(new AdoptCluster { ClusterId = view.ClusterId });
            return [new Planned("the cluster's id is adopted", "leases are kept under it", adopt)];
        }

        return [.. OfLeases(view), .. OfTerms(view), .. Placements.Plan(view.State)];
    }

    private static ImmutableArray<Planned> OfLeases(LeaderView view)
    {
        var planned = ImmutableArray.CreateBuilder<Planned>();
        foreach (var node in view.State.Nodes.Values)
        {
            var decision = node.Lease.Standing switch
            {
                LeaseStanding.Active => Suspect(view, node),
                LeaseStanding.Suspect => Fence(view, node) ?? Clear(view, node),
                _ => null,
            };
            if (decision is not null)
            {
                planned.Add(decision);
            }
        }

        return planned.DrainToImmutable();
    }

    /// <summary>First this, so that a change of the leader does not begin the wait anew.</summary>
    private static Planned? Suspect(LeaderView view, ClusterNode node)
    {
        var after = view.State.Terms.Profile.SuspectAfterMs;
        if (view.Table.QuietMs(node.Name, node.Lease.Epoch, view.Now) is not { } silence || silence < after)
        {
            return null;
        }

        var reason = $"no renewal for {Text(silence)} ms";
        return new Planned(
            $"node {node.Name} is suspect",
            reason,
            Command.Of(new SuspectNode { Node = node.Name, Epoch = node.Lease.Epoch, Reason = reason }));
    }

    /// <summary>
    /// Once the wait is over by this leader's own table, or since this replica applied the suspicion: each alone proves
    /// it, and whichever is over first ends it.
    /// </summary>
    private static Planned? Fence(LeaderView view, ClusterNode node)
    {
        var lease = node.Lease;
        var wait = lease.Budget(view.State.Terms).WaitMs;
        var silence = view.Table.SilenceMs(node.Name, lease.Epoch, view.Now);
        var suspected = view.Suspects.MsSince(node.Name, lease.SuspectedAt, view.Now);
        var reason = silence >= wait ? $"{Text(silence.Value)} ms since its last renewal, {Text(wait)} are enough"
            : suspected >= wait ? $"{Text(suspected.Value)} ms since it became suspect, {Text(wait)} are enough"
            : null;
        return reason is null ? null : new Planned(
            $"node {node.Name} is fenced",
            reason,
            Command.Of(new FenceNode
            {
                Node = node.Name,
                Epoch = lease.Epoch,
                Suspect = lease.SuspectedAt,
                Reason = reason,
            }));
    }

    /// <summary>It asks again, and nobody has waited long enough for its fence.</summary>
    private static Planned? Clear(LeaderView view, ClusterNode node)
    {
        var lease = node.Lease;
        var asked = view.Table.AskedMs(node.Name, lease.Epoch, view.Now);
        return asked is null || asked >= view.State.Terms.Profile.SuspectAfterMs ? null : new Planned(
            $"node {node.Name} is no longer suspect",
            "it renews again",
            Command.Of(new ClearSuspect { Node = node.Name, Epoch = lease.Epoch, Suspect = lease.SuspectedAt }));
    }

    private static ImmutableArray<Planned> OfTerms(LeaderView view)
    {
        var terms = view.State.Terms;
        if (terms.DisarmedUntil != 0 && view.NowUnixMs >= terms.DisarmedUntil)
        {
            var armed = new SetTerm
            {
                RenewMs = (uint)terms.Profile.RenewMs,
                TermMs = (uint)terms.Profile.TermMs,
                SoftMs = (uint)terms.Profile.SoftMs,
                SlackMs = (uint)terms.Profile.SlackMs,
                Reason = "the time for which it was disarmed is over",
            };
            return [new Planned("fencing is armed again", armed.Reason, Command.Of(armed))];
        }

        return terms.IsLowering && WhyLowered(view) is { } reason
            ? [new Planned(
                $"the longest lease term is {Text(terms.TargetMs)} ms",
                reason,
                Command.Of(new LowerMaxTerm { SetTerm = terms.SetAt }))]
            : [];
    }

    /// <summary>Null: a lease of a longer term may be outstanding.</summary>
    private static string? WhyLowered(LeaderView view)
    {
        var terms = view.State.Terms;
        var (allArmed, longest) = (true, 0L);
        foreach (var node in view.State.Nodes.Values)
        {
            var lease = node.Lease;
            if (lease.Standing is LeaseStanding.None or LeaseStanding.Fenced)
            {
                continue;
            }

            allArmed &= lease.IsHeld && view.Table.IsArmedUnder(node.Name, lease.Epoch, terms.SetAt);
            longest = Math.Max(longest, lease.Budget(terms).WaitMs);
        }

        return allArmed ? "every node has armed its deadline under it"
            : view.Table.TermSetMs(view.Now) >= longest ? $"{Text(longest)} ms have passed under one leader"
            : null;
    }

    private static string Text(long number) => number.ToString(NumberFormatInfo.InvariantInfo);
}
