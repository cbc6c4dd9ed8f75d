namespace Blixard.Raft.Host;

/// <summary>
/// No leader could be asked in time: this member is cut off from the majority, or an election is going on.
/// </summary>
public sealed class NoLeaderException(string message) : Exception(message);
