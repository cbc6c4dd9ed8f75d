using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.State;

/// <summary>
/// ChangeMembership, CancelMembershipChange and SettleMembershipChange. Asking is replicated, so that whoever leads carries
/// it out, whatever becomes of the leader or of the node that was asked; what the engine makes of it comes back the same way.
/// </summary>
internal static class ApplyMembership
{
    public static CommandResult Ask(StateEdit edit, ChangeMembership body)
    {
        if (edit.Before.Membership.Pending is { } pending)
        {
            return new Rejected(
                RejectionReason.ChangePending,
                $"{pending}, asked through {pending.Actor} at index {pending.Request}, is not settled yet");
        }

        var known = edit.Before.Nodes.GetValueOrDefault(body.Node);
        if ((body.Kind == MembershipChangeKind.Add ? RefuseToAdd(edit.Before, body, known)
            : RefuseToChange(edit.Before, body, known)) is { } refused)
        {
            return refused;
        }

        if (body.Kind == MembershipChangeKind.Add)
        {
            known = Joining(edit, body);
            edit.Put(known, $"node {known.Name} added by {edit.Command.Actor}");
        }

        edit.Membership = edit.Before.Membership with
        {
            Pending = new PendingChange(
                edit.Index, body.Kind, body.Node, known?.MemberId ?? 0, edit.Term, edit.Command.Actor, edit.Now),
        };
        return edit.Applied();
    }

    public static CommandResult Settle(StateEdit edit, SettleMembershipChange body)
    {
        if (edit.Before.Membership.Pending is not { } pending || pending.Request != body.Request)
        {
            return NotPending(body.Request);
        }

        edit.Membership = edit.Before.Membership.Settle(new SettledChange(body.Request, body.Refused));
        var done = body.Refused.Length == 0;
        if (pending.Kind == MembershipChangeKind.Remove && done)
        {
            Forget(edit, pending, $"node {pending.Node} removed");
        }
        else if (pending.Kind == MembershipChangeKind.Add && !done)
        {
            // Its id was in nobody's hands, but one that is given out is never given out again.
            Forget(edit, pending, $"node {pending.Node} not added: {body.Refused}");
        }

        return edit.Applied();
    }

    /// <summary>
    /// Only notes the wish to withdraw: whether the change is in the engine's log already, the leader alone can tell.
    /// </summary>
    public static CommandResult Cancel(StateEdit edit, CancelMembershipChange body)
    {
        if (edit.Before.Membership.Pending is not { } pending || pending.Request != body.Request)
        {
            return NotPending(body.Request);
        }

        if (pending.CancelledBy.Length == 0)
        {
            edit.Membership = edit.Before.Membership with
            {
                Pending = pending with { CancelledBy = edit.Command.Actor },
            };
        }

        return edit.Applied();
    }

    private static Rejected NotPending(ulong request) => new(
        RejectionReason.ChangeNotPending, $"no change of the members of index {request} is pending");

    private static Rejected? RefuseToAdd(ClusterState state, ChangeMembership body, ClusterNode? known)
    {
        var member = NodeFields.MemberText(body.MemberId);
        if (known is not null)
        {
            return new(
                RejectionReason.NameTaken,
                $"node {known.Name} is member {NodeFields.MemberText(known.MemberId)} already: remove it first");
        }

        if (state.Membership.Removed.TryGetValue(body.MemberId, out var removed))
        {
            return Refusals.MemberRemoved(body.MemberId, removed);
        }

        foreach (var node in state.Nodes.Values)
        {
            if (node.MemberId == body.MemberId)
            {
                return new(RejectionReason.NameTaken, $"member {member} is node {node.Name}, not {body.Node}");
            }

            if (node.RaftAddress == body.RaftAddress)
            {
                return new(
                    RejectionReason.AddressTaken, $"the Raft address {body.RaftAddress} is that of node {node.Name}");
            }

            if (node.RaftAddress.Length == 0)
            {
                return new(
                    RejectionReason.NoRaftAddress,
                    $"node {node.Name} has no Raft address at which another could reach it: give it one with "
                        + "Raft:Listen, start it again, and then add nodes");
            }
        }

        return null;
    }

    private static Rejected? RefuseToChange(ClusterState state, ChangeMembership body, ClusterNode? known) =>
        known is null ? body is { Kind: MembershipChangeKind.Transfer, Node: "" } ? null : Refusals.NodeNotFound(body.Node)
        : body.Kind == MembershipChangeKind.Remove && state.Nodes.Count == 1
            ? new(RejectionReason.LastNode, $"node {known.Name} is the only one: a cluster without nodes is none")
        : body.Kind == MembershipChangeKind.Remove ? RefuseToLeave(state, known)
        : null;

    /// <summary>With the node goes what is known of its lease: no managed VM may run there then.</summary>
    private static Rejected? RefuseToLeave(ClusterState state, ClusterNode node)
    {
        foreach (var vm in state.Vms.Values)
        {
            if (vm.Placement is { MayRun: true } placement
                && (placement.Node == node.Name
                    || (placement.State == PlacementState.Uncertain && node.Lease.Standing == LeaseStanding.Unknown
                        && vm.IsDefinedOn(node.Name))))
            {
                return Refusals.StillHeld(vm);
            }
        }

        return null;
    }

    private static ClusterNode Joining(StateEdit edit, ChangeMembership body) => new()
    {
        Name = body.Node,
        MemberId = body.MemberId,
        RaftAddress = body.RaftAddress,
        ApiAddress = body.ApiAddress,
        RegisteredAt = edit.Now,
        Status = NodeStatus.Unknown,
        StatusReason = "added, has not joined yet",
        StatusSince = edit.Now,
    };

    /// <summary>
    /// Neither the node nor what it said of VMs is known any longer, and its member never comes back. A VM that no
    /// other node defines goes with it.
    /// </summary>
    private static void Forget(StateEdit edit, PendingChange change, string reason)
    {
        edit.Membership = edit.Membership with
        {
            Removed = edit.Membership.Removed.SetItem(change.MemberId, new RemovedMember(change.Node, edit.Now)),
        };
        if (!edit.Before.Nodes.TryGetValue(change.Node, out var node) || node.MemberId != change.MemberId)
        {
            return;
        }

        edit.Remove(node, reason);
        var rest = edit.Before with { Nodes = edit.Before.Nodes.Remove(node.Name) };
        foreach (var vm in edit.Before.Vms.Values)
        {
            var observations = vm.Observations.Remove(node.Name);
            if (observations.IsEmpty && !vm.Observations.IsEmpty && vm.Placement is not { MayRun: true })
            {
                edit.Remove(vm, reason);
                continue;
            }

            var claims = vm.RefusedClaims.Remove(node.Name);
            if (!ReferenceEquals(observations, vm.Observations) || !ReferenceEquals(claims, vm.RefusedClaims)
                || vm.Monitor == node.Name || Knows(vm.Management, node.Name))
            {
                var without = vm with
                {
                    Observations = observations,
                    RefusedClaims = claims,
                    Monitor = vm.Monitor == node.Name ? null : vm.Monitor,
                    Management = vm.Management is not { } management ? null : management with
                    {
                        Gates = management.Gates.Remove(node.Name),

                        // The last one stays: an empty list would mean all.
                        Candidates = management.Candidates.Count > 1
                            ? management.Candidates.Remove(node.Name)
                            : management.Candidates,
                    },
                };
                edit.Put(ApplyGate.Promised(edit, without, rest), reason);
            }
        }
    }

    private static bool Knows(Management? management, string node) => management is not null
        && (management.Gates.ContainsKey(node) || management.Candidates.Contains(node));
}
