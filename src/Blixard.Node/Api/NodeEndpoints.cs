using Blixard.Client.Contracts;
using Blixard.Node.Replication;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.Node.Api;

/// <summary><c>/v1/nodes</c>: the hosts of the cluster.</summary>
internal sealed class NodeEndpoints(Reads reads, Replica replica, IRaftEngine engine)
{
    public async Task ListAsync(HttpContext context)
    {
        var read = await reads.ReadAsync(
            context, (after, wait, stop) => replica.WaitForChangeAsync(EntityKind.Node, null, after, wait, stop));
        await Reads.AnswerAsync(
            context, NodeDocuments.All(read.State, engine.Status), Documents.Json.IReadOnlyListNodeInfo);
    }

    public async Task GetAsync(HttpContext context, string node)
    {
        if (!Rules.IsName(node))
        {
            throw new ApiException(Problems.InvalidName("node", node));
        }

        var read = await reads.ReadAsync(
            context, (after, wait, stop) => replica.WaitForChangeAsync(EntityKind.Node, node, after, wait, stop));
        var document = read.State.Nodes.TryGetValue(node, out var found)
            ? NodeDocuments.Of(read.State, engine.Status, found)
            : throw new ApiException(Problems.NodeNotFound(node));
        await Reads.AnswerAsync(context, document, Documents.Json.NodeInfo);
    }
}
