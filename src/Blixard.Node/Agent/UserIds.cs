using System.Collections.Concurrent;
using Blixard.Systemd;

namespace Blixard.Node.Agent;

/// <summary>
/// The numeric ids of the users whose managers are watched: by them the journal tells apart units of one name. Looked up
/// beside the agent's loop, as that may wait, and kept once they are known.
/// </summary>
internal sealed class UserIds(AgentBuses buses)
{
    private readonly ConcurrentDictionary<string, uint> _known = new(StringComparer.Ordinal);

    /// <summary>Null for the system's manager, and for a user who is not known yet.</summary>
    /// <param name="bus">The manager.</param>
    public uint? Of(string bus) => _known.TryGetValue(bus, out var id) ? id : null;

    /// <summary>Looks for those that are not known yet: a user may be made after this daemon has begun.</summary>
    public void LookUp()
    {
        foreach (var bus in buses.All)
        {
            if (bus.FindUserId is { } find && !_known.ContainsKey(bus.Name))
            {
                try
                {
                    if (find() is { } id)
                    {
                        _known[bus.Name] = id;
                    }
                }
                catch (SystemdUnavailableException)
                {
                    // Whoever connects to the manager tells of it; here it is looked up again.
                }
            }
        }
    }
}
