using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.Node.Replication;

/// <summary>
/// Asks for a change of the members, through whichever node, and waits until the leader has settled it. The wish is
/// replicated first, so a leader that is lost in the middle loses nothing: the next one goes on.
/// </summary>
internal sealed class MembershipRequests(Proposer proposer, Replica replica, Removal removal, TimeProvider time)
{
    /// <summary>A change takes two or four rounds of the log; more than this is a majority that does not answer.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(15);

    /// <param name="body">What is asked for.</param>
    /// <param name="key">The client's, if it sent one.</param>
    /// <param name="cancellationToken">Gives up waiting, not the wish.</param>
    /// <returns>What was settled, or why it was not even begun.</returns>
    /// <exception cref="OutcomeUnknownException">It is asked for, and not settled in time.</exception>
    public async Task<(SettledChange? Settled, Rejected? Rejected)> AskAsync(
        ChangeMembership body, IdempotencyKey? key, CancellationToken cancellationToken)
    {
        var command = Command.Of(body);
        key?.Stamp(command);
        switch (await proposer.ProposeAsync(command, cancellationToken))
        {
            case Applied applied:
                return (await SettledAsync(applied.Index, cancellationToken), null);
            case Rejected { Reason: RejectionReason.ChangePending } when Same(body) is { } pending:
                // Asked for already, by whoever lost patience or the answer: it is the same wish.
                return (await SettledAsync(pending.Request, cancellationToken), null);
            case var result:
                return (null, (Rejected)result);
        }
    }

    /// <summary>Withdraws the change that is pending, and waits for what became of it: it may be done already.</summary>
    /// <param name="request">The log index at which it was asked for.</param>
    /// <param name="key">The client's, if it sent one.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <returns>What was settled, or why nothing was withdrawn.</returns>
    /// <exception cref="OutcomeUnknownException">It is not settled in time.</exception>
    public async Task<(SettledChange? Settled, Rejected? Rejected)> CancelAsync(
        ulong request, IdempotencyKey? key, CancellationToken cancellationToken)
    {
        var command = Command.Of(new CancelMembershipChange { Request = request });
        key?.Stamp(command);
        return await proposer.ProposeAsync(command, cancellationToken) is Rejected rejected
            ? (null, rejected)
            : (await SettledAsync(request, cancellationToken), null);
    }

    /// <summary>How the change that was asked for at this index went.</summary>
    /// <exception cref="OutcomeUnknownException">It is not settled in time, or too long ago to be known.</exception>
    public async Task<SettledChange> SettledAsync(ulong request, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(Deadline, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            while (true)
            {
                var next = replica.NextState;
                var state = replica.State;
                if (state.Membership.SettledAt(request) is { } settled)
                {
                    return settled;
                }

                if (state.Index >= request && state.Membership.Pending?.Request != request)
                {
                    throw new OutcomeUnknownException(
                        $"The change that was asked for at index {request} is settled, and so long ago that how is not known "
                            + "any more: see who the members are.");
                }

                if (removal.IsRemoved)
                {
                    return OfRemoved(state, request);
                }

                await Task.WhenAny(next, removal.WhenNoticed).WaitAsync(either.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new OutcomeUnknownException(
                $"The change is asked for, at index {request}, and not done within {Deadline.TotalSeconds} s: it is done as "
                    + "soon as a majority can agree on it, or refused. Asking again waits for the same change.");
        }
    }

    /// <summary>
    /// Nobody may tell a removed node any more that its removal is settled: that it is removed says so. Of anything else
    /// it will not hear.
    /// </summary>
    private SettledChange OfRemoved(ClusterState state, ulong request) =>
        state.Membership.Pending is { Kind: MembershipChangeKind.Remove } pending && pending.Request == request
        && removal.IsAbout(pending.MemberId)
            ? new SettledChange(request, "")
            : throw new OutcomeUnknownException(
                $"The change is asked for, at index {request}, and this node was removed from the cluster before it heard of "
                    + "its end: ask another node.");

    private PendingChange? Same(ChangeMembership body) =>
        replica.State.Membership.Pending is { } pending && pending.Kind == body.Kind && pending.Node == body.Node
        && (body.MemberId == 0 || body.MemberId == pending.MemberId)
            ? pending
            : null;
}
