using System.Collections.Immutable;
using Blixard.StateMachine.Commands;

namespace Blixard.Node.Options;

/// <summary>One member as the configuration names it.</summary>
internal sealed record Peer(string Name, HostPort Address)
{
    /// <summary>As in the configuration.</summary>
    public override string ToString() => $"{Name}={Address}";
}

internal static class PeerList
{
    /// <summary>
    /// The members, sorted by name so that the order in which an operator lists them does not matter. Every entry that
    /// is wrong adds a sentence to <paramref name="problems"/>.
    /// </summary>
    public static ImmutableArray<Peer> Parse(IReadOnlyList<string> entries, ICollection<string> problems)
    {
        var byName = new SortedDictionary<string, Peer>(StringComparer.Ordinal);
        var addresses = new HashSet<HostPort>();
        for (var i = 0; i < entries.Count; i++)
        {
            var separator = entries[i].IndexOf('=', StringComparison.Ordinal);
            var name = separator < 0 ? "" : entries[i][..separator];
            if (!Rules.IsName(name) || !HostPort.TryParse(entries[i][(separator + 1)..], out var address))
            {
                problems.Add($"Cluster:Peers:{i} \"{entries[i]}\" is not NAME=HOST:PORT.");
            }
            else if (!byName.TryAdd(name, new Peer(name, address)))
            {
                problems.Add($"Cluster:Peers:{i} names {name} for the second time.");
            }
            else if (!addresses.Add(address))
            {
                problems.Add($"Cluster:Peers:{i} has the address {address} of another member.");
            }
        }

        return [.. byName.Values];
    }
}
