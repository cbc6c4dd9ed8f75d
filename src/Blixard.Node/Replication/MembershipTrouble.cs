using Blixard.StateMachine.State;

namespace Blixard.Node.Replication;

/// <summary>
/// Why the change of the members that was asked for is not made yet, as far as this node found out while it led. Written by
/// the loop that makes the changes, read by anyone.
/// </summary>
internal sealed class MembershipTrouble
{
    private Found? _found;

    /// <param name="request">Of the change that is pending; 0: none is, it was the cluster's own idea.</param>
    /// <param name="why">For people.</param>
    public void Set(ulong request, string why) => Volatile.Write(ref _found, new Found(request, why));

    /// <summary>It went on.</summary>
    public void Clear() => Volatile.Write(ref _found, null);

    /// <summary>Of the change that is pending in that state; null: nothing is known.</summary>
    public string? Of(ClusterState state) =>
        Volatile.Read(ref _found) is { } found && state.Membership.Pending?.Request == found.Request ? found.Why : null;

    private sealed record Found(ulong Request, string Why);
}
