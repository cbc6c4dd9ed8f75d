using System.Globalization;
using System.Text.Json.Serialization.Metadata;
using Blixard.Client.Contracts;
using Blixard.Node.Replication;
using Blixard.StateMachine.State;
using Microsoft.Extensions.Hosting;

namespace Blixard.Node.Api;

/// <summary>
/// The reads of /v1: a state as fresh as was asked for, held back until something changed if that was asked for, and an
/// answer that says of which index it is. A linearizable read that waits stays linearizable: the state that it ends with
/// contains everything acknowledged before it began.
/// </summary>
internal sealed class Reads(
    Replica replica, LeaderContact contact, ApiLimits limits, TimeProvider time, IHostApplicationLifetime lifetime)
{
    private int _waiting;

    /// <param name="context">Its query is parsed here.</param>
    /// <param name="changed">
    /// Given an index and a token: completes once the resource changed after it, or at once if that can't be told. Runs
    /// only when the caller asked to wait.
    /// </param>
    /// <exception cref="ApiException">
    /// The query is wrong, or the state is not as fresh as asked for in time.
    /// </exception>
    public async Task<Read> ReadAsync(HttpContext context, Func<ulong, TimeSpan, CancellationToken, Task> changed)
    {
        var query = ReadQuery.Parse(context.Request.Query, limits);
        var state = await BoundedAsync(query, changed, context.RequestAborted);
        return Stamp(context, state, query.Consistency == Consistency.Stale);
    }

    /// <summary>That wait now.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>What a name stands for when something is to be changed: never from an old replica.</summary>
    /// <exception cref="ApiException">It is not as fresh as that in time, or too many wait.</exception>
    public Task<ClusterState> CurrentAsync(CancellationToken cancellationToken) => BoundedAsync(
        new ReadQuery(Consistency.Linearizable, MinIndex: null, Wait: null, Index: 0), changed: null, cancellationToken);

    /// <summary>Refused rather than queued: whoever is refused can ask another node.</summary>
    private async Task<ClusterState> BoundedAsync(
        ReadQuery query, Func<ulong, TimeSpan, CancellationToken, Task>? changed, CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref _waiting) > limits.MaxWaitingReads)
        {
            Interlocked.Decrement(ref _waiting);
            throw new ApiException(Problems.Overloaded(
                $"{limits.MaxWaitingReads} reads wait on this node already; try again, or another node."));
        }

        try
        {
            var state = await FreshAsync(query, cancellationToken);
            if (query.Wait is not { } wait || changed is null)
            {
                return state;
            }

            await WaitAsync(changed, query.Index, wait, cancellationToken);
            return replica.State;
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    /// <summary>This node's own replica, at once.</summary>
    public Read ReadLocal(HttpContext context) => Stamp(context, replica.State, stale: true);

    /// <summary>The state in which a command of this node is applied.</summary>
    public Read ReadOwnWrite(HttpContext context) => Stamp(context, replica.State, stale: false);

    public static async Task AnswerAsync<T>(HttpContext context, T document, JsonTypeInfo<T> type) =>
        await context.Response.WriteAsJsonAsync(document, type, contentType: null, context.RequestAborted);

    private ValueTask<ClusterState> FreshAsync(ReadQuery query, CancellationToken cancellationToken)
    {
        // Most often there is nothing to wait for, and so nothing to limit.
        var state = replica.State;
        return query.Consistency == Consistency.Stale && (query.MinIndex is not { } least || state.Index >= least)
            ? new(state)
            : new(CatchUpAsync(query, cancellationToken));
    }

    private async Task<ClusterState> CatchUpAsync(ReadQuery query, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(limits.CatchUp, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            return await replica.ReadAsync(query.Consistency, query.MinIndex, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            var reached = replica.State.Index;
            throw new ApiException(query.MinIndex is { } wanted && reached < wanted
                ? Problems.StaleIndex(wanted, reached)
                : Problems.NotReady($"This node has applied index {reached} and did not catch up in time."));
        }
    }

    private async Task WaitAsync(
        Func<ulong, TimeSpan, CancellationToken, Task> changed,
        ulong index,
        TimeSpan wait,
        CancellationToken cancellationToken)
    {
        // A node that stops answers those who wait with what it has.
        using var either = CancellationTokenSource.CreateLinkedTokenSource(
            lifetime.ApplicationStopping, cancellationToken);
        try
        {
            await changed(index, wait, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
        }
    }

    private Read Stamp(HttpContext context, ClusterState state, bool stale)
    {
        var headers = context.Response.Headers;
        headers[ApiRoutes.IndexHeader] = state.Index.ToString(CultureInfo.InvariantCulture);
        var age = stale ? contact.Age : null;
        if (age is { } known)
        {
            headers[ApiRoutes.LastContactHeader] = known.TotalSeconds.ToString("0.000", CultureInfo.InvariantCulture);
        }

        return new Read(state, stale, age);
    }
}

/// <param name="State">What to answer from.</param>
/// <param name="Stale">No quorum confirmed that it is current.</param>
/// <param name="Age">Of a stale one: time since there was a leader; null if there never was.</param>
internal sealed record Read(ClusterState State, bool Stale, TimeSpan? Age);
