using Blixard.Client.Contracts;
using Blixard.Node.Replication;

namespace Blixard.Node.Api;

/// <summary>
/// For load balancers and orchestrators. Live: the process answers; an engine that must stop ends the process, so there
/// is no third state. Ready: there is a leader and the replica is not far behind, so that linearizable requests are
/// served.
/// </summary>
internal sealed class HealthEndpoints(Replica replica, IRaftEngine engine, Removal removal)
{
    /// <summary>Committed entries that may wait to be applied; a moment's work.</summary>
    public const ulong MaxLag = 1000;

    public static Task LiveAsync(HttpContext context) => AnswerAsync(context, """{"status":"live"}""");

    public Task ReadyAsync(HttpContext context)
    {
        var (status, applied) = (engine.Status, replica.State.Index);
        if (removal.IsRemoved)
        {
            throw new ApiException(Problems.NotReady(Removal.Sentence));
        }

        if (status.Leader.IsNone)
        {
            throw new ApiException(Problems.NotReady("This node knows no leader."));
        }

        if (status.DivergedAt is { } index)
        {
            throw new ApiException(Problems.NotReady(
                $"The states of members differ at index {index}, and no majority says whose is right."));
        }

        if (status.Repair is { } repair)
        {
            throw new ApiException(Problems.NotReady(
                $"This node lost what it had stored through index {repair.Through} to a damaged disk, and is being "
                + "repaired by the leader."));
        }

        return applied + MaxLag >= status.Commit
            ? AnswerAsync(context, """{"status":"ready"}""")
            : throw new ApiException(Problems.NotReady(
                $"This node has applied index {applied} of the {status.Commit} that are committed."));
    }

    private static async Task AnswerAsync(HttpContext context, string json)
    {
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(json, context.RequestAborted);
    }
}
