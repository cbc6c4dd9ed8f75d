namespace Blixard.Node.Agent;

/// <summary>Reads what running VMs use. Used by the agent's loop alone.</summary>
internal interface IVmSampler
{
    /// <summary>The view with new samples of all VMs that run.</summary>
    AgentView Sample(AgentView view);
}
