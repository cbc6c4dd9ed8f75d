using Blixard.Systemd;
using Blixard.Systemd.MicroVms;
using Blixard.Systemd.Units;

namespace Blixard.Node.Agent;

/// <summary>
/// One systemd manager of this host whose VMs are watched: the system's, or that of one user. Each has its own
/// connections; one that is gone, or does not answer, keeps no other waiting.
/// </summary>
/// <param name="Name">As people are told of it, and the key in <see cref="AgentView"/>.</param>
internal sealed record AgentBus(string Name, UnitScope Scope, IUnitManager Units, IUnitWatcher Watcher)
{
    public const string SystemName = "system bus";

    /// <summary>
    /// Looks the manager's user up, which may wait: <see cref="Blixard.Systemd.Bus.BusAddress.FindUserId"/>. Null for the
    /// system's.
    /// </summary>
    public Func<uint?>? FindUserId { get; init; }

    public bool IsSystem => Scope == UnitScope.System;

    public static string NameOf(string user) => $"user {user}";

    /// <summary>A unit as people are told of it, and as the key of one that is refused.</summary>
    public static string Qualified(string bus, string unit) => bus == SystemName ? unit : $"{unit} ({bus})";
}

/// <summary>All that this host watches, the system's first; owns their connections.</summary>
internal sealed class AgentBuses(IReadOnlyList<AgentBus> all, params IReadOnlyList<SystemdConnection> connections)
    : IAsyncDisposable
{
    public IReadOnlyList<AgentBus> All { get; } = all;

    public async ValueTask DisposeAsync()
    {
        foreach (var connection in connections)
        {
            await connection.DisposeAsync();
        }
    }
}
