namespace Blixard.Node.Replication;

/// <summary>Too much is under way already: nothing was appended and nothing was forwarded.</summary>
internal class OverloadedException(string message) : Exception(message);

/// <summary>The disks of the leader, or of a majority, are nearly full: nothing was appended and nothing was forwarded.</summary>
internal sealed class NoSpaceException(string message) : OverloadedException(message);

/// <summary>Some node of the cluster would not understand the command: nothing was appended and nothing was forwarded.</summary>
internal sealed class VersionGateException(string message) : Exception(message);

/// <summary>
/// The proposal was appended or forwarded, and no answer came in time: it may have been applied, may still be, or never.
/// </summary>
internal sealed class OutcomeUnknownException(string message) : Exception(message)
{
    /// <summary>
    /// Under which it was proposed, and can be asked for again; null: it can't, for the cluster is too old for that or it
    /// is not a single proposal whose outcome is unknown.
    /// </summary>
    public ProposalNumber? Number { get; init; }
}

/// <summary>
/// A committed entry could not be applied. The node must stop: going on without it would fork the cluster.
/// </summary>
internal sealed class ApplyFailedException(ulong index, string why, Exception? inner = null)
    : Exception($"Applying the entry at index {index} failed: {why} This node must stop.", inner)
{
    /// <summary>The log index.</summary>
    public ulong Index { get; } = index;
}
