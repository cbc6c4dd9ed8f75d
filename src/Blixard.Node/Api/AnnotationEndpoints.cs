using Blixard.Client.Contracts;
using Blixard.Node.Replication;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;
using Google.Protobuf;
using Vm = Blixard.StateMachine.State.Vm;

namespace Blixard.Node.Api;

/// <summary><c>/v1/vms/{vm}/annotations</c>: what clients note with a VM.</summary>
internal sealed class AnnotationEndpoints(Reads reads, Replica replica, Proposer proposer)
{
    public async Task ListAsync(HttpContext context, string vm)
    {
        Edge.Check("VM", vm);
        var found = await ReadAsync(context, vm, "annotations[");
        IReadOnlyList<VmAnnotation> all =
        [
            .. found.Annotations.All.Select(pair => new VmAnnotation
            {
                Key = pair.Key,
                Bytes = pair.Value.Value.Length,
                Text = pair.Value.Text(VmAnnotation.MaxListedBytes),
            }),
        ];
        await Reads.AnswerAsync(context, all, Documents.Json.IReadOnlyListVmAnnotation);
    }

    public async Task GetAsync(HttpContext context, string vm, string key)
    {
        Edge.Check("VM", vm);
        Edge.Check("annotation", key);
        var found = await ReadAsync(context, vm, $"annotations[{key}]");
        var value = found.Annotations.All.TryGetValue(key, out var annotation)
            ? annotation.Value.Memory
            : throw new ApiException(Problems.AnnotationNotFound(vm, key));

        // Bytes of somebody: no browser shall make a page of them.
        context.Response.ContentType = ApiRoutes.BytesMediaType;
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.ContentLength = value.Length;
        await context.Response.BodyWriter.WriteAsync(value, context.RequestAborted);
    }

    public async Task PutAsync(HttpContext context, string vm, string key)
    {
        Edge.Check("VM", vm);
        Edge.Check("annotation", key);
        var value = await RequestBody.AnnotationAsync(context.Request, context.RequestAborted);
        await SetAsync(context, vm, key, value);
    }

    /// <summary>One that is not there is as good as removed; a VM that is not there is not found.</summary>
    public async Task RemoveAsync(HttpContext context, string vm, string key)
    {
        Edge.Check("VM", vm);
        Edge.Check("annotation", key);
        await SetAsync(context, vm, key, default);
    }

    private async Task SetAsync(HttpContext context, string vm, string key, ReadOnlyMemory<byte> value)
    {
        var body = new SetAnnotation { Vm = vm, Key = key, Value = UnsafeByteOperations.UnsafeWrap(value) };
        await proposer.ChangeAsync(
            Command.Of(body), RequestIdentity.Of(context.Request, value), context.RequestAborted);
        reads.ReadOwnWrite(context);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    /// <param name="context">Its query says how fresh.</param>
    /// <param name="vm">Its name.</param>
    /// <param name="path">A field of the VM, or the beginning of several: what a waiting read waits for.</param>
    private async Task<Vm> ReadAsync(HttpContext context, string vm, string path)
    {
        bool Wanted(Change change) => change.Entity == EntityKind.Vm && change.Name == vm
            && (change.Kind != ChangeKind.Modify
                || change.Fields.Any(field => field.Path.StartsWith(path, StringComparison.Ordinal)));

        var read = await reads.ReadAsync(
            context, (after, wait, stop) => replica.WaitForChangeAsync(Wanted, after, wait, stop));
        return read.State.Vms.TryGetValue(vm, out var found)
            ? found
            : throw new ApiException(Problems.VmNotFound(vm));
    }
}
