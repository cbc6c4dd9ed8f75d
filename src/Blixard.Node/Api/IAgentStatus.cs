using Blixard.Client.Contracts;

namespace Blixard.Node.Api;

/// <summary>What the agent tells of its own work, for <c>GET /status</c>. Any thread may ask; never blocks.</summary>
internal interface IAgentStatus
{
    AgentReport Report();

    /// <summary>
    /// The user in whose manager a VM's unit is; null: it is the system's, or nobody knows the user yet.
    /// </summary>
    uint? UserIdOf(string vm);
}

/// <summary>How the agent does, in vminfod's words.</summary>
internal sealed record AgentReport
{
    /// <summary>False until the first full list of units.</summary>
    public required bool Started { get; init; }

    /// <summary>A bus is gone: what is shown is the last view of it.</summary>
    public required bool Degraded { get; init; }

    public required LocalTasks Queue { get; init; }

    /// <summary>When the last full list of units was taken.</summary>
    public DateTimeOffset? LastRefresh { get; init; }

    /// <summary>The newest last; the answer shows five.</summary>
    public IReadOnlyList<LocalRefreshError> RefreshErrors { get; init; } = [];

    /// <summary>The newest last.</summary>
    public IReadOnlyList<LocalRefresh> RefreshLog { get; init; } = [];

    /// <summary>What the agent watches: "system bus", "uid 1000 bus".</summary>
    public IReadOnlyList<string> Watchers { get; init; } = [];

    /// <summary>What it can't see at the moment.</summary>
    public IReadOnlyList<LocalMiss> Misses { get; init; } = [];
}
