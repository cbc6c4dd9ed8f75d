using Blixard.Raft.Host;
using Blixard.StateMachine.State;

namespace Blixard.Node.Replication;

internal enum Consistency
{
    /// <summary>Not older than anything acknowledged anywhere before the read began.</summary>
    Linearizable,

    /// <summary>This node's own replica, as old as it may be; answered in a partition too.</summary>
    Stale,
}

/// <summary>Reading the replicated state on this node.</summary>
internal sealed class Replica(AppliedState applied, ChangeFeed feed, IRaftEngine engine, TimeProvider time)
{
    /// <summary>The newest applied state; immutable.</summary>
    public ClusterState State => applied.Current;

    /// <summary>Completes when the next state is published; take it before looking at <see cref="State"/>.</summary>
    public Task NextState => applied.NextPublication;

    /// <summary>A state that contains the entry at <paramref name="index"/>.</summary>
    public Task<ClusterState> WaitForIndexAsync(ulong index, CancellationToken cancellationToken) =>
        applied.WaitForIndexAsync(index, cancellationToken);

    /// <summary>
    /// A state of the given consistency that also contains the entry at <paramref name="minIndex"/>, where the caller
    /// has seen one (read your own writes, on any node).
    /// </summary>
    /// <exception cref="NoLeaderException">Linearizable, and nobody could confirm an index.</exception>
    public async Task<ClusterState> ReadAsync(
        Consistency consistency, ulong? minIndex, CancellationToken cancellationToken)
    {
        var index = consistency == Consistency.Linearizable ? await engine.ReadIndexAsync(cancellationToken) : 0;
        return await applied.WaitForIndexAsync(Math.Max(index, minIndex ?? 0), cancellationToken);
    }

    /// <summary>
    /// The state once an entity of this kind, and of this name if one is given, has changed at an index above
    /// <paramref name="since"/>, or once <paramref name="wait"/> is over: whoever asks compares the index. Where the
    /// changes since then are no longer held it returns at once, for there may have been one.
    /// </summary>
    public async Task<ClusterState> WaitForChangeAsync(
        EntityKind kind, string? name, ulong since, TimeSpan wait, CancellationToken cancellationToken) =>
        await WaitForChangeAsync(
            change => change.Entity == kind && (name is null || change.Name == name), since, wait, cancellationToken);

    /// <summary>The same, for changes of the caller's choice.</summary>
    public async Task<ClusterState> WaitForChangeAsync(
        Func<Change, bool> wanted, ulong since, TimeSpan wait, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(wait, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            await foreach (var item in feed.WatchAsync(since, either.Token))
            {
                if (item is not FeedChange { Change: var change } || wanted(change))
                {
                    break;
                }
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The wait is over: an answer without news is an answer.
        }

        return State;
    }
}
