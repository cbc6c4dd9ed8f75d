using Blixard.Node.Api;
using Blixard.Node.Replication;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.Node.Agent;

/// <summary>What the agent needs of replication: the state as this node has it, and a way to change it.</summary>
internal interface IProposals
{
    ClusterState State { get; }

    /// <summary>There is a leader, so that <see cref="State"/> keeps up: what looks bad is not just old.</summary>
    bool HasLeader { get; }

    /// <summary>Completes when the next state is there; take it before looking at <see cref="State"/>.</summary>
    Task NextState { get; }

    /// <inheritdoc cref="Proposer.ProposeAsync"/>
    Task<CommandResult> ProposeAsync(Command command, CancellationToken cancellationToken);
}

internal sealed class ReplicatedProposals(Replica replica, Proposer proposer, LeaderContact contact) : IProposals
{
    public ClusterState State => replica.State;

    public bool HasLeader => contact.Age == TimeSpan.Zero;

    public Task NextState => replica.NextState;

    public Task<CommandResult> ProposeAsync(Command command, CancellationToken cancellationToken) =>
        proposer.ProposeAsync(command, cancellationToken);
}
