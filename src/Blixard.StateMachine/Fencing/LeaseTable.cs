using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.StateMachine.Fencing;

/// <summary>
/// What one leader remembers of renewals, from its election to the end of its leadership: never longer, and never
/// replicated. By it the leader knows from when it has to wait. One caller at a time.
/// </summary>
public sealed class LeaseTable
{
    private readonly SortedList<string, Entry> _entries = new(StringComparer.Ordinal);
    private LeaderClocks _termSetSince;
    private ulong _termSetAt;
    private ulong _observed;

    /// <summary>The term that is led; 0: none.</summary>
    public ulong Term { get; private set; }

    /// <summary>When this leadership began, by this host's clocks.</summary>
    public LeaderClocks Since { get; private set; }

    /// <summary>
    /// Elected: what an earlier leadership remembered may have been overtaken by another leader's acknowledgements.
    /// </summary>
    public void Lead(ulong term, LeaderClocks now)
    {
        _entries.Clear();
        (Term, Since) = (term, now);
        (_termSetAt, _termSetSince, _observed) = (0, now, 0);
    }

    /// <summary>No longer leading: nothing that is remembered may be used again.</summary>
    public void StepDown()
    {
        _entries.Clear();
        Term = 0;
    }

    /// <summary>
    /// Looks at a new state. A node that is seen in its epoch for the first time counts as renewed now: it may have
    /// been acknowledged by the leader before, or have rejoined a moment ago. A state that is older than one that was
    /// seen is passed over.
    /// </summary>
    public void Observe(ClusterState state, LeaderClocks now)
    {
        ArgumentNullException.ThrowIfNull(state);
        if (state.Index < _observed)
        {
            return;
        }

        _observed = state.Index;
        foreach (var node in state.Nodes.Values)
        {
            var lease = node.Lease;
            if (!_entries.TryGetValue(node.Name, out var entry) || entry.Epoch != lease.Epoch)
            {
                _entries[node.Name] = entry = new Entry(lease.Epoch, now);
            }

            if (entry.Standing == LeaseStanding.Suspect && lease.Standing == LeaseStanding.Active)
            {
                entry.Cleared = now;
            }

            entry.Standing = lease.Standing;
            entry.Suspicion = (entry.Suspicion, lease.Standing) switch
            {
                (Suspicion.Proposed, LeaseStanding.Suspect) => Suspicion.Applied,

                // Only this leader ends it in this term, and only after it was seen applied.
                (Suspicion.Applied, LeaseStanding.Active) => Suspicion.None,
                var (same, _) => same,
            };
        }

        if (state.Terms.SetAt != _termSetAt)
        {
            (_termSetAt, _termSetSince) = (state.Terms.SetAt, now);
        }
    }

    /// <summary>
    /// Called before a SuspectNode is proposed: whatever becomes of it, from here on this leader acknowledges nothing
    /// of that node until the suspicion was applied and ended.
    /// </summary>
    public void Suspecting(SuspectNode proposal)
    {
        ArgumentNullException.ThrowIfNull(proposal);
        if (_entries.TryGetValue(proposal.Node, out var entry) && entry.Epoch == proposal.Epoch)
        {
            entry.Suspicion = Suspicion.Proposed;
        }
    }

    /// <summary>
    /// Answers a renewal, and remembers it if it is granted. Called only after a quorum has confirmed this leadership
    /// in a round that began after the receipt, with a state that contains everything up to that round's index.
    /// </summary>
    /// <param name="renewal">As received.</param>
    /// <param name="receipt">When it was received, by this host's clocks: not when it is answered.</param>
    /// <param name="term">In which the round was confirmed.</param>
    /// <param name="state">Applied up to the round's index.</param>
    /// <param name="nowUnixMs">This host's wall clock; matters only while disarmed.</param>
    public LeaseAnswer Answer(
        LeaseRenewal renewal, LeaderClocks receipt, ulong term, ClusterState state, long nowUnixMs)
    {
        ArgumentNullException.ThrowIfNull(renewal);
        ArgumentNullException.ThrowIfNull(state);
        var lease = state.Nodes.GetValueOrDefault(renewal.Node)?.Lease ?? NodeLease.None;
        var verdict = Judge(renewal, receipt, term, lease);
        if (verdict != LeaseVerdict.Granted)
        {
            return new LeaseAnswer(verdict, renewal.SentAtUs, 0, 0, lease.Epoch, state.Index);
        }

        var entry = _entries[renewal.Node];
        entry.Receipt = entry.Receipt.Later(receipt);
        entry.ArmedUnder = renewal.ArmedUnder;
        return new LeaseAnswer(
            verdict, renewal.SentAtUs, state.Terms.GrantMs(nowUnixMs), state.Terms.SetAt, lease.Epoch, state.Index);
    }

