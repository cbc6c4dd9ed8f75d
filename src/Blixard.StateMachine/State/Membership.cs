using System.Collections.Immutable;
using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.State;

/// <summary>
/// What is agreed about members beside the nodes themselves: the change that was asked for and is not done yet, how the
/// last ones went, and who must never come back. Who is a voter is not here: that is in the engine's own log.
/// </summary>
public sealed record Membership
{
    /// <summary>Outcomes that are kept, so that whoever asked for a change can still learn of it.</summary>
    public const int MaxSettled = 16;

    public static Membership Empty { get; } = new();

    /// <summary>One at a time, whoever leads; null: none.</summary>
    public PendingChange? Pending { get; internal init; }

    /// <summary>The latest, oldest first.</summary>
    public ImmutableArray<SettledChange> Settled { get; internal init; } = [];

    /// <summary>
    /// By member id. Kept for ever: a voter that forgot its votes must not come back as itself, and one that was
    /// removed while it was away must learn it.
    /// </summary>
    public ImmutableSortedDictionary<ulong, RemovedMember> Removed { get; internal init; } =
        ImmutableSortedDictionary<ulong, RemovedMember>.Empty;

    public SettledChange? SettledAt(ulong request)
    {
        foreach (var settled in Settled)
        {
            if (settled.Request == request)
            {
                return settled;
            }
        }

        return null;
    }

    public bool Equals(Membership? other) => other is not null && Pending == other.Pending
        && Settled.AsSpan().SequenceEqual(other.Settled.AsSpan()) && Removed.SequenceEqual(other.Removed);

    public override int GetHashCode() => Settled.Length;

    internal Membership Settle(SettledChange change) => this with
    {
        Pending = null,
        Settled = [.. Settled.Skip(Math.Max(0, Settled.Length + 1 - MaxSettled)), change],
    };
}

/// <param name="Request">The log index at which it was asked for: its name.</param>
/// <param name="Kind">What is to be done.</param>
/// <param name="Node">Whom it is about; empty in a transfer to anyone.</param>
/// <param name="MemberId">That node's member; 0 in a transfer to anyone.</param>
/// <param name="Term">In which it was asked for: a transfer is of that leadership.</param>
/// <param name="Actor">The node through which it was asked for.</param>
/// <param name="Since">When, in Unix milliseconds.</param>
public sealed record PendingChange(
    ulong Request, MembershipChangeKind Kind, string Node, ulong MemberId, ulong Term, string Actor, long Since)
{
    /// <summary>The node through which it was withdrawn; empty: it was not.</summary>
    public string CancelledBy { get; init; } = "";

    /// <summary>For people: <c>the removal of node n3</c>.</summary>
    public override string ToString() => Kind switch
    {
        MembershipChangeKind.Add => $"the addition of node {Node}",
        MembershipChangeKind.Remove => $"the removal of node {Node}",
        MembershipChangeKind.Promote => $"the promotion of node {Node}",
        _ => Node.Length == 0 ? "a transfer of leadership" : $"the transfer of leadership to {Node}",
    };
}

/// <param name="Request">Of the <see cref="PendingChange"/> that it was.</param>
/// <param name="Refused">Why it was not done; empty: it is done.</param>
public readonly record struct SettledChange(ulong Request, string Refused);

/// <param name="Node">What it was called.</param>
/// <param name="At">When it was removed, in Unix milliseconds.</param>
public readonly record struct RemovedMember(string Node, long At);
