using Blixard.Client.Contracts;
using Blixard.Node.Api;
using Blixard.Node.Metrics;

namespace Blixard.Node.Tests.Api;

/// <summary>An agent that has seen what the test says.</summary>
internal sealed class FakeAgent : ILocalVms, IAgentStatus
{
    public IReadOnlyCollection<LocalVm> Vms { get; set; } = [];

    public AgentReport Next { get; set; } = new()
    {
        Started = true,
        Degraded = false,
        Queue = new LocalTasks { Paused = false, Working = 0, MaxJobs = 1, Channels = [], Backlog = [] },
    };

    /// <summary>A bug in the agent.</summary>
    public bool Broken { get; set; }

    /// <summary>By VM: the user in whose manager its unit is.</summary>
    public Dictionary<string, uint> Users { get; } = new(StringComparer.Ordinal);

    public uint? UserIdOf(string vm) => Users.TryGetValue(vm, out var user) ? user : null;

    public AgentReport Report() => Broken ? throw new InvalidOperationException("a secret of the inside") : Next;
}
