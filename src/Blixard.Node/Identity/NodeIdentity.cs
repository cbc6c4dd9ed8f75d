using System.Collections.Immutable;
using Blixard.Node.Options;
using Blixard.Raft.Core;

namespace Blixard.Node.Identity;

/// <summary>
/// Who this data directory is: written once, at the first start, and from then on the only authority. A host whose
/// disk was lost does not get its old identity back, because a voter that forgot its vote must not vote again.
/// </summary>
/// <param name="Members">All members by name, this one included; a single node has only itself.</param>
/// <param name="InUse">The engine has had this identity: its log exists, and its absence would be a loss.</param>
internal sealed record NodeIdentity(
    ulong ClusterId, MemberId Member, string Name, ImmutableArray<IdentityMember> Members, bool InUse)
{
    /// <summary>
    /// Made by a join token, or by <see cref="Recovering"/>: the members are those that were named then, who is a member
    /// now is in the replicated state, and the list of those that made a cluster does not matter.
    /// </summary>
    public bool Joined { get; init; }

    /// <summary>
    /// It has a place among others and has never asked to be registered there: see <see cref="Newcomer"/>.
    /// </summary>
    public bool New { get; init; }

    /// <summary>Where a joined node's API is to be, as it was added; empty: not said.</summary>
    public string ApiAddress { get; init; } = "";

    /// <summary>
    /// It began as a cluster of its own, without any address; others may have been added to it since.
    /// </summary>
    public bool IsSingle => Members is [{ Address: "" }];
}

/// <param name="Address">The Raft address as it was at bootstrap; empty for a single node.</param>
internal sealed record IdentityMember(string Name, MemberId Member, string Address)
{
    public override string ToString() => $"{Name}={Address}";
}

/// <summary>The data directory can't be this node's, or can't be anybody's. The message says what to do.</summary>
internal sealed class IdentityException(string message, Exception? inner = null) : Exception(message, inner);
