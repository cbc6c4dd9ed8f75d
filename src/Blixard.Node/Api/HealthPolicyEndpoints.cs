using Blixard.Node.Replication;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;
using Vm = Blixard.StateMachine.State.Vm;

namespace Blixard.Node.Api;

/// <summary><c>/v1/vms/{vm}/health-policy</c>: how the health of a VM is judged.</summary>
internal sealed class HealthPolicyEndpoints(Reads reads, Replica replica, Proposer proposer, ApiLimits limits)
{
    /// <summary>A VM without a policy of its own has the usual one.</summary>
    public async Task GetAsync(HttpContext context, string vm)
    {
        Edge.Check("VM", vm);
        bool Wanted(Change change) => change.Entity == EntityKind.Vm && change.Name == vm
            && (change.Kind != ChangeKind.Modify
                || change.Fields.Any(field => field.Path.StartsWith("health_policy.", StringComparison.Ordinal)));

        var read = await reads.ReadAsync(
            context, (after, wait, stop) => replica.WaitForChangeAsync(Wanted, after, wait, stop));
        await AnswerAsync(context, Find(read.State, vm));
    }

    /// <summary>The whole policy: what it leaves out is as usual.</summary>
    public async Task PutAsync(HttpContext context, string vm)
    {
        Edge.Check("VM", vm);
        var (document, bytes) = await RequestBody.HealthPolicyAsync(context.Request, limits, context.RequestAborted);
        await SetAsync(context, vm, HealthPolicyDocuments.Read(document), bytes);
        await AnswerAsync(context, Find(reads.ReadOwnWrite(context).State, vm));
    }

    /// <summary>Back to the usual one.</summary>
    public async Task RemoveAsync(HttpContext context, string vm)
    {
        Edge.Check("VM", vm);
        await SetAsync(context, vm, policy: null, default);
        reads.ReadOwnWrite(context);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private Task SetAsync(HttpContext context, string vm, HealthPolicy? policy, ReadOnlyMemory<byte> bytes) =>
        proposer.ChangeAsync(
            Command.Of(new SetHealthPolicy { Vm = vm, Policy = policy }),
            RequestIdentity.Of(context.Request, bytes),
            context.RequestAborted);

    private static Task AnswerAsync(HttpContext context, Vm vm) => Reads.AnswerAsync(
        context,
        HealthPolicyDocuments.Of(vm.HealthPolicy ?? VmHealthPolicy.None),
        Documents.Json.HealthPolicy);

    private static Vm Find(ClusterState state, string vm) => state.Vms.TryGetValue(vm, out var found)
        ? found
        : throw new ApiException(Problems.VmNotFound(vm));
}
