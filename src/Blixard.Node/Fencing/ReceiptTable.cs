namespace Blixard.Node.Fencing;

/// <summary>
/// The leader's memory of the renewals that it has acknowledged, by term, node and epoch (docs/failover.md, rule 6). It
/// belongs to one leadership: in another term it is empty, and what has no receipt counts as received at the election.
/// Safe for many threads.
/// </summary>
internal sealed class ReceiptTable : IReceipts
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(string Node, ulong Epoch), ClockReading> _latest = [];
    private readonly HashSet<(string Node, ulong Epoch)> _suspected = [];
    private ulong _term;

    public bool TryAcknowledge(ulong term, string node, ulong epoch, ClockReading received)
    {
        lock (_gate)
        {
            Enter(term);
            if (term < _term || _suspected.Contains((node, epoch)))
            {
                return false;
            }

            // Answers overtake each other: the latest receipt counts, by either clock.
            var before = _latest.GetValueOrDefault((node, epoch));
            _latest[(node, epoch)] = new(
                Math.Max(before.MonotonicRaw, received.MonotonicRaw), Math.Max(before.BootTime, received.BootTime));
            return true;
        }
    }

    /// <summary>The latest receipt of this leadership; null: there was none.</summary>
    public ClockReading? Latest(ulong term, string node, ulong epoch)
    {
        lock (_gate)
        {
            return term == _term && _latest.TryGetValue((node, epoch), out var latest) ? latest : null;
        }
    }

    /// <summary>
    /// From here on, in this term, nothing of that node and epoch is acknowledged: called before the proposal to
    /// suspect
    /// it leaves.
    /// </summary>
    public void Suspect(ulong term, string node, ulong epoch)
    {
        lock (_gate)
        {
            Enter(term);
            if (term == _term)
            {
                _suspected.Add((node, epoch));
            }
        }
    }

    /// <summary>The suspicion was cleared by an applied ClearSuspect.</summary>
    public void Clear(ulong term, string node, ulong epoch)
    {
        lock (_gate)
        {
            if (term == _term)
            {
                _suspected.Remove((node, epoch));
            }
        }
    }

    private void Enter(ulong term)
    {
        if (term > _term)
        {
            _latest.Clear();
            _suspected.Clear();
            _term = term;
        }
    }
}
