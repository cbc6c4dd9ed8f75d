using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.State;

/// <summary>DrainNode and UndrainNode. What moves, and when, is the planner's.</summary>
internal static class ApplyDrain
{
    public static CommandResult Drain(StateEdit edit, DrainNode body)
    {
        if (!edit.Before.Nodes.TryGetValue(body.Node, out var node))
        {
            return Refusals.NodeNotFound(body.Node);
        }

        // Asked for again, it goes on with what is new of it.
        var drain = new NodeDrain(
            node.Drain?.Request ?? edit.Index,
            edit.Command.Actor,
            body.Reason,
            node.Drain?.Since ?? edit.Now,
            body.DeadlineUnixMs);
        edit.Put(node with { Drain = drain }, Reason(edit, "drained", node.Name, body.Reason));
        return edit.Applied();
    }

    public static CommandResult Undrain(StateEdit edit, UndrainNode body)
    {
        if (!edit.Before.Nodes.TryGetValue(body.Node, out var node))
        {
            return Refusals.NodeNotFound(body.Node);
        }

        var reason = Reason(edit, "no longer drained", node.Name, body.Reason);
        edit.Put(node with { Drain = null }, reason);
        if (!body.ReturnVms)
        {
            foreach (var vm in edit.Before.Vms.Values)
            {
                if (vm.Placement is { } placement && placement.DrainedFrom == node.Name)
                {
                    edit.Put(vm with { Placement = placement with { DrainedFrom = "" } }, reason);
                }
            }
        }

        return edit.Applied();
    }

    private static string Reason(StateEdit edit, string what, string node, string why) =>
        $"node {node} {what} by {edit.Command.Actor}{(why.Length == 0 ? "" : $": {why}")}";
}
