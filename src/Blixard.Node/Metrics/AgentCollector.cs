using Blixard.Client.Contracts;
using Blixard.Node.Api;

namespace Blixard.Node.Metrics;

/// <summary>What the agent can't see, at each scrape.</summary>
internal sealed class AgentCollector(IAgentStatus agent) : ICollector
{
    public void Collect(PrometheusText text)
    {
        var misses = agent.Report().Misses;
        var gauge = text.Gauge(
            "blixard_agent_misses",
            "What of this host can't be seen at the moment: managers, hypervisors that don't answer, figures of VMs, "
                + "errors in the journal.");
        foreach (var kind in LocalMiss.Kinds)
        {
            gauge.Add(misses.Count(miss => miss.Kind == kind), new Label("kind", kind));
        }
    }
}
