using System.Collections.Immutable;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State.Images;

namespace Blixard.StateMachine.State;

/// <summary>
/// Sessions in a snapshot. Left out, a replica restored from it would apply again what a client sends again.
/// </summary>
internal static class SessionImages
{
    public static SessionImage Of(Session session)
    {
        var image = new SessionImage
        {
            Id = session.Id,
            Nonce = session.Nonce,
            Actor = session.Actor,
            LastUsed = session.LastUsed,
            LastUsedAt = session.LastUsedAt,
            AcknowledgedBelow = session.AcknowledgedBelow,
            Closed = session.Closed,
        };
        image.Results.AddRange(session.Results.Select(pair => Of(pair.Key, pair.Value)));
        return image;
    }

    public static SessionTable Read(IEnumerable<SessionImage> images)
    {
        var all = ImmutableSortedDictionary.CreateBuilder<ulong, Session>();
        var hash = 0UL;
        foreach (var image in images)
        {
            var session = Read(image);
            if (!all.TryAdd(session.Id, session))
            {
                throw new SnapshotUnreadableException($"session {session.Id} is in it twice");
            }

            hash += StateHash.Of(session);
            foreach (var (sequence, result) in session.Results)
            {
                hash += StateHash.Of(session.Id, sequence, result);
            }
        }

        return SessionTable.Empty with { All = all.ToImmutable(), Hash = hash };
    }

    private static Session Read(SessionImage image)
    {
        var results = ImmutableSortedDictionary.CreateBuilder<ulong, CommandResult>();
        foreach (var result in image.Results)
        {
            if (!results.TryAdd(result.Sequence, Read(result)))
            {
                throw new SnapshotUnreadableException(
                    $"session {image.Id} has two results of sequence {result.Sequence}");
            }
        }

        return new Session
        {
            Id = image.Id,
            Nonce = image.Nonce,
            Actor = image.Actor,
            LastUsed = image.LastUsed,
            LastUsedAt = image.LastUsedAt,
            AcknowledgedBelow = image.AcknowledgedBelow,
            Closed = image.Closed,
            Results = results.ToImmutable(),
        };
    }

    public static ResultImage Of(ulong sequence, CommandResult result)
    {
        if (result is Rejected rejected)
        {
            return new ResultImage
            {
                Sequence = sequence,
                Reason = (uint)rejected.Reason,
                Detail = rejected.Detail,
            };
        }

        var applied = (Applied)result;
        var image = new ResultImage { Sequence = sequence, Index = applied.Index };
        image.Refused.AddRange(applied.Refused.Select(refusal => new RefusalImage
        {
            Vm = refusal.Vm,
            Reason = (uint)refusal.Reason,
            Detail = refusal.Detail,
        }));
        return image;
    }

    public static CommandResult Read(ResultImage image) => image.Reason == 0
        ? new Applied(
            image.Index,
            [.. image.Refused.Select(r => new ItemRefusal(r.Vm, (RejectionReason)r.Reason, r.Detail))])
        : new Rejected((RejectionReason)image.Reason, image.Detail);
}
