namespace Blixard.StateMachine.Commands;

/// <summary>
/// A committed entry that this node can't read: damaged, or of a version it does not know. The node must stop.
/// Skipping it would give this replica another state than the others.
/// </summary>
public sealed class UndecodableCommandException(ulong index, string why, Exception? inner = null)
    : Exception($"The committed command at index {index} can't be decoded: {why}. This node must stop: skipping the "
        + "command would give it another state than the rest of the cluster.", inner)
{
    /// <summary>The log index.</summary>
    public ulong Index { get; } = index;

    public string Why { get; } = why;
}
