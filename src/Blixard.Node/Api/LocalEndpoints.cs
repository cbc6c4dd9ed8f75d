using Blixard.Client.Contracts;
using Blixard.Node.Replication;

namespace Blixard.Node.Api;

/// <summary>
/// vminfod's surface: read-only, from this node's own replica, so it answers in a partition too. Printed with two
/// spaces of indent, as it always was.
/// </summary>
internal sealed class LocalEndpoints(Reads reads, LocalStatusReport report)
{
    private const string Full = "full";

    public static AcceptedQuery StatusQuery { get; } =
        new(new QueryParameter(Full, "Adds refreshLog and watchers; needs no value."));

    public static Task PingAsync(HttpContext context) => Reads.AnswerAsync(context, Ping.Pong, ApiJson.Indented.Ping);

    public Task StatusAsync(HttpContext context)
    {
        var full = context.Request.Query.ContainsKey(Full);
        return Reads.AnswerAsync(context, report.Make(full), ApiJson.Indented.LocalStatus);
    }

    public Task ListVmsAsync(HttpContext context) =>
        Reads.AnswerAsync(context, VmDocuments.All(reads.ReadLocal(context).State), ApiJson.Indented.IReadOnlyListVm);

    /// <param name="context">The request.</param>
    /// <param name="id">A uuid, in any case, or a name.</param>
    public Task GetVmAsync(HttpContext context, string id)
    {
        var state = reads.ReadLocal(context).State;
        var found = state.Vms.GetValueOrDefault(id)
            ?? state.Vms.Values.FirstOrDefault(vm => vm.Uuid.Equals(id, StringComparison.OrdinalIgnoreCase))
            ?? throw new ApiException(Problems.VmNotFound(id));
        return Reads.AnswerAsync(context, VmDocuments.Of(state, found), ApiJson.Indented.Vm);
    }
}
