using Blixard.Client.Contracts;
using Blixard.Node.Replication;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;
using Vm = Blixard.Client.Contracts.Vm;

namespace Blixard.Node.Api;

/// <summary><c>/v1/vms</c>: the VMs of the whole cluster, and who is told to know them.</summary>
internal sealed class VmEndpoints(Reads reads, Replica replica, Proposer proposer, NodeFacts node, ApiLimits limits)
{
    /// <summary>Of a removal.</summary>
    public static AcceptedQuery RemoveQuery { get; } = new(new QueryParameter(
        ApiRoutes.Force, "true: also where a node has the VM still, or annotations go with it."));

    public async Task ListAsync(HttpContext context)
    {
        var read = await reads.ReadAsync(
            context, (after, wait, stop) => replica.WaitForChangeAsync(EntityKind.Vm, null, after, wait, stop));
        await Reads.AnswerAsync(context, VmDocuments.All(read.State), Documents.Json.IReadOnlyListVm);
    }

    public async Task GetAsync(HttpContext context, string vm)
    {
        Edge.Check("VM", vm);
        var read = await reads.ReadAsync(
            context, (after, wait, stop) => replica.WaitForChangeAsync(EntityKind.Vm, vm, after, wait, stop));
        await Reads.AnswerAsync(context, DocumentOf(read.State, vm), Documents.Json.Vm);
    }

    /// <summary>Tells the cluster that a VM is defined on a node; 201 if it was not known at all.</summary>
    public async Task RegisterAsync(HttpContext context, string vm)
    {
        Edge.Check("VM", vm);
        var (request, bytes) = await RequestBody.RegisterVmAsync(context.Request, limits, context.RequestAborted);
        var on = request.Node ?? node.Name;
        Edge.Check("node", on);

        // Made here: the state machine has no randomness. The first registration decides.
        var uuid = Guid.NewGuid().ToString();
        await proposer.ChangeAsync(
            Command.Of(new RegisterVM
            {
                Vm = vm,
                Uuid = uuid,
                Node = on,
                Unit = request.Unit ?? Rules.UnitOf(vm, request.UserService),
                UserService = request.UserService,
            }),
            RequestIdentity.Of(context.Request, bytes),
            context.RequestAborted);
        var document = DocumentOf(reads.ReadOwnWrite(context).State, vm);
        if (document.Uuid == uuid)
        {
            context.Response.StatusCode = StatusCodes.Status201Created;
            context.Response.Headers.Location = ApiRoutes.Vm(vm);
        }

        await Reads.AnswerAsync(context, document, Documents.Json.Vm);
    }

    /// <summary>
    /// Forgets a VM on all nodes; one that is not there is as good as removed. Where something is lost by that it must be
    /// insisted on; a request that was carried out before, by its key, is answered as then.
    /// </summary>
    public async Task RemoveAsync(HttpContext context, string vm)
    {
        Edge.Check("VM", vm);
        var identity = RequestIdentity.Of(context.Request, default);
        if (!Edge.Forced(context.Request.Query))
        {
            var state = await reads.CurrentAsync(context.RequestAborted);
            if (state.Vms.TryGetValue(vm, out var found)
                && (identity.Key is not { } key || !state.IdempotencyKeys.All.ContainsKey(key.Text))
                && VmRemoval.Losses(found) is { Count: > 0 } losses)
            {
                throw new ApiException(Problems.VmInUse(vm, losses));
            }
        }

        await proposer.ChangeAsync(Command.Of(new RemoveVM { Vm = vm }), identity, context.RequestAborted);
        reads.ReadOwnWrite(context);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static Vm DocumentOf(ClusterState state, string vm) => state.Vms.TryGetValue(vm, out var found)
        ? VmDocuments.Of(state, found)
        : throw new ApiException(Problems.VmNotFound(vm));
}
