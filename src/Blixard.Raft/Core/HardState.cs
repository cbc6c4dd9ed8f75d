namespace Blixard.Raft.Core;

/// <summary>
/// What must be on stable storage before any answer leaves (Figure 2, "persistent state"), as one atomic record:
/// a term without its vote would let a restarted member vote twice.
/// </summary>
public readonly record struct HardState(ulong Term, MemberId Vote);