    /// <summary>
    /// Milliseconds since the last receipt that was acknowledged in this epoch and term, or since the election; null:
    /// the node was never observed in this epoch.
    /// </summary>
    public long? SilenceMs(string node, ulong epoch, LeaderClocks now) =>
        _entries.TryGetValue(node, out var entry) && entry.Epoch == epoch ? now.MsSince(entry.Receipt) : null;

    /// <summary>
    /// As <see cref="SilenceMs"/>, but no longer than since a suspicion ended: the node gets the time to renew again.
    /// For the next suspicion, never for a fence.
    /// </summary>
    public long? QuietMs(string node, ulong epoch, LeaderClocks now) =>
        SilenceMs(node, epoch, now) is not { } silence ? null
        : _entries[node].Cleared is { } cleared ? Math.Min(silence, now.MsSince(cleared))
        : silence;

    /// <summary>
    /// Milliseconds since the node last asked in this epoch, acknowledged or not; null: not in this term.
    /// </summary>
    public long? AskedMs(string node, ulong epoch, LeaderClocks now) =>
        _entries.TryGetValue(node, out var entry) && entry.Epoch == epoch && entry.Asked is { } asked
            ? now.MsSince(asked)
            : null;

    /// <summary>The node has said that its deadline is armed under the terms that hold.</summary>
    public bool IsArmedUnder(string node, ulong epoch, ulong setAt) =>
        _entries.TryGetValue(node, out var entry) && entry.Epoch == epoch && entry.ArmedUnder == setAt;

    /// <summary>Milliseconds since this leadership first saw the terms that hold.</summary>
    public long TermSetMs(LeaderClocks now) => now.MsSince(_termSetSince);

    private LeaseVerdict Judge(LeaseRenewal renewal, LeaderClocks receipt, ulong term, NodeLease lease)
    {
        if (Term == 0 || term != Term)
        {
            return LeaseVerdict.NotLeading;
        }

        if (lease.Standing == LeaseStanding.None)
        {
            return LeaseVerdict.NoLease;
        }

        if (renewal.BootId != lease.BootId && lease.IsHeld)
        {
            return LeaseVerdict.Rebooted;
        }

        if (renewal.Epoch != lease.Epoch || !lease.IsHeld)
        {
            return LeaseVerdict.Fenced;
        }

        // In the same epoch and boot: the node is there, whether or not it may be told so.
        if (!_entries.TryGetValue(renewal.Node, out var entry) || entry.Epoch != lease.Epoch)
        {
            return LeaseVerdict.NotLeading;
        }

        if (renewal.Incarnation < entry.Incarnation)
        {
            return LeaseVerdict.Superseded;
        }

        entry.Incarnation = renewal.Incarnation;
        entry.Asked = entry.Asked is { } asked ? asked.Later(receipt) : receipt;
        return lease.Standing == LeaseStanding.Suspect || entry.Suspicion != Suspicion.None ? LeaseVerdict.Suspect
            : renewal.KillBudgetMs > lease.KillBudgetMs || renewal.WatchdogMs > lease.WatchdogMs
                ? LeaseVerdict.BudgetGrew
            : LeaseVerdict.Granted;
    }

    /// <summary>Of this leader's own suspicion.</summary>
    private enum Suspicion
    {
        None,
        Proposed,
        Applied,
    }

    private sealed class Entry(ulong epoch, LeaderClocks receipt)
    {
        public ulong Epoch { get; } = epoch;

        /// <summary>Of the latest renewal that was acknowledged; at first, when the epoch was first seen.</summary>
        public LeaderClocks Receipt { get; set; } = receipt;

        public LeaderClocks? Asked { get; set; }

        /// <summary>When the last suspicion was seen ended.</summary>
        public LeaderClocks? Cleared { get; set; }

        /// <summary>As last observed.</summary>
        public LeaseStanding Standing { get; set; }

        public ulong Incarnation { get; set; }

        /// <summary>What no SetTerm can be: nothing was said yet.</summary>
        public ulong ArmedUnder { get; set; } = ulong.MaxValue;

        public Suspicion Suspicion { get; set; }
    }
}
