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
        await using var events = feed.WatchAsync(since, cancellationToken).GetAsyncEnumerator(cancellationToken);
        var resuming = true;
        while (true)
        {
            var next = events.MoveNextAsync().AsTask();
            if (!next.IsCompleted)
            {
                // All that was at hand is written; whoever reads shall have it before we wait.
                await writer.FlushAsync(cancellationToken);
                await KeptAliveAsync(next, writer, cancellationToken);
                resuming = false;
            }

            await next;
            if (events.Current is FeedGap gap)
            {
                writer.Write(EventDocuments.Gap(gap, time.GetUtcNow(), resuming
                    ? "no longer held by this node"
                    : "this reader was too slow, or the node took over a snapshot; read the full list again"));
                if (!resuming)
                {
                    await writer.FlushAsync(cancellationToken);
                    return;
                }
            }
            else if (events.Current is FeedChange { Change: var change } && (!vmsOnly || change.Entity == EntityKind.Vm))
            {
                writer.Write(EventDocuments.Of(change, replica.State, engine.Status));
                await writer.FlushAsync(cancellationToken);
            }
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
