using Blixard.StateMachine.State;

namespace Blixard.StateMachine.Fencing;

/// <summary>
/// When this replica applied each suspicion that holds, by its own clocks. Kept on every member, over changes of the
/// leader: whoever leads then need not wait anew. A restart or a snapshot notes anew, which only waits longer. One
/// caller at a time.
/// </summary>
public sealed class SuspectClocks
{
    private readonly SortedList<string, (ulong Suspect, LeaderClocks At)> _noted = new(StringComparer.Ordinal);
    private ulong _observed;

    /// <summary>
    /// Called with each state that was applied, or at least with the last of a run; an older one is passed over.
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
            var suspect = node.Lease.SuspectedAt;
            if (suspect == 0)
            {
                _noted.Remove(node.Name);
            }
            else if (!_noted.TryGetValue(node.Name, out var noted) || noted.Suspect != suspect)
            {
                _noted[node.Name] = (suspect, now);
            }
        }

        for (var i = _noted.Count - 1; i >= 0; i--)
        {
            if (!state.Nodes.ContainsKey(_noted.GetKeyAtIndex(i)))
            {
                _noted.RemoveAt(i);
            }
        }
    }

    /// <summary>Milliseconds since this replica applied that suspicion; null: it did not observe it.</summary>
    public long? MsSince(string node, ulong suspect, LeaderClocks now) =>
        _noted.TryGetValue(node, out var noted) && noted.Suspect == suspect ? now.MsSince(noted.At) : null;
}
