using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.State;

/// <summary>The texts that more than one command gives.</summary>
internal static class Refusals
{
    public static string VmNotFound(string vm) => $"VM {vm} not found";

    public static Rejected NodeNotFound(string node) => new(RejectionReason.NodeNotFound, $"node {node} not found");

    public static Rejected NotYours(string actor, string node) =>
        new(RejectionReason.NotYours, $"{actor} can't report for {node}: a node reports only what is its own");

    public static Rejected MemberRemoved(ulong member, RemovedMember removed) => new(
        RejectionReason.MemberRemoved,
        $"member {NodeFields.MemberText(member)} was node {removed.Node} and is removed: a removed member never comes "
            + "back, its host joins as a new one");
}
