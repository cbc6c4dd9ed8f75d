using System.Globalization;
using Blixard.Client.Contracts;
using Blixard.Node.Replication;
using Blixard.StateMachine.State;
using Microsoft.AspNetCore.Http.Features;

namespace Blixard.Node.Api;

/// <summary>
/// <c>GET /v1/events</c> and vminfod's <c>GET /events</c>, which tells of VMs only. Always this node's replica: a stream
/// says what was applied here, in order, with the index from which any node can take it up.
/// </summary>
internal sealed class EventEndpoints(
    Replica replica,
    ChangeFeed feed,
    IRaftEngine engine,
    EventStreams streams,
    ApiLimits limits,
    TimeProvider time,
    IHostApplicationLifetime lifetime)
{
    public static AcceptedQuery Accepted { get; } = new(
        new QueryParameter(ApiRoutes.Since, "Only changes at a higher index than this, instead of the full lists first."));

    public Task FollowAllAsync(HttpContext context) => FollowAsync(context, vmsOnly: false);

    public Task FollowVmsAsync(HttpContext context) => FollowAsync(context, vmsOnly: true);

    private async Task FollowAsync(HttpContext context, bool vmsOnly)
    {
        var since = ReadQuery.IndexOf(context.Request.Query, ApiRoutes.Since);
        using var stream = streams.Open(RemoteOf(context));

        // The state is published before its changes, so what the feed has above its index is what it lacks.
        var state = replica.State;
        context.Response.ContentType = ApiRoutes.EventsMediaType;
        context.Response.Headers[ApiRoutes.IndexHeader] = state.Index.ToString(CultureInfo.InvariantCulture);
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        var writer = new EventWriter(context, limits.MaxStall, time);
        writer.Write(since is { } from
            ? EventDocuments.Resumed(stream.Id, from, time.GetUtcNow())
            : EventDocuments.Ready(stream.Id, state, vmsOnly ? null : engine.Status, time.GetUtcNow()));

        using var ends = CancellationTokenSource.CreateLinkedTokenSource(
            context.RequestAborted, lifetime.ApplicationStopping);
        try
        {
            await writer.FlushAsync(ends.Token);
            await FollowAsync(writer, since ?? state.Index, vmsOnly, ends.Token);
        }
        catch (OperationCanceledException) when (ends.IsCancellationRequested)
        {
            // The reader left, or this node stops: the body ends here, whole lines only.
        }
    }

    private async Task FollowAsync(EventWriter writer, ulong since, bool vmsOnly, CancellationToken cancellationToken)
    {
        using var watching = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using var events = feed.WatchAsync(since, watching.Token).GetAsyncEnumerator(CancellationToken.None);
        var next = Task.FromResult(true);
        try
        {
            for (var resuming = true; ;)
            {
                next = events.MoveNextAsync().AsTask();
                resuming &= next.IsCompleted;
                await KeptAliveAsync(next, writer, cancellationToken);
                await next;
                if (!Write(events.Current, writer, vmsOnly, resuming))
                {
                    await writer.FlushAsync(cancellationToken);
                    return;
                }

                await writer.FlushAsync(cancellationToken);
            }
        }
        finally
        {
            // Only an enumerator at rest may be disposed.
            await watching.CancelAsync();
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>
    /// False if the stream ends with this: a reader that has what came before and lost the thread later has to read the
    /// full list again, while one that resumes was not promised more than what is held.
    /// </summary>
    private bool Write(FeedEvent happened, EventWriter writer, bool vmsOnly, bool resuming)
    {
        switch (happened)
        {
            case FeedGap gap:
                writer.Write(EventDocuments.Gap(gap, time.GetUtcNow(), resuming
                    ? "no longer held by this node"
                    : "this reader was too slow, or the node took over a snapshot; read the full list again"));
                return resuming;
            case FeedChange { Change: var change } when !vmsOnly || change.Entity == EntityKind.Vm:
                writer.Write(EventDocuments.Of(change, replica.State, engine.Status));
                return true;
            default:
                return true;
        }
    }

    private async Task KeptAliveAsync(Task next, EventWriter writer, CancellationToken cancellationToken)
    {
        while (!next.IsCompleted)
        {
            try
            {
                await next.WaitAsync(limits.KeepAlive, time, cancellationToken);
            }
            catch (TimeoutException)
            {
                writer.KeepAlive();
                await writer.FlushAsync(cancellationToken);
            }
        }
    }

    private static string RemoteOf(HttpContext context) => context.Connection.RemoteIpAddress is { } address
        ? new System.Net.IPEndPoint(address, context.Connection.RemotePort).ToString()
        : "unix";
}
