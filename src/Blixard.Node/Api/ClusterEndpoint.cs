using Blixard.Client.Contracts;
using Blixard.Node.Replication;
using Blixard.StateMachine.State;

namespace Blixard.Node.Api;

/// <summary>
/// <c>GET /v1/cluster</c>. With <c>consistency=stale</c> any survivor answers it, and says that it has no quorum.
/// </summary>
internal sealed class ClusterEndpoint(
    Reads reads,
    Replica replica,
    IRaftEngine engine,
    LeaderContact contact,
    Removal removal,
    MembershipTrouble trouble,
    NodeFacts node)
{
    public async Task GetAsync(HttpContext context)
    {
        var read = await reads.ReadAsync(context, ChangedAsync);
        var status = engine.Status;
        var why = !status.IsLeader ? null
            : trouble.Of(read.State)
                ?? (status.IsChangePending ? "a majority has not committed the new configuration yet" : null);
        await Reads.AnswerAsync(
            context,
            ClusterDocuments.Of(
                read, status, node, removal.IsRemoved, why),
            Documents.Json.ClusterStatus);
    }

    /// <summary>Any node, any VM, or who leads.</summary>
    private async Task ChangedAsync(ulong after, TimeSpan wait, CancellationToken cancellationToken)
    {
        using var first = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var leader = contact.NextChange;
        Task[] changes =
        [
            replica.WaitForChangeAsync(EntityKind.Node, null, after, wait, first.Token),
            replica.WaitForChangeAsync(EntityKind.Vm, null, after, wait, first.Token),
        ];
        await Task.WhenAny([.. changes, leader]);
        await first.CancelAsync();
        try
        {
            await Task.WhenAll(changes);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The one that did not come first.
        }
    }
}
