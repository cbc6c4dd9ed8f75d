using Blixard.StateMachine.State;

namespace Blixard.Node.Monitoring;

/// <summary>
/// Which nodes still speak of their VMs: by when this node's own replica last saw a report or a keep-alive of theirs,
/// on this node's monotonic clock. Whatever the clocks on the walls say plays no part in it.
/// </summary>
internal sealed class NodeFreshness(TimeSpan limit, TimeProvider time)
{
    private readonly Dictionary<string, (long LastSeen, long At)> _heard = new(StringComparer.Ordinal);
    private readonly HashSet<string> _silent = new(StringComparer.Ordinal);

    /// <summary>Takes a new state.</summary>
    public void See(ClusterState state)
    {
        var now = time.GetTimestamp();
        foreach (var node in state.Nodes.Values)
        {
            if (!_heard.TryGetValue(node.Name, out var heard) || heard.LastSeen != node.LastSeen)
            {
                _heard[node.Name] = (node.LastSeen, now);
            }
        }

        foreach (var gone in _heard.Keys.Where(name => !state.Nodes.ContainsKey(name)).ToArray())
        {
            _heard.Remove(gone);
        }
    }

    /// <summary>This node heard nobody for a while: that was its own doing.</summary>
    public void Forget() => _heard.Clear();

    /// <summary>
    /// Looks at the clock. True if one has fallen silent, or speaks again, since the last look; until the next one
    /// <see cref="IsFresh"/> says the same.
    /// </summary>
    public bool Turned()
    {
        var turned = _silent.RemoveWhere(node => !IsSilent(node)) > 0;
        foreach (var node in _heard.Keys)
        {
            turned |= IsSilent(node) && _silent.Add(node);
        }

        return turned;
    }

    public bool IsFresh(string node) => !_silent.Contains(node);

    private bool IsSilent(string node) =>
        _heard.TryGetValue(node, out var heard) && time.GetElapsedTime(heard.At) >= limit;
}
