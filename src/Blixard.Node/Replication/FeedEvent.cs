using Blixard.StateMachine.State;

namespace Blixard.Node.Replication;

/// <summary>What a watcher of the <see cref="ChangeFeed"/> is told.</summary>
internal abstract record FeedEvent
{
    private protected FeedEvent()
    {
    }
}

/// <summary>One entity changed.</summary>
internal sealed record FeedChange(Change Change) : FeedEvent;

/// <summary>
/// Changes at indexes above <paramref name="After"/> up to <paramref name="Through"/> are no longer held here, or were
/// never seen one by one: the watcher reads the state anew. Changes above <paramref name="Through"/> follow.
/// </summary>
internal sealed record FeedGap(ulong After, ulong Through) : FeedEvent;
