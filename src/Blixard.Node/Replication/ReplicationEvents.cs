using Blixard.Raft.Host;
using Blixard.StateMachine.State;

namespace Blixard.Node.Replication;

/// <summary>
/// What the rest of the node is told of replication as it happens. Handlers run on the loop that calls them: they hand
/// work over and return. One that throws stops the node, because the loop can't know what it left undone.
/// </summary>
internal sealed class ReplicationEvents
{
    /// <summary>A command was applied here. The state that it made is published before this is called.</summary>
    public event Action<ApplyOutcome>? Applied;

    /// <summary>The state was replaced by a snapshot; what happened in between was not seen.</summary>
    public event Action<ClusterState>? Restored;

    /// <summary>Role, leader or term of this member changed.</summary>
    public event Action<RaftStatus>? LeaderChanged;

    /// <summary>An entry that changes who is a member was committed, at this index.</summary>
    public event Action<ulong>? MembershipChanged;

    /// <summary>Called only from the apply loop.</summary>
    public void OnApplied(ApplyOutcome outcome) => Applied?.Invoke(outcome);

    /// <inheritdoc cref="OnApplied"/>
    public void OnRestored(ClusterState state) => Restored?.Invoke(state);

    /// <inheritdoc cref="OnApplied"/>
    public void OnMembershipChanged(ulong index) => MembershipChanged?.Invoke(index);

    /// <summary>Called only from the engine's loop.</summary>
    public void OnLeaderChanged(RaftStatus status) => LeaderChanged?.Invoke(status);
}
