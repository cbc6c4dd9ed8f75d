using Blixard.Node.Replication;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.Node.Agent;

/// <summary>What the agent needs of replication: the state as this node has it, and a way to change it.</summary>
internal interface IProposals
{
    ClusterState State { get; }

    /// <summary>Completes when the next state is there; take it before looking at <see cref="State"/>.</summary>
    Task NextState { get; }

    /// <inheritdoc cref="Proposer.ProposeAsync"/>
    Task<CommandResult> ProposeAsync(Command command, CancellationToken cancellationToken);
}

internal sealed class ReplicatedProposals(Replica replica, Proposer proposer) : IProposals
{
    public ClusterState State => replica.State;

    public Task NextState => replica.NextState;

    public Task<CommandResult> ProposeAsync(Command command, CancellationToken cancellationToken) =>
        proposer.ProposeAsync(command, cancellationToken);
}
