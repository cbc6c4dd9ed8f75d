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

    public AgentReport Report() => Broken ? throw new InvalidOperationException("a secret of the inside") : Next;
}
