namespace Blixard.Raft.Core;

/// <summary>
/// Entries that this member had on stable storage, and acknowledged, are lost to a damaged disk. Its vote could now
/// elect a leader without them, so it gives none and does not campaign until it holds again all that those
/// acknowledgements may have helped to commit (Alagappan et al., "Protocol-Aware Recovery for Consensus-Based Storage",
/// FAST 2018). Until then it follows, appends and acknowledges what it really has.
/// </summary>
/// <param name="Through">Last index that was on stable storage before the damage.</param>
/// <param name="Term">The member's term then, known exactly: it never voted in a later one.</param>
public readonly record struct Repair(ulong Through, ulong Term)
{
    /// <summary>Of two losses, the second before the first was made good.</summary>
    public static Repair Both(Repair one, Repair other) =>
        new(Math.Max(one.Through, other.Through), Math.Max(one.Term, other.Term));
}
