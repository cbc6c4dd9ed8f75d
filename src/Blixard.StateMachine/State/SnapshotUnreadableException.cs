namespace Blixard.StateMachine.State;

/// <summary>The bytes are not a whole, undamaged snapshot of a version that this node knows.</summary>
public sealed class SnapshotUnreadableException(string why, Exception? inner = null)
    : Exception($"The snapshot can't be read: {why}.", inner)
{
    public string Why { get; } = why;
}
